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
from typing import Any, Final, NamedTuple

from django.db import IntegrityError, transaction
from django.utils import timezone

from labeling.models import ALL_PURPOSES, Assignment, Item, Media, Membership, Purpose
from labeling.services.queue import floor
from labeling.services.queue.allowance import Allowance
from labeling.services.queue.statements import SQL
from labeling.sql import lean

# How long a person's place in a lane is kept.
PASSED_FOR: Final = timedelta(seconds=10)
# What ``lend`` returns of each item.
LENT: Final = (("a", Assignment), ("i", Item), ("m", Media))


class Taken(NamedTuple):
    """What one statement has lent.

    ``assignments`` are by id, those that the person held already among them. ``fresh``
    are lent just now. ``head`` is the lowest rank that was looked at, None where the
    queue had nothing: an entry whose slot was not free any more counts too.
    """

    assignments: list[Assignment]
    fresh: int
    head: float | None


NONE: Final = Taken([], 0, None)


def further_share(member: Membership, purposes: Sequence[str]) -> float:
    """Return the share of further votes, from 0 to 1, in what the person is lent.

    An item that needs m votes needs m - 1 further ones. Held-out items, a share of all
    first votes, may need more; to a role that is not asked for others, they are those of
    held-out items alone.
    """
    project = member.project
    if list(purposes) == [Purpose.FURTHER]:
        return 1.0
    # The share of held-out items among the person's first votes; a person who is asked
    # for these alone has nothing else.
    held_out = float(Purpose.EVALUATION in purposes)
    if list(purposes) != [Purpose.EVALUATION]:
        held_out *= project.evaluation_rate
    each = project.min_votes - 1
    more = max(0, project.evaluation_votes - project.min_votes)
    # The further votes for each first vote.
    further = (
        each * (1.0 if Purpose.FURTHER in purposes else held_out) + more * held_out
    )
    return further / (1 + further)


def at_once(member: Membership, count: int, allowed: Allowance) -> Taken:
    """Lend up to ``count`` at once, what the person holds already first.

    All that is new comes from one lane, which is drawn: so each lane has its share over
    many calls. Nothing where items want several votes and several are asked for: these
    are mixed step by step. Fewer where the lane's head does not suffice. Raises
    IntegrityError where somebody was lent a slot between the look at it and the insert: a
    savepoint would cost each lease two round trips.
    """
    is_mixed = count > 1 and member.project.min_votes > 1
    if is_mixed or not allowed.count:
        return NONE
    _begin(member)
    starts = {True: member.passed_first, False: member.passed_further}
    further = further_share(member, allowed.purposes)
    is_first = random.random() >= further  # noqa: S311 (no secret)
    # This lane had nothing for the person a moment ago: without the change of lanes
    # each of their calls would go the long way, step by step.
    if starts[is_first] == math.inf:
        is_first = not is_first
    lane = _Lane(allowed.purposes, is_first=is_first, start=starts[is_first])
    head = {"renews": True, "most": allowed.count}
    values = _values(member, count, lane) | head
    # The floor is everybody's: someone who passes over entries, as their own or as a kind
    # that their role is not asked for, would hide them from all others.
    if is_shared := values["every_purpose"] and not values["moves"]:
        values["from"] = floor.of(member.project)
    taken = _lend(values)
    if is_shared and taken.head is not None:
        floor.note(member.project, values["from"], taken.head)
    if is_first or taken.head is not None or len(taken.assignments) == count:
        return taken
    # Nothing wants a further vote of this person. With a first one instead, that costs
    # them one look now and then, and not the long way; the second statement writes down
    # what the first one has found.
    member.passed_further = math.inf
    first = lane._replace(is_first=True, start=member.passed_first)
    return _lend(_values(member, count, first) | head | {"moves": True})


def renewed(member: Membership, count: int) -> list[Assignment]:
    """Return up to ``count`` items that the person holds, lent anew from now on."""
    # From behind all ranks on: so no entry is looked at.
    values = _values(member, count, _Lane(ALL_PURPOSES, is_first=True, start=math.inf))
    return _lend({**values, "renews": True, "most": 0, "moves": False}).assignments


def these(
    member: Membership, entries: Sequence[int], purposes: Sequence[str]
) -> list[Assignment]:
    """Lend those of some first entries of the queue that are still there."""
    lane = _Lane(purposes, is_first=True, start=-math.inf)
    # Of no kind of work, but by id: the lane itself is not read.
    only = {
        "every_purpose": False,
        "purposes": [],
        "these": list(entries),
        "moves": False,
    }
    return _lend_or_pass({**_values(member, len(entries), lane), **only}).assignments


def from_lanes(
    member: Membership, count: int, purposes: Sequence[str]
) -> list[Assignment]:
    """Lend up to ``count`` slots from both lanes, in queue order; nothing is renewed.

    A stale entry is dropped on the way; as long as entries are found, more are tried.
    Where the lanes have too few, what was passed over is looked through again. Only for
    who has locked the membership.
    """
    _begin(member)
    share = further_share(member, purposes)
    further = int(count * share + random.random())  # noqa: S311 (no secret)
    lanes = (
        _Lane(purposes, is_first=True, start=member.passed_first),
        _Lane(purposes, is_first=False, start=member.passed_further),
    )
    again = [lane._replace(start=-math.inf) for lane in lanes if lane.start > -math.inf]
    lent = _from(member, further, lanes[1])
    for lane in (*lanes, *again):
        lent += _from(member, count - len(lent), lane)
    return lent


class _Lane(NamedTuple):
    """First votes or further ones, of a person's kinds of work, from a rank on."""

    purposes: Sequence[str]
    is_first: bool
    start: float


def _from(member: Membership, count: int, lane: _Lane) -> list[Assignment]:
    lent: list[Assignment] = []
    while len(lent) < count and lane.start < math.inf:
        # This ends: each round lends or drops an entry, or meets a slot that another
        # lease has just taken, which the next round drops.
        taken = _lend_or_pass(_values(member, count - len(lent), lane))
        lent += sorted(taken.assignments, key=lambda lent: (lent.rank, lent.pk))
        if taken.head is None:
            _pass_all(member, is_first=lane.is_first)
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


def _values(member: Membership, count: int, lane: _Lane) -> dict[str, Any]:
    """Return the values of ``lend`` for taking from a lane; nothing is renewed."""
    every_purpose = len(lane.purposes) == len(ALL_PURPOSES)
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
        "every_purpose": every_purpose,
        "purposes": [] if every_purpose else list(lane.purposes),
        "asked": list(lane.purposes),
        "these": [],
        "is_first": lane.is_first,
        "from": lane.start,
        "moves": has_own or not lane.is_first or lane.start < member.passed_first,
        "first": member.passed_first,
        "further": member.passed_further,
        "since": member.passed_since,
        "generation": member.passed_generation,
    }


def _lend_or_pass(values: dict[str, Any]) -> Taken:
    """Lend, or nothing where another lease takes one of the slots at this moment."""
    try:
        # A savepoint: an error would otherwise end the transaction that the caller is in.
        with transaction.atomic():
            return _lend(values)
    except IntegrityError:
        # Race: an entry was there, so a head is named. Without one, the lane would be
        # remembered as empty.
        return NONE._replace(head=values["from"])


def _lend(values: dict[str, Any]) -> Taken:
    # A statement for each way: one with both heads takes longer (queue.sql).
    statement = SQL["lend" if values["every_purpose"] else "lend_by_purpose"]
    # At least one row: where nothing is lent, it has no assignment but the head.
    rows = lean.fetch(statement, values, *LENT)
    lent: list[Assignment] = []
    for assignment, item, media, _, _ in rows:
        if assignment is not None:
            item.media = media
            assignment.item = item
            lent.append(assignment)
    _, _, _, fresh, head = rows[0]
    return Taken(lent, fresh, head)


def with_items(ids: Sequence[int]) -> list[Assignment]:
    """Return assignments with their items, in the order of their ``ids``."""
    known = Assignment.objects.select_related("item", "item__media").in_bulk(ids)
    return [known[pk] for pk in ids if pk in known]
