"""The dial: what each degree does, and that raising it takes a certificate."""

from __future__ import annotations

from typing import Any

import pytest

from activelearn.models import Certificate, DialChange, RankingFit
from activelearn.services.automation import accepting, dial
from activelearn.services.predictions import serving
from labeling.models import (
    Annotation,
    Item,
    Prediction,
    Project,
    ProjectCounter,
    Resolution,
)
from labeling.services.votes import automatic
from tests import make
from tests.activelearn.automation.lines import served, work

pytestmark = pytest.mark.django_db


def caller(project: Project, role: str = "") -> make.Caller:
    who = make.member(project, role).user if role else make.manager_of(project).user
    return make.Caller(who)


def set_to(project: Project, degree: str, **more: Any) -> Any:
    path = f"projects/{project.slug}/automation/"
    reply = caller(project)("post", path, {"degree": degree, **more})
    project.refresh_from_db()
    return reply


def test_raised_to_partial_the_sure_ones_of_the_pool_are_accepted() -> None:
    project, truth = served()
    votes = Annotation.votes.count()
    confident = ProjectCounter.toward_retrain(project.pk)
    path = f"projects/{project.slug}/automation/"

    seen = caller(project)("get", f"{path}preview/?degree=partial").json()
    # Nothing is written by looking.
    assert not Certificate.objects.exists()
    assert not automatic.accepted(project).exists()
    assert seen["possible"], seen
    assert seen["pool"] == 160
    assert seen["parts"][0]["levels"][0]["share"] == pytest.approx(0.1, abs=0.02)
    assert set_to(project, "partial", reason="we are in a hurry").status_code == 200
    work(project)

    accepted = automatic.accepted(project)
    audited = project.audited_items.count()
    assert accepted.count() + audited == seen["qualifying"]
    # Fifty a week at least are asked about.
    assert audited == 50
    wrong = sum(label.labels != [truth[label.item_id]] for label in accepted)
    assert wrong <= seen["most_wrong"]
    # Nobody's vote, and nothing that starts a retrain.
    assert Annotation.votes.count() == votes
    assert ProjectCounter.toward_retrain(project.pk) == confident
    label = accepted.select_related("item")[0]
    assert (label.source, label.item.state, label.item.votes) == ("auto", "settled", 0)
    change = DialChange.objects.get()
    assert (change.before, change.after) == ("assistance", "partial")
    assert change.why == "we are in a hurry"
    assert change.certificate == Certificate.objects.get()


def test_the_job_run_again_accepts_nothing_more() -> None:
    project, _ = served()
    set_to(project, "partial")
    work(project)
    before = set(Resolution.objects.values_list("pk", "superseded_at"))

    reply = caller(project)("post", f"projects/{project.slug}/automation/accept/")
    assert reply.status_code == 202
    work(project)

    assert set(Resolution.objects.values_list("pk", "superseded_at")) == before


def test_what_people_hold_or_have_voted_on_is_left_alone() -> None:
    project, truth = served()
    who = make.member(project)
    open_items = list(Item.objects.filter(project=project, state="open"))
    make.ranked(project, open_items[:10])
    held = make.lease(who, 10)
    make.vote(who, held[0], "x" if truth[held[0].item_id] == "y" else "y")

    set_to(project, "partial")
    work(project)

    mine = {assignment.item_id for assignment in held}
    assert not automatic.accepted(project).filter(item__in=mine).exists()
    # One who holds an item after it was accepted has the last word.
    late = automatic.accepted(project)[0].item
    assert late.state == "settled"


def test_where_too_few_labels_tell_it_is_refused_in_words() -> None:
    project, _ = served(automation_risk=0.001)
    path = f"projects/{project.slug}/automation/"

    seen = caller(project)("get", f"{path}preview/?degree=full").json()
    reply = set_to(project, "full")

    assert not seen["possible"]
    assert seen["parts"][0]["needed"] > 1000
    assert reply.status_code == 409
    assert "Not possible yet" in reply.json()["detail"]
    assert project.automation == "assistance"
    assert not Certificate.objects.exists()


def test_only_a_manager_turns_it_and_engineers_see_it() -> None:
    project, _ = served(held_out=40)
    path = f"projects/{project.slug}/automation/"

    assert caller(project, "engineer")("get", path).json()["degree"] == "assistance"
    for role in ("annotator", "expert"):
        assert caller(project, role)("get", path).status_code == 403
    body = {"degree": "shadow"}
    assert caller(project, "engineer")("post", path, body).status_code == 403
    assert caller(project)("post", path, {"degree": "most"}).status_code == 400
    assert make.Caller(make.user())("get", path).status_code == 404


def test_in_the_shadow_predictions_are_kept_and_nobody_sees_them() -> None:
    project, _ = served(held_out=40, suggestion_mode="assist")
    call = caller(project, "engineer")
    items = f"projects/{project.slug}/items/?split=pool"
    assert call("get", items).json()["results"][0]["predicted"] is not None

    assert set_to(project, "shadow").status_code == 200
    work(project)

    assert Prediction.objects.filter(project=project).exists()
    rows = call("get", items).json()["results"]
    assert {row["predicted"] for row in rows} == {None}
    assert call("get", f"{items}&predicted=x").json()["results"] == []
    assert call("get", f"{items}&confidence_lt=1").json()["results"] == []
    # Also of what the order of before has put into the queue.
    lent = caller(project, "annotator")(
        "post", f"projects/{project.slug}/queue/lease/", {"count": 20}
    )
    shown = [each.get("suggestion") for each in lent.json()["items"]]
    assert shown == [None] * 20
    assert decisions(project) == {"review"}


def test_with_people_only_nothing_is_predicted_until_it_is_raised() -> None:
    project, _ = served(held_out=40, suggestion_mode="assist")

    set_to(project, "human")
    work(project)
    assert not Prediction.objects.filter(project=project).exists()
    assert decisions(project) == {"review"}

    set_to(project, "assistance")
    work(project)
    pool = Item.objects.filter(project=project).pool()
    assert not pool.filter(prediction=None).exists()


def decisions(project: Project, far: float = 3) -> set[str]:
    values = (-far, far)
    questions = [serving.Question(str(n), {"value": n, "other": 0}) for n in values]
    return {said.decision for said in serving.predict(project, questions)}


def test_a_prediction_from_outside_is_accepted_under_the_certificate_alone() -> None:
    project, _ = served()
    # By the project's own confidence nothing would be accepted.
    Project.objects.filter(pk=project.pk).update(confidence=1.0)
    project.refresh_from_db()
    assert decisions(project, 0.7) == {"review"}

    set_to(project, "full")

    assert decisions(project, 0.7) == {"accept"}
    Certificate.objects.all().delete()
    assert decisions(project, 0.7) == {"review"}


def test_a_label_of_its_own_is_left_to_people() -> None:
    project, _ = served()
    path = f"projects/{project.slug}/automation/labels/"
    body = {"label": "x", "degree": "assistance"}

    reply = caller(project)("post", path, body)
    assert reply.json()["labels"] == {"x": "assistance"}
    set_to(project, "partial")
    work(project)

    labels = automatic.accepted(project).values_list("labels", flat=True)
    assert {name for names in labels for name in names} == {"y"}
    questions = [serving.Question(str(n), {"value": n, "other": 0}) for n in (-3, 3)]
    said = {row.label: row.decision for row in serving.predict(project, questions)}
    assert said == {"x": "review", "y": "accept"}
    assert caller(project)("post", path, {**body, "label": "z"}).status_code == 400
    assert caller(project)("post", path, {**body, "degree": ""}).json()["labels"] == {}


def test_full_accepts_what_comes_in_later_and_partial_does_not() -> None:
    project, _ = served()
    set_to(project, "partial")
    work(project)
    for degree in ("partial", "full"):
        set_to(project, degree)
        work(project)
        new = make.item(project, data={"value": 3.0, "other": 0.0})
        Prediction.objects.create(
            project=project,
            item=new,
            label="x",
            confidence=1.0,
            model_number=1,
            was_trained_on=False,
        )
        # The order that has predicted it.
        RankingFit.objects.create(
            project=project, generation=9, strategy="none", label_count=0, pool=0
        )
        accepting.consider(project.pk)
        work(project)
        new.refresh_from_db()
        assert new.state == ("settled" if degree == "full" else "open")


def test_lowered_the_job_accepts_nothing_any_more() -> None:
    project, _ = served()
    dial.change(project, "partial", make.user())
    dial.change(project, "assistance", make.user())

    work(project)

    assert not automatic.accepted(project).exists()
    assert set_to(project, "partial").status_code == 200
    work(project)
    accepted = automatic.accepted(project).count()
    # A person who lowers it may have people asked about all of it.
    set_to(project, "assistance", reopen=True)
    assert DialChange.objects.first().reopened == accepted  # type: ignore[union-attr]
    assert not automatic.accepted(project).exists()
