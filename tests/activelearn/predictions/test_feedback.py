"""Feedback is kept beside labels, counted, and sent to people only when somebody says so."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import IntegrityError

from activelearn.models import Feedback
from activelearn.services.predictions import feedback, receipts
from activelearn.services.predictions.feedback import FeedbackDraft
from activelearn.services.predictions.receipts import PredictionReceipt
from labeling.errors import InvalidInputError
from labeling.models import Item, Project, Resolution, Review
from labeling.services.queue import reviews
from labeling.services.transfer.importing import intake
from labeling.services.votes import gold
from tests import make
from tests.activelearn.predictions.test_serving import ask, wines
from tests.test_pages import browser

pytestmark = pytest.mark.django_db

TEXT = {"text": "never seen before"}


def token(project: Project, of: Any, *labels: str) -> str:
    receipt = PredictionReceipt(3, list(labels), 0.9, None, "")
    return receipts.tokens_of(project, [of], [receipt])[0]


def take(project: Project, **said: Any) -> Feedback:
    return feedback.take(project, None, FeedbackDraft(**said))


def outside(project: Project, text: str = "never seen before") -> intake.Arrival:
    return intake.checked(project, "", {"text": text})


def test_a_prediction_is_named_by_the_receipt_that_came_with_it() -> None:
    project = wines()
    row = {"alcohol": 12.9, "hue": 1.0}
    call = make.Caller(make.member(project, "engineer").user)
    said = ask(project, {"data": row}).json()["predictions"][0]

    answer = call(
        "post",
        f"projects/{project.slug}/feedback/",
        {"prediction": said["prediction"], "correct": False, "seconds": 4.5},
    )

    assert answer.status_code == 202, answer.content
    kept = Feedback.objects.get()
    assert answer.json() == {"id": kept.pk, "item": kept.item_id, "correct": False}
    assert (kept.model_number, kept.predicted) == (said["model"], said["labels"])
    assert kept.confidence == pytest.approx(said["confidence"], abs=1e-6)
    assert kept.item_id == Review.objects.get(pk=said["review"]["id"]).item_id
    assert not Resolution.objects.filter(item=kept.item_id).exists()


def test_the_last_word_on_a_prediction_counts() -> None:
    project = make.project()
    receipt = token(project, outside(project), "x")

    take(project, prediction=receipt, event="accepted")
    take(project, prediction=receipt, labels=["y"])

    kept = Feedback.objects.get()
    assert (kept.event, kept.is_correct, kept.labels) == ("accepted", False, ["y"])
    with pytest.raises(IntegrityError):
        Feedback.objects.create(project=project, about=kept.about)


def test_an_item_is_named_by_its_review_by_itself_or_as_the_caller_calls_it() -> None:
    project = make.project()
    item = make.item(project)
    (review,) = reviews.ask(project, [reviews.Wanted(item.pk, 1, "order 7")])

    for named in (
        {"review": review.pk},
        {"item": item.pk},
        {"external_id": "order 7"},
        {"external_id": item.external_id},
    ):
        assert take(project, **named, is_correct=True).item_id == item.pk


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({}, "prediction"),
        ({"item": 1, "review": 1}, "prediction"),
        ({"prediction": "forged"}, "prediction"),
        ({"item": 10**9, "is_correct": True}, "item"),
        ({"external_id": "nothing", "is_correct": True}, "external_id"),
        ({"own": True}, "correct"),
        ({"own": True, "labels": ["strange"]}, "labels"),
        ({"own": True, "labels": ["x"], "is_correct": False}, "correct"),
        ({"own": True, "event": "strange"}, "event"),
        ({"own": True, "seconds": -1.0}, "seconds"),
        ({"own": True, "seconds": float("nan")}, "seconds"),
        ({"own": True, "seconds": 1e6}, "seconds"),
        ({"own": True, "is_correct": False, "data": {"text": "another"}}, "data"),
    ],
)
def test_what_is_no_feedback_is_refused_by_field(
    said: dict[str, Any], field: str
) -> None:
    project = make.project()
    if said.pop("own", False):
        said["prediction"] = token(project, outside(project), "x")

    with pytest.raises(InvalidInputError) as refused:
        take(project, **said)

    assert [*refused.value.by_field] == [field]
    assert not Feedback.objects.exists()


def test_a_receipt_is_good_in_its_own_project_alone() -> None:
    project = make.project()
    receipt = token(project, outside(project), "x")

    with pytest.raises(InvalidInputError):
        take(make.project(), prediction=receipt, is_correct=True)
    with pytest.raises(InvalidInputError):
        take(project, prediction=receipt[:-1], is_correct=True)


def test_of_a_held_out_item_nothing_is_taken() -> None:
    project = make.project()
    item = make.item(project, split=Item.Split.EVALUATION)

    for named in ({"item": item.pk}, {"external_id": item.external_id}):
        with pytest.raises(InvalidInputError):
            take(project, **named, is_correct=False)


def test_what_contradicts_is_sent_to_people_once_and_blind() -> None:
    project = make.project()
    open_one, labeled, right = make.items(project, 3)
    gold.record(project, [(labeled, ["x"])])
    take(project, item=open_one.pk, is_correct=False)
    take(project, item=labeled.pk, is_correct=False)
    take(project, item=right.pk, is_correct=True)
    new = token(project, outside(project), "x")
    take(project, prediction=new, labels=["y"], data=TEXT)
    lost = token(project, outside(project, "not sent along"), "x")
    take(project, prediction=lost, event="overridden")

    assert feedback.send(project) == 2
    assert feedback.send(project) == 0

    joined = Item.objects.get(data__text="never seen before")
    assert {row.item_id for row in Review.objects.all()} == {open_one.pk, joined.pk}
    assert not Resolution.objects.exclude(item=labeled).exists()
    lent = make.lease(make.member(project), 2)
    assert {row.item_id for row in lent} == {open_one.pk, joined.pk}
    assert all(row.suggestion is None for row in lent)


def test_rates_are_told_by_label_and_by_day() -> None:
    project = make.project()
    for number, event in enumerate(("accepted", "overridden", "redone")):
        receipt = token(project, outside(project, f"text {number}"), "x")
        take(project, prediction=receipt, event=event)
    take(project, item=make.item(project).pk, is_correct=False)

    call = make.Caller(make.member(project, "expert").user)
    path = f"projects/{project.slug}/feedback/"
    summary = call("get", path).json()

    (day,) = summary.pop("days")
    assert (day["total"], day["wrong"]) == (4, 2)
    assert summary == {
        "total": 4,
        "wrong": 2,
        "redone": 1,
        "to_send": 1,
        "labels": [
            {"name": "x", "total": 3, "wrong": 1},
            {"name": "", "total": 1, "wrong": 1},
        ],
    }
    assert call("post", path, {"item": 1}).status_code == 403
    assert call("post", f"{path}send/").json() == {"sent": 1}
    annotator = make.Caller(make.member(project).user)
    assert annotator("get", path).status_code == 403


def test_the_page_shows_the_rates_and_has_people_asked() -> None:
    project = make.project()
    item = make.item(project)
    take(project, item=item.pk, is_correct=False)
    client = browser(make.member(project, "expert").user)
    page = f"/projects/{project.slug}/feedback/"

    shown = client.get(page).content.decode()
    assert client.post(page).status_code == 302

    assert "1 item that contradicts its prediction" in shown
    assert item.external_id not in shown
    assert Review.objects.get().item_id == item.pk
    assert "contradicts its prediction" not in client.get(page).content.decode()
