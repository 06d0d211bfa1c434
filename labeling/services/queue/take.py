"""Take slots from the heads of the queue's lanes.

First votes and further ones are ranked in a lane each, so that nobody reads past items
of their own. The constraints of ``Assignment`` are the guarantee; a lane is the fast
path, whose entries only leases lock.
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final

from django.db import IntegrityError, transaction
from django.utils import timezone

from labeling.models import ALL_WORK, Assignment, Item, Media, Membership, Work
from labeling.services.queue import floor
from labeling.services.queue.allowance import Allowance, works
from labeling.services.queue.statements import SQL
from labeling.sql import lean

# How long a person's place in a lane is kept.
PASSED_FOR: Final = timedelta(seconds=10)
# What ``lend`` returns of each item.
LENT: Final = (("a", Assignment), ("i", Item), ("m", Media))


def further_share(member: Membership) -> float:
    """Return the share of further votes, from 0 to 1, in what the person is lent.

    An item that needs m votes needs m - 1 further ones, so that is their share. To a
    role that is not asked for these, they are those of held-out items alone.
    """
    project, asked = member.project, works(member)
    share = (project.min_votes - 1) / project.min_votes
    if Work.FURTHER in asked:
        return share if len(asked) > 1 else 1.0
    return share * project.evaluation_rate if Work.EVALUATION in asked else 0.0


def at_once(member: Membership, count: int, allowed: Allowance) -> list[Assignment]:
    """Lend up to ``count`` by one statement, what the person holds already first.

    Nothing where policy asks for more than the head of one lane; fewer where the head
    does not suffice. Raises IntegrityError where somebody was lent a slot between the
    look at it and the insert: a savepoint would cost each lease two round trips.
    """
    further = further_share(member)
    if (count > 1 and further) or not allowed.count:
        return []
    _begin(member)
    is_first = random.random() >= further  # noqa: S311 (no secret)
    # This lane had nothing for the person a moment ago: without the change of lanes
    # each of their calls would go the long way, step by step.
    if _place(member, is_first=is_first) == math.inf:
        is_first = not is_first
    start = _place(member, is_first=is_first)
    values = _lane(member, count, is_first=is_first, start=start)
    values |= {"renews": True, "most": allowed.count}
    # The floor is everybody's: someone who passes over entries, as their own or as a kind
    # that their role is not asked for, would hide them from all others.
    if is_shared := values["every_work"] and not values["moves"]:
        values["from"] = floor.of(member.project)
    lent, _ = _lend(values)
    if is_shared and (ranks := _new_ranks(member, lent)):
        floor.note(member.project, values["from"], min(ranks))
    return lent


def _new_ranks(member: Membership, lent: Sequence[Assignment]) -> list[float]:
    """Return the ranks of what was lent just now, and not only for longer."""
    # now() is one moment within a statement, so only what it has lent by itself lasts
    # exactly this long; what it renewed was lent earlier.
    minutes = timedelta(minutes=member.project.lease_minutes)
    return [
        assignment.rank
        for assignment in lent
        if assignment.rank is not None
        and assignment.expires_at - assignment.leased_at == minutes
    ]


def renewed(member: Membership, count: int) -> list[Assignment]:
    """Return up to ``count`` items that the person holds, lent anew from now on."""
    lane = _lane(member, count, is_first=True, start=math.inf)
    lent, _ = _lend({**lane, "renews": True, "most": 0, "moves": False})
    return lent


def these(member: Membership, entries: Sequence[int]) -> list[Assignment]:
    """Lend those of some first entries of the queue that are still there."""
    lane = _lane(member, len(entries), is_first=True, start=-math.inf)
    only = {"every_work": False, "works": [], "these": list(entries), "moves": False}
    lent, _ = _lend_or_nothing({**lane, **only})
    return lent


def from_lanes(member: Membership, count: int) -> list[Assignment]:
    """Lend up to ``count`` slots from both lanes, in queue order; nothing is renewed.

    A stale entry is dropped on the way; as long as entries are found, more are tried.
    Where the lanes have too few, what was passed over is looked through again. Only for
    who has locked the membership.
    """
    _begin(member)
    further = int(count * further_share(member) + random.random())  # noqa: S311 (no secret)
    lanes = (True, member.passed_first), (False, member.passed_further)
    again = [(is_first, -math.inf) for is_first, start in lanes if start > -math.inf]
    lent = _from(member, further, is_first=False, start=member.passed_further)
    for is_first, start in (*lanes, *again):
        lent += _from(member, count - len(lent), is_first=is_first, start=start)
    return lent


def _from(
    member: Membership, count: int, *, is_first: bool, start: float
) -> list[Assignment]:
    lent: list[Assignment] = []
    while len(lent) < count and start < math.inf:
        # This ends: each round lends or drops an entry, or meets a slot that another
        # lease has just taken, which the next round drops.
        more = count - len(lent)
        lane = _lane(member, more, is_first=is_first, start=start)
        some, entries = _lend_or_nothing(lane)
        lent += sorted(some, key=lambda lent: (lent.rank, lent.pk))
        if not entries:
            _pass_all(member, is_first=is_first)
            break
    return lent


def _pass_all(member: Membership, *, is_first: bool) -> None:
    """Remember that nothing in this lane is left for this person."""
    if is_first:
        member.passed_first = math.inf
    else:
        member.passed_further = math.inf
    names = ("passed_first", "passed_further", "passed_generation", "passed_since")
    member.save(update_fields=names)


def _begin(member: Membership) -> None:
    """Let the person's walk along the lanes begin anew where that is due.

    Before their place lies what is their own. What was locked when they passed, or was
    given back since, may lie free there: so they look again now and then, and where
    there is a new order.
    """
    since, now = member.passed_since, timezone.now()
    generation = member.project.queue_generation
    is_old = since is None or since < now - PASSED_FOR
    if is_old or member.passed_generation != generation:
        member.passed_first = member.passed_further = -math.inf
        member.passed_generation, member.passed_since = generation, now


def _place(member: Membership, *, is_first: bool) -> float:
    return member.passed_first if is_first else member.passed_further


def _lane(
    member: Membership, count: int, *, is_first: bool, start: float
) -> dict[str, Any]:
    """Return the values of ``lend`` for taking from a lane from a rank on."""
    asked = works(member)
    every_work = len(asked) == len(ALL_WORK)
    # Where one vote is enough, only what they skipped lies before a person as their
    # own; others look from the start each time, and see at once what is given back.
    has_own = member.has_skipped or member.project.min_votes > 1
    return {
        "member": member.pk,
        "user": member.user_id,
        "project": member.project_id,
        "minutes": member.project.lease_minutes,
        "count": count,
        "most": count,
        "renews": False,
        "every_work": every_work,
        "works": [] if every_work else asked,
        "asked": asked,
        "these": [],
        "is_first": is_first,
        "from": start,
        "moves": has_own or not is_first or start < member.passed_first,
        "first": member.passed_first,
        "further": member.passed_further,
        "since": member.passed_since,
        "generation": member.passed_generation,
    }


def _lend_or_nothing(values: dict[str, Any]) -> tuple[list[Assignment], int]:
    """Lend, or say that there is more where a slot was taken at the same moment."""
    try:
        with transaction.atomic():
            return _lend(values)
    except IntegrityError:
        # Not 0: an entry was there, so the lane must not be remembered as empty.
        return [], 1


def _lend(values: dict[str, Any]) -> tuple[list[Assignment], int]:
    """Return what is lent, by id, and how many entries of the queue were found."""
    statement = SQL["lend" if values["every_work"] else "lend_by_work"]
    # At least one row, which says how many entries there were.
    rows = lean.fetch(statement, values, *LENT)
    lent: list[Assignment] = []
    for assignment, item, media, _entries in rows:
        if assignment is not None:
            item.media = media
            assignment.item = item
            lent.append(assignment)
    return lent, rows[0][-1]


def with_items(ids: Sequence[int]) -> list[Assignment]:
    """Return assignments with their items, in the order of their ``ids``."""
    known = Assignment.objects.select_related("item", "item__media").in_bulk(ids)
    return [known[pk] for pk in ids if pk in known]
