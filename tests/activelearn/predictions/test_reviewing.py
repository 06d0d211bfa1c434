"""What the champion is not sure of is settled by people, and the reply says where."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.utils import timezone
from pytest_django.fixtures import Settings

from activelearn.models import ModelVersion
from activelearn.services.versions import registry
from labeling.models import Item, Review
from labeling.services.votes import gold, settle
from tests import make
from tests.activelearn.predictions.test_serving import ask, pytestmark, wines
from tests.labeling.transfer.hooked import deliver, receiving, registered

__all__ = ["pytestmark"]

YEAR_1 = {"deadline": "0001-01-01T00:00:00+12:00"}
ROW = {"alcohol": 12.9, "hue": 1.0}


def predicted(answer: Any) -> Any:
    assert answer.status_code == 200, answer.content
    return answer.json()["predictions"]


def test_an_unsure_item_joins_the_queue_ahead_and_its_review_is_told() -> None:
    project = wines()
    deadline = timezone.now() + timedelta(hours=2)
    sent = {"id": "bottle 7", "data": ROW, "priority": 4}

    (said,) = predicted(ask(project, {**sent, "deadline": deadline.isoformat()}))

    review = Review.objects.get()
    assert said["review"] == {
        "id": review.pk,
        "state": "open",
        "url": f"/api/projects/{project.slug}/reviews/{review.pk}/",
    }
    assert (review.external_id, review.priority) == ("bottle 7", 4)
    assert (review.deadline_at, review.model_number) == (deadline, 1)
    member = make.member(project)
    (lent,) = make.lease(member)
    assert (lent.item_id, lent.reason) == (review.item_id, "review")
    make.vote(member, lent, "c1")
    settle.settle_project(project.pk)
    call = make.Caller(make.manager_of(project).user)
    told = call("get", said["review"]["url"].removeprefix("/api/")).json()
    assert (told["state"], told["labels"], told["item"]) == (
        "settled",
        ["c1"],
        lent.item_id,
    )
    # Who asks about the same again is told what people have said.
    (again,) = predicted(ask(project, {**sent, "deadline": deadline.isoformat()}))
    assert again["review"]["id"] == review.pk
    assert again["review"]["state"] == "settled"


def test_a_sure_item_has_no_review_and_joins_nothing() -> None:
    project = wines()
    project.confidence = 0.0
    project.save(update_fields=["confidence"])
    before = Item.objects.count()

    (said,) = predicted(ask(project, {"data": ROW}))

    if said["calibrated"]:
        assert said["decision"] == "accept"
        assert "review" not in said
        assert Item.objects.count() == before
    else:
        assert said["decision"] == "review"


def test_an_item_of_the_pool_is_reviewed_where_that_is_asked_for() -> None:
    project = wines()
    own = Item.objects.filter(project=project, state="open").pool()[0]

    (plain,) = predicted(ask(project, {"item": own.pk}))
    (said,) = predicted(ask(project, {"item": own.pk, "priority": 1}))

    assert plain["decision"] == "review"
    assert "review" not in plain
    assert Review.objects.get(pk=said["review"]["id"]).item_id == own.pk


def test_a_name_that_another_item_has_is_no_hindrance() -> None:
    project = wines()
    other = Item.objects.filter(project=project)[0]
    before = Item.objects.count()

    first, second = predicted(
        ask(
            project,
            {"id": other.external_id, "data": ROW},
            {"id": other.external_id, "data": {**ROW, "alcohol": 13.4}},
        )
    )

    assert Item.objects.count() == before + 2
    reviewed = Review.objects.filter(external_id=other.external_id)
    assert {row.pk for row in reviewed} == {
        first["review"]["id"],
        second["review"]["id"],
    }
    assert not reviewed.filter(item=other).exists()


def test_a_callback_hears_of_its_review_and_another_server_is_refused(
    settings: Settings,
) -> None:
    project = wines()
    with receiving(settings) as receiver:
        registered(project, receiver.url)
        callback = receiver.url + "/7"

        refused = ask(project, {"data": ROW, "callback": "https://example.com/7"})
        (said,) = predicted(ask(project, {"data": ROW, "callback": callback}))
        item = Review.objects.get(pk=said["review"]["id"]).item
        assert item is not None
        gold.record(project, [(item, ["c1"])])
        deliver()

    assert (refused.status_code, [*refused.json()["errors"]]) == (400, ["callback"])
    [told] = receiver.told
    assert told["data"]["review"] == said["review"]["id"]
    assert told["data"]["labels"] == ["c1"]


def test_a_version_that_takes_over_is_told(settings: Settings) -> None:
    project = wines()
    with receiving(settings) as receiver:
        registered(project, receiver.url, "model.promoted")
        again = ModelVersion.objects.get(project=project)
        ModelVersion.objects.update(stage="archived")
        again.refresh_from_db()
        registry.promote(again, None)
        deliver()

    [told] = receiver.told
    assert told["type"] == "model.promoted"
    assert told["data"] == {
        "project": project.slug,
        "model": 1,
        "before": None,
        "is_rollback": False,
    }


def test_a_wrong_priority_or_deadline_is_refused() -> None:
    project = wines()

    for wrong in ({"priority": 10}, {"priority": -1}, {"deadline": "tomorrow"}, YEAR_1):
        assert ask(project, {"data": ROW, **wrong}).status_code == 400
    assert not Review.objects.exists()
