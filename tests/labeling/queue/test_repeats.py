"""Repeats: asked of oneself again, far apart, and never counted as votes."""

from __future__ import annotations

import json
import uuid

import pytest

from labeling import queries
from labeling.models import (
    Annotation,
    Assignment,
    Item,
    Membership,
    Project,
    QueueEntry,
)
from labeling.services.queue import giving_back, repeats
from labeling.services.transfer import exporting
from labeling.services.votes import change, settle, submit
from tests import make

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("exact_counts")]


def answered(count: int, *, spare: int = 3) -> tuple[Project, Membership]:
    """Return a project of which one person has answered ``count`` items, all x."""
    project = make.project(repeat_rate=0.0)
    make.ranked(project, make.items(project, count + spare))
    who = make.member(project)
    for _ in range(count):
        make.vote(who, make.lease(who)[0], "x")
    settle.settle_project(project.pk)
    return project, who


def asked_again(who: Membership) -> Assignment:
    """Return a repeat; around a moment where all are repeated there is none."""
    lent = next(ids for _ in range(100) if (ids := repeats.lend(who, 1)))
    return Assignment.objects.get(pk=lent[0])


def test_what_is_repeated_lies_far_back_and_is_asked_only_once_more() -> None:
    _, who = answered(repeats.APART + 3)
    first = list(Annotation.votes.order_by("pk").values_list("item_id", flat=True)[:3])
    asked = [pk for _ in range(20) for pk in repeats.lend(who, 1)]
    items = list(Assignment.objects.filter(pk__in=asked).values_list("item", flat=True))
    assert sorted(items) == sorted(first)


def test_who_has_answered_little_is_asked_nothing_twice() -> None:
    _, who = answered(repeats.APART)
    assert repeats.lend(who, 5) == []


def test_repeats_come_by_chance_through_the_usual_lease() -> None:
    project, who = answered(repeats.APART + 20, spare=60)
    project.repeat_rate = 0.2
    project.save()
    who.project = project
    lent = make.lease(who, 50)
    reasons = [assignment.reason for assignment in lent]
    assert 1 <= reasons.count("repeat") <= 20
    assert reasons.count("model") == 50 - reasons.count("repeat")
    # Neither a place nor an id tells them: asked anew, the order is the same.
    assert make.lease(who, 50) == lent


def test_a_repeat_is_no_vote() -> None:
    project, who = answered(repeats.APART + 1)
    before = queries.progress(project)
    asked = asked_again(who)
    receipt = make.vote(who, asked, "y")
    settle.settle_project(project.pk)
    assert queries.progress(project) == before
    item = Item.objects.get(pk=asked.item_id)
    assert (item.votes, item.is_unsettled) == (1, False)
    assert item.resolutions.get(superseded_at=None).labels == ["x"]
    assert receipt.annotation.reason == "repeat"
    assert not Annotation.votes.filter(pk=receipt.annotation.pk).exists()
    lines = b"".join(exporting.stream(project, "jsonl", {})).splitlines()
    told = [row for row in map(json.loads, lines) if row["id"] == item.pk]
    assert [vote["labels"] for vote in told[0]["votes"]] == [["x"]]


def test_how_often_a_person_answers_the_same_again() -> None:
    _, who = answered(repeats.APART + 3)
    for label in ("x", "x", "y"):
        make.vote(who, asked_again(who), label)
    assert queries.repeated_votes(who) == (3, 2)
    work = queries.own_work(who)
    assert (work.votes, work.repeats, work.same) == (repeats.APART + 3, 3, 2)
    assert work.same_interval is not None
    assert work.same_interval[0] < 2 / 3 < work.same_interval[1]


def test_a_repeat_can_be_changed_taken_back_and_sent_twice() -> None:
    _, who = answered(repeats.APART + 1)
    asked = asked_again(who)
    vote = submit.VoteDraft(asked.pk, ("y",), uuid.uuid4())
    kept = submit.submit(who, vote).annotation
    assert not submit.submit(who, vote).is_new
    changed = change.edit(who, kept.pk, 1, {"labels": ["x"]})
    assert (changed.labels, queries.repeated_votes(who)) == (["x"], (1, 1))
    again = change.undo(who, kept.pk, 2)
    assert again is not None
    assert (again.pk, queries.repeated_votes(who)) == (asked.pk, (0, 0))
    item = Item.objects.get(pk=asked.item_id)
    assert (item.votes, item.is_unsettled) == (1, False)


def test_a_late_answer_to_a_repeat_is_kept_and_a_returned_one_goes_to_nobody() -> None:
    _, who = answered(repeats.APART + 2)
    late, returned = asked_again(who), asked_again(who)
    Assignment.objects.filter(pk=late.pk).update(expires_at="2020-01-01T00:00:00Z")
    queued = QueueEntry.objects.count()
    giving_back.reclaim()
    giving_back.release(who, returned.pk)
    assert QueueEntry.objects.count() == queued
    assert make.vote(who, late, "x").is_new


def test_nothing_that_is_sent_tells_a_repeat() -> None:
    project, who = answered(repeats.APART + 1)
    call = make.Caller(who.user)
    repeated = asked_again(who)
    body = {"count": 2}
    first, second = call("post", f"projects/{project.slug}/queue/lease/", body).json()[
        "items"
    ]
    assert first["assignment"] == repeated.pk
    assert first.keys() == second.keys()
    assert first["item"].keys() == second["item"].keys()
    assert "repeat" not in str(first)
