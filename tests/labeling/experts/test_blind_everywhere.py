"""Whoever answers sees neither label nor prediction, by no call (attacks-2: 13, 14, 30)."""

from __future__ import annotations

import pytest

from labeling.models import (
    Annotation,
    Disagreement,
    Item,
    Prediction,
    Project,
    Resolution,
)
from labeling.services.queue import naming
from tests import make
from tests.labeling.experts.test_adjudicate import dispute
from tests.labeling.experts.test_experts_api import Desk, doubted
from tests.labeling.transfer.files import bring, lines, picture, zipped
from tests.pages.html import flat
from tests.test_pages import browser

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("name", "labels", "tells"),
    [
        ("Cat 12", ["cat"], True),
        ("cats-0", ["cat"], True),
        ("scatter-0", ["cat"], False),
        ("credit_card-17", ["credit card"], True),
        ("pos/17_9", ["pos", "neg"], True),
        ("row-3", ["3", "x"], False),
        ("doc/17", ["spam", "+"], False),
    ],
)
def test_attack_13_a_name_that_has_a_class_in_it_tells_the_label(
    name: str, labels: list[str], *, tells: bool
) -> None:
    assert naming.tells_label(name, labels) is tells


def test_attack_13_class_folders_never_show_to_annotators() -> None:
    project = make.project(labels=("cat", "dog"), data_type="image")
    # The second folder is not called as any label is, and tells it all the same.
    files = {"cat/0.png": picture(shade=20), "canines/1.png": picture(shade=200)}
    bring(project, "x.zip", zipped(files))
    annotator = make.Caller(who := make.member(project).user)
    manager = make.Caller(make.manager_of(project).user)
    path = f"projects/{project.slug}/"

    lent = annotator("post", path + "queue/lease/", {"count": 2})
    station = browser(who).get(f"/projects/{project.slug}/label/").content.decode()

    told = {row["item"]["external_id"] for row in lent.json()["items"]}
    assert told == {f"item-{pk}" for pk in Item.objects.values_list("pk", flat=True)}
    for shown in (lent.content.decode(), station):
        assert not [name for name in ("cat/", "dog/", "/0.png") if name in shown]
        assert "canines" not in shown
    items = manager("get", path + "items/").json()["results"]
    assert {row["external_id"] for row in items} == set(files)


def test_attack_13_texts_of_a_zip_are_not_named_by_their_files_either() -> None:
    project = make.project(labels=("cat", "dog"))
    bring(
        project, "x.zip", zipped({"felines/1.txt": b"purr", "canines/2.TXT": b"wuff"})
    )
    annotator = make.Caller(make.member(project).user)

    lent = annotator("post", f"projects/{project.slug}/queue/lease/", {"count": 2})

    names = {row["item"]["external_id"] for row in lent.json()["items"]}
    assert names == {f"item-{pk}" for pk in Item.objects.values_list("pk", flat=True)}


def predicted() -> tuple[Project, Item]:
    project = make.project(labels=("x", "y"), overlap=2)
    item = dispute(project, ["x"], ["y"]).item
    Prediction.objects.create(
        project=project, item=item, label="x", confidence=0.7, model_number=1
    )
    return project, item


def test_attack_14_an_expert_sees_no_prediction_before_the_blind_answer() -> None:
    project, item = predicted()
    desk = Desk(project)
    address = f"items/{item.pk}/"

    def told() -> list[object]:
        rows = [desk.get(address).json(), *desk.get("items/").json()["results"]]
        rows += desk.get("items/?predicted=x").json()["results"]
        rows += desk.get("items/?confidence_lt=0.8").json()["results"]
        return [row["predicted"] for row in rows]

    assert told() == [None, None]
    assert desk.get(address).json()["predicted_confidence"] is None
    assert desk.get(address).json()["predicted_labels"] is None
    boss = Desk(project, make.Caller(make.manager_of(project).user))
    assert boss.get(address).json()["predicted"] == "x"

    disagreement = Disagreement.objects.get()
    desk.post(f"disagreements/{disagreement.pk}/blind/", {"labels": ["x"]})
    assert told() == ["x"] * 4


def test_attack_14_a_label_by_votes_may_be_a_suspect_and_is_answered_blind_then() -> (
    None
):
    project, item = predicted()
    free = make.item(project)
    Prediction.objects.create(
        project=project, item=free, label="y", confidence=0.6, model_number=1
    )
    desk = Desk(project)
    for unlabeled in (item, free):
        assert desk.get(f"items/{unlabeled.pk}/").json()["predicted"] is None

    desk = Desk(project := doubted([0.95]))
    (suspect,) = Item.objects.filter(project=project)
    address = f"items/{suspect.pk}/"

    assert desk.get(address).json()["labels"] == ["x"]
    assert desk.get(address).json()["predicted"] is None
    Resolution.objects.filter(item=suspect).update(source=Resolution.Source.EXPERT)
    assert desk.get(address).json()["predicted"] == "y"


def test_attack_30_nobody_imports_votes_in_a_living_members_name() -> None:
    project = make.project()
    member = make.member(project, who=make.user("expert1"))
    votes = [{"annotator": "expert1", "label": "x"}]
    for name in ("a", "b"):
        row = {"external_id": name, "text": f"text {name}", "votes": votes}
        bring(project, "x.jsonl", lines(row))

    names = Annotation.votes.values_list("annotator__username", flat=True)
    assert set(names) == {f"expert1@{project.slug}"}
    assert not member.user.annotations.exists()

    # An account that was made for past votes and then claimed is a living one, too.
    claimed = Annotation.votes.latest("pk").annotator
    claimed.set_password("mine")
    claimed.is_active = True
    claimed.save()
    row = {"external_id": "c", "text": "text c", "votes": votes}
    bring(project, "x.jsonl", lines(row))
    assert Annotation.votes.filter(
        annotator__username=f"expert1@{project.slug}.2"
    ).exists()


def test_attack_13_an_experts_pages_name_items_neutrally_until_the_answer() -> None:
    project = make.project(labels=("cat", "dog"), overlap=2)
    disagreement = dispute(project, ["cat"], ["dog"])
    Item.objects.filter(pk=disagreement.item_id).update(external_id="cat_17")
    expert = make.member(project, "expert").user

    page = flat(
        browser(expert)
        .get(f"/projects/{project.slug}/items/{disagreement.item_id}/")
        .content
    )
    many = flat(browser(expert).get(f"/projects/{project.slug}/items/").content)
    path = f"projects/{project.slug}/"
    call = make.Caller(expert)
    calls = [path + "disagreements/", path + "items/"]
    calls.append(f"{path}items/{disagreement.item_id}/")
    told = [call("get", address).content.decode() for address in calls]

    for shown in (page, many, *told):
        assert "cat_17" not in shown
        assert f"item-{disagreement.item_id}" in shown
    Desk(project, call).post(
        f"disagreements/{disagreement.pk}/blind/", {"labels": ["cat"]}
    )
    assert "cat_17" in call("get", calls[-1]).content.decode()
