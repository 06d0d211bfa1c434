"""Any two versions are compared, and each has a card that says what it is."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from activelearn.models import Evaluation, ModelVersion, Promotion
from activelearn.services.features import files
from activelearn.services.versions import comparing
from labeling.errors import NotFoundError
from labeling.models import Item, LabelSet, Project, User
from labeling.services.projects import label_sets
from tests import make
from tests.test_list_queries import worked_on

pytestmark = pytest.mark.django_db


def told(project: Project, **answers: list[tuple[str, str]]) -> list[Item]:
    """Have versions 1 and 2 judged on the project's items: a truth and an answer each."""
    items = list(Item.objects.filter(project=project).order_by("pk"))
    for number, pairs in ((1, answers["first"]), (2, answers["second"])):
        Evaluation.objects.filter(model__project=project, model__number=number).update(
            pairs={
                str(item.pk): [[truth], [said]]
                for item, (truth, said) in zip(items, pairs, strict=False)
            }
        )
    return items


def two_versions() -> tuple[Project, list[Item]]:
    """Return a project of which version 2 fixes one item, breaks one, and keeps two.

    On a fifth item the label changed between the judgments.
    """
    project = worked_on(5)
    items = told(
        project,
        first=[("x", "y"), ("x", "x"), ("x", "x"), ("y", "x"), ("x", "y")],
        second=[("x", "x"), ("x", "y"), ("x", "x"), ("y", "z"), ("y", "y")],
    )
    return project, items


def test_two_versions_are_compared_item_by_item() -> None:
    project, items = two_versions()

    comparison = comparing.compare(project, 2, 1)

    assert comparison.shared == 4
    # Each has two of these right: one both, and one alone.
    assert (comparison.accuracy_before, comparison.accuracy_now) == (0.5, 0.5)
    assert [entry.item_id for entry in comparison.fixed] == [items[0].pk]
    assert [entry.item_id for entry in comparison.broken] == [items[1].pk]
    back = comparing.compare(project, 1, 2)
    assert [entry.item_id for entry in back.fixed] == [items[1].pk]
    with pytest.raises(NotFoundError):
        comparing.compare(project, 2, 999)


def test_c3_versions_are_compared_in_the_labels_of_today() -> None:
    project, items = two_versions()
    drafts = [label_sets.LabelDraft(name) for name in ("z", "u")]
    # What version 1 has broken and what it has mixed up is one label now.
    label_sets.revise(
        project, make.manager_of(project).user, drafts, {"x": "u", "y": "u"}
    )
    in_force = LabelSet.objects.filter(project=project).latest("version")
    second = Evaluation.objects.filter(model__project=project, model__number=2)
    right, wrong = [["u"], ["u"]], [["u"], ["z"]]
    kept = {str(item.pk): right for item in items}
    second.update(pairs={**kept, str(items[3].pk): wrong}, label_set=in_force)

    comparison = comparing.compare(project, 2, 1)

    assert comparison.shared == 5
    (broken,) = comparison.differences
    assert (broken.item_id, broken.is_fixed) == (items[3].pk, False)
    assert (broken.truth, broken.before, broken.now) == (["u"], ["u"], ["z"])


def test_the_page_and_the_api_list_what_is_fixed_and_broken(client: Client) -> None:
    project, items = two_versions()
    manager = make.manager_of(project).user
    client.force_login(manager)
    address = f"/projects/{project.slug}/models/"

    page = client.get(f"{address}compare/?number=2&before=1", follow=True)
    fixed = " ".join(page.content.decode().split())
    broken = client.get(f"{address}2/against/1/?which=broken").content.decode()
    call = make.Caller(manager)
    rows = call("get", f"projects/{project.slug}/models/2/against/1/").json()["results"]

    assert (
        "On 4 held-out items that both were judged on, it fixes 1 and breaks 1."
        in fixed
    )
    assert items[0].external_id in fixed
    assert items[1].external_id not in fixed
    assert items[1].external_id in broken
    assert [(row["item"], row["change"]) for row in rows] == [
        (items[0].pk, "fixed"),
        (items[1].pk, "broken"),
    ]
    assert rows[0]["before"] == ["y"]


@pytest.mark.parametrize(
    "path", ["compare/?number=x&before=1", "2/against/99/", "99/card/", "99/card.md"]
)
def test_what_is_not_there_is_not_found(client: Client, path: str) -> None:
    project = worked_on(2)
    client.force_login(make.manager_of(project).user)

    assert client.get(f"/projects/{project.slug}/models/{path}").status_code == 404


def test_annotators_see_no_card(client: Client) -> None:
    project = worked_on(2)
    client.force_login(make.member(project).user)

    for path in ("1/card/", "1/card.md", "2/against/1/", "compare/?number=2&before=1"):
        assert client.get(f"/projects/{project.slug}/models/{path}").status_code == 403


def test_a_card_says_what_a_version_is_and_where_it_comes_from(client: Client) -> None:
    project = worked_on(2)
    manager = make.manager_of(project).user
    version = ModelVersion.objects.get(project=project, number=1)
    content = b'[[1, ["a|b"]], [2, ["a|b"]], [3, ["x"]]]'
    version.snapshot.sha256 = files.save("snapshots", content)
    version.snapshot.save()
    Promotion.objects.create(
        project=project, model=version, by=manager, at=timezone.now(), sha256="a"
    )
    client.force_login(manager)
    address = f"/projects/{project.slug}/models/1/card"

    page = client.get(f"{address}/").content.decode()
    file = client.get(f"{address}.md")
    text = file.content.decode()

    assert file.headers["Content-Type"].startswith("text/markdown")
    for said in (page, text):
        assert version.snapshot.sha256 in said
        assert f"promoted by {manager.username}" in said
        assert "Macro F1" in said
    assert ">2</td>" in page
    # A label cannot leave its cell.
    assert "| a\\|b | 2 |" in text


def test_what_a_gate_let_through_is_not_approved_by_who_asked_for_the_run(
    client: Client,
) -> None:
    project = worked_on(2)
    version = ModelVersion.objects.get(project=project, number=2)
    boss = make.user("boss", manager=True)
    Promotion.objects.create(
        project=project,
        model=version,
        run=version.run,
        by=boss,
        at=timezone.now(),
        sha256="a",
    )
    client.force_login(make.manager_of(project).user)

    card = client.get(f"/projects/{project.slug}/models/2/card/").content.decode()
    root = User.objects.create_superuser("root", password="pw")
    client.force_login(root)
    with CaptureQueriesContext(connection) as queries:
        listed = client.get("/admin/activelearn/promotion/").content.decode()

    for page in (card, listed):
        assert f"the gate of run #{version.run_id}" in page
        assert "promoted by boss" not in page
    Promotion.objects.create(
        project=project, model=version, by=boss, at=timezone.now(), why="?", sha256="a"
    )
    with CaptureQueriesContext(connection) as more:
        assert "boss" in client.get("/admin/activelearn/promotion/").content.decode()
    assert len(more) == len(queries)


@pytest.mark.parametrize("name", ["evaluation", "duel"])
def test_the_lists_of_the_admin_name_the_project(client: Client, name: str) -> None:
    project = worked_on(2)
    client.force_login(User.objects.create_superuser("root", password="pw"))

    page = client.get(f"/admin/activelearn/{name}/").content.decode()

    assert f">{project.name}<" in page


def test_a_card_tells_that_the_file_of_what_was_learned_is_gone(client: Client) -> None:
    project = worked_on(2)
    client.force_login(make.manager_of(project).user)

    page = client.get(f"/projects/{project.slug}/models/1/card/").content.decode()

    assert "the file that says so is gone" in page
