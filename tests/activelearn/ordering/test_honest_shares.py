"""C8b: what people really get has the shares that are set, and says how it was drawn."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import numpy as np
import pytest

from activelearn.services.ordering import ranking
from labeling.models import Annotation, Assignment, Membership, Project, QueueEntry
from labeling.services.queue import chosen, giving_back
from labeling.services.transfer import exporting
from labeling.services.votes import settle
from tests import make

pytestmark = pytest.mark.django_db


def columns(count: int, **policy: Any) -> Project:
    """Return a project of so many rows, each third of them held out."""
    project = make.project(data_type="table", **policy)
    points = np.random.default_rng(0).normal(size=(count, 2))
    for number, (x, y) in enumerate(points.round(3).tolist()):
        split = "evaluation" if number % 3 == 0 else "pool"
        make.item(project, data={"x": x, "y": y}, split=split)
    return project


def label(who: Membership, count: int) -> None:
    """Answer so many of what the person holds, and settle."""
    for assignment in make.lease(who, count):
        make.vote(who, assignment, "xy"[assignment.item_id % 2])
    settle.settle_project(who.project_id)


def test_c8b_shares_served_are_the_shares_set_with_items_held_ahead() -> None:
    project = columns(450, exploration_rate=0.2, evaluation_rate=0.1)
    people = [make.member(project) for _ in range(2)]

    for _ in range(12):
        ranking.rank(project)
        for who in people:
            # Ten are answered, and ten more lie ready: the next order leaves them out.
            make.lease(who, 20)
            label(who, 10)

    lent = Assignment.objects.filter(project=project)
    reasons = Counter(lent.values_list("reason", flat=True))
    total = reasons.total()
    assert total == 12 * 20 + 20
    assert reasons["random"] / total == pytest.approx(0.2, abs=0.02)
    assert reasons["evaluation"] / total == pytest.approx(0.1, abs=0.02)


def test_c8b_of_2000_leases_the_shares_are_right_to_a_point() -> None:
    project = columns(3300, exploration_rate=0.15, evaluation_rate=0.08)

    for _ in range(40):
        ranking.rank(project)
        # Each holds 50 and answers some: so many are never in the next order.
        who = make.member(project)
        make.lease(who, 50)
        label(who, 3)

    lent = Assignment.objects.filter(project=project)
    reasons = Counter(lent.values_list("reason", flat=True))
    total = reasons.total()
    assert total >= 2000
    assert reasons["random"] / total == pytest.approx(0.15, abs=0.01)
    assert reasons["evaluation"] / total == pytest.approx(0.08, abs=0.01)
    # Each has been drawn with what is written down: over all places it comes to as many.
    expected = sum(
        assignment.mixture["random"] for assignment in lent if assignment.mixture
    )
    assert reasons["random"] == pytest.approx(expected, abs=0.01 * total)


def test_c8b_the_draw_goes_from_the_queue_to_the_vote_and_into_the_export() -> None:
    project = columns(60, exploration_rate=0.2, evaluation_rate=0.1)
    ranking.rank(project)
    queue = QueueEntry.objects.order_by("rank")
    queued = {entry.item_id: (entry.probability, entry.mixture) for entry in queue}
    who = make.member(project)

    label(who, 20)

    votes = Annotation.votes.filter(project=project)
    kept = {vote.item_id: (vote.probability, vote.mixture) for vote in votes}
    assert kept == dict(list(queued.items())[:20])
    lines = b"".join(exporting.stream(project, "jsonl", {})).splitlines()
    told = {
        row["id"]: (vote["probability"], vote["mixture"])
        for row in map(json.loads, lines)
        for vote in row["votes"]
    }
    assert told == kept
    _, first = next(iter(queued.values()))
    assert first == {
        "random": 0.2,
        "evaluation": 0.1,
        "open": 40,
        "held_out": 20,
        "probability": pytest.approx(first["probability"] if first else 0),
    }


def test_c8b_what_is_given_back_comes_with_its_draw_and_what_is_chosen_has_none() -> (
    None
):
    project = columns(30, free_choice=True)
    ranking.rank(project)
    who, other = make.member(project), make.member(project)
    before = make.lease(who)[0]
    giving_back.release(who, before.pk)

    again = make.lease(other)[0]
    giving_back.release(other, again.pk)
    [own] = chosen.lease(who, [before.item.external_id]).assignments

    assert again.item_id == own.item_id == before.item_id
    assert again.mixture == before.mixture
    assert (before.mixture is None, own.mixture) == (False, None)


def test_further_votes_of_what_people_hold_stay_in_the_order() -> None:
    project = columns(30, min_votes=2, overlap=2)
    ranking.rank(project)
    held = {
        assignment.item_id: assignment.slot
        for assignment in make.lease(make.member(project), 6)
    }

    ranking.rank(project)

    entries = QueueEntry.objects.filter(item__in=held)
    further = entries.filter(is_first=False).values_list("item", "slot")
    assert dict(further) == {pk: 1 - slot for pk, slot in held.items()}
    assert not entries.filter(is_first=True).exists()
