"""Reviews come before all that an order has chosen, and end with the item's label."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError
from django.utils import timezone

from labeling.errors import ConflictError, NotFoundError
from labeling.models import Item, Project, QueueEntry, Resolution, Review
from labeling.services.projects import removal
from labeling.services.queue import giving_back, order, reviews
from labeling.services.queue.reviews import Wanted
from labeling.services.votes import gold, settle
from tests import make
from tests.test_pages import browser

pytestmark = pytest.mark.django_db


def asked(project: Project, item: Item, **more: Any) -> Review:
    (review,) = reviews.ask(project, [Wanted(item.pk, 1, **more)])
    return review


def first_items(project: Project, count: int) -> list[int]:
    """Return the items that somebody is lent, in the order of the queue."""
    lent = make.lease(make.member(project), count)
    return [
        assignment.item_id for assignment in sorted(lent, key=lambda row: row.rank or 0)
    ]


def test_a_review_is_lent_before_what_the_order_has_chosen() -> None:
    project = make.project()
    items = make.items(project, 5)
    make.ranked(project, items)

    asked(project, items[4])

    (lent,) = make.lease(make.member(project))
    assert (lent.item_id, lent.reason) == (items[4].pk, "review")
    assert lent.suggestion is None


def test_reviews_come_by_priority_then_by_deadline_then_as_they_came() -> None:
    project = make.project()
    late, early, plain, urgent, other = make.items(project, 5)
    now = timezone.now()
    asked(project, plain)
    asked(project, late, deadline_at=now + timedelta(days=2))
    asked(project, early, deadline_at=now + timedelta(hours=1))
    asked(project, urgent, priority=9)
    asked(project, other)

    expected = [urgent.pk, early.pk, late.pk, plain.pk, other.pk]
    assert first_items(project, 5) == expected


def test_a_new_order_leaves_reviews_where_they_stand_and_no_slot_twice() -> None:
    project = make.project()
    items = make.items(project, 4)
    make.ranked(project, items)
    asked(project, items[3])

    make.ranked(project, [items[3], *items[:3]])

    rows = QueueEntry.objects.filter(project=project, item=items[3])
    assert [row.reason for row in rows] == ["review"]
    assert first_items(project, 2) == [items[3].pk, items[0].pk]


def test_an_item_that_was_filled_in_as_uploaded_moves_ahead() -> None:
    project = make.project()
    items = make.items(project, 3)
    assert first_items(project, 1) == [items[0].pk]

    asked(project, items[2])

    assert first_items(project, 1) == [items[2].pk]


def test_what_is_given_back_stays_ahead() -> None:
    project = make.project()
    items = make.items(project, 3)
    make.ranked(project, items)
    asked(project, items[2])
    member = make.member(project)
    (lent,) = make.lease(member)

    giving_back.release(member, lent.pk)

    assert first_items(project, 1) == [items[2].pk]


def test_further_votes_of_a_review_are_asked_for_ahead_of_others() -> None:
    project = make.project(overlap=2, min_votes=2)
    items = make.items(project, 3)
    make.ranked(project, items, slots=2)

    asked(project, items[2])

    heads = QueueEntry.objects.filter(project=project).order_by("rank")
    for is_first in (True, False):
        head = heads.filter(is_first=is_first)[0]
        assert head.item_id == items[2].pk


def test_a_review_is_settled_by_the_votes_on_its_item() -> None:
    project = make.project()
    item = make.item(project)
    review = asked(project, item, external_id="mine")
    member = make.member(project)
    (lent,) = make.lease(member)

    make.vote(member, lent, "x")
    settle.settle_project(project.pk)

    review.refresh_from_db()
    assert (review.state, review.labels, review.source) == (
        "settled",
        ["x"],
        "consensus",
    )
    assert review.ended_at is not None


def test_a_known_answer_settles_it_and_what_a_model_accepts_does_not() -> None:
    project = make.project()
    known, accepted = make.items(project, 2)
    by_file, by_model = asked(project, known), asked(project, accepted)

    gold.record(project, [(known, ["y"])])
    reviews.settle([Resolution(item=accepted, labels=["x"], source="auto")])

    for review, state in ((by_file, "settled"), (by_model, "open")):
        review.refresh_from_db()
        assert review.state == state
    assert by_file.source == "gold"


def test_an_item_that_has_its_label_needs_nobody() -> None:
    project = make.project()
    item = make.item(project)
    gold.record(project, [(item, ["y"])])

    review = asked(project, item)

    assert (review.state, review.labels) == ("settled", ["y"])
    assert asked(project, item) == review
    assert not QueueEntry.objects.filter(item=item).exists()


def test_who_asks_again_gets_the_same_review_and_may_move_it_ahead() -> None:
    project = make.project()
    item = make.item(project)
    soon = timezone.now() + timedelta(hours=1)
    first = asked(project, item, deadline_at=soon + timedelta(days=1), priority=3)

    again = asked(project, item, deadline_at=soon)
    other = asked(project, item, external_id="another caller's")

    assert again == first != other
    assert (again.deadline_at, again.priority) == (soon, 3)
    with pytest.raises(IntegrityError):
        Review.objects.create(project=project, item=item, model_number=1)


def test_a_withdrawn_review_leaves_the_item_to_the_order() -> None:
    project = make.project()
    items = make.items(project, 2)
    make.ranked(project, items)
    review = asked(project, items[1])

    assert reviews.withdraw(project, review.pk).state == "withdrawn"
    assert reviews.withdraw(project, review.pk).state == "withdrawn"

    assert first_items(project, 1) == [items[0].pk]


def test_what_is_settled_is_not_withdrawn_and_of_another_project_unknown() -> None:
    project = make.project()
    item = make.item(project)
    review = asked(project, item)
    gold.record(project, [(item, ["y"])])

    with pytest.raises(ConflictError):
        reviews.withdraw(project, review.pk)
    with pytest.raises(NotFoundError):
        reviews.withdraw(make.project(), review.pk)


def test_a_deleted_item_withdraws_its_review_which_stays() -> None:
    project = make.project()
    item = make.item(project)
    review = asked(project, item)

    removal.delete_now(project, [item.pk])

    review.refresh_from_db()
    assert (review.state, review.item_id) == ("withdrawn", None)


def test_an_order_that_is_swapped_in_brings_no_entry_where_nothing_is_reviewed() -> (
    None
):
    project = make.project()
    items = make.items(project, 2)

    order.queue_reviews(project.pk)
    order.queue_reviews(project.pk, [items[0].pk])

    assert not QueueEntry.objects.filter(project=project).exists()


def test_the_api_lists_reviews_tells_one_and_withdraws_it() -> None:
    project = make.project()
    late, item, closed = make.items(project, 3)
    past = timezone.now() - timedelta(minutes=1)
    overdue = asked(project, late, deadline_at=past, external_id="order 7")
    review = asked(project, item, priority=2)
    asked(project, closed)
    gold.record(project, [(closed, ["y"])])
    call = make.Caller(make.member(project, "engineer").user)
    path = f"projects/{project.slug}/reviews/"

    def listed(query: str) -> list[int]:
        return [row["item"] for row in call("get", path + query).json()["results"]]

    assert listed("") == [closed.pk, item.pk, late.pk]
    assert listed("?state=open") == [item.pk, late.pk]
    assert listed("?state=overdue") == [late.pk]
    assert listed("?external_id=order+7") == [late.pk]
    assert listed("?external_id=%00") == []
    assert call("get", f"{path}?state=strange").status_code == 400
    told = call("get", f"{path}{overdue.pk}/").json()
    assert (told["overdue"], told["labels"], told["url"]) == (
        True,
        None,
        f"/api/{path}{overdue.pk}/",
    )
    gone = call("post", f"{path}{review.pk}/withdraw/")
    assert (gone.status_code, gone.json()["state"]) == (200, "withdrawn")
    stranger = make.Caller(make.member(project, "expert").user)
    assert stranger("get", path).status_code == 403
    assert call("get", f"{path}{10**9}/").status_code == 404


def test_the_page_counts_reviews_by_state_and_age_and_withdraws_one() -> None:
    project = make.project()
    old, item = make.items(project, 2)
    past = timezone.now() - timedelta(days=2)
    ancient = asked(project, old, deadline_at=past)
    Review.objects.filter(pk=ancient.pk).update(created_at=past)
    review = asked(project, item)

    counts = reviews.counts(project)
    assert (counts.open, counts.overdue, counts.in_an_hour, counts.in_a_week) == (
        2,
        1,
        1,
        1,
    )
    client = browser(make.member(project, "engineer").user)
    page = f"/projects/{project.slug}/reviews/"
    shown = client.get(page).content.decode()
    assert old.external_id in shown
    assert item.external_id in shown
    late = client.get(f"{page}?state=overdue").content.decode()
    assert old.external_id in late
    assert item.external_id not in late
    assert client.post(page, {"withdraw": review.pk}).status_code == 302
    review.refresh_from_db()
    assert review.state == "withdrawn"
