"""Lend items: who gets what next, or why there is nothing.

The constraints of ``Assignment`` are the guarantee; ``QueueEntry`` is the fast path.
"""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass

from django.db import IntegrityError

from labeling.errors import InvalidInputError
from labeling.messages import sentence as _
from labeling.models import Assignment, Membership
from labeling.services.queue import allowance, checks, nothing_left, steps, take
from labeling.services.queue.allowance import MAX_COUNT
from labeling.services.queue.locks import alone
from labeling.services.queue.reasons import WhyNothing


@dataclass(frozen=True)
class HeldItems:
    """What a person holds now, oldest first; ``reason`` where that is nothing."""

    assignments: list[Assignment]
    reason: WhyNothing | None


def lease(member: Membership, count: int) -> HeldItems:
    """Lend up to ``count`` items: what the person holds already, then the next ones.

    Raises InvalidInputError for a count out of range.
    """
    check_count(count)
    try:
        return _lend(member, count, is_again=False)
    except IntegrityError:
        # Race: a slot was taken, or an item deleted, between the look at it and the
        # commit. All of this call is rolled back, so all is looked at anew.
        return _lend(member, count, is_again=True)


def _lend(member: Membership, count: int, *, is_again: bool) -> HeldItems:
    # Race: a quota is a promise about all windows of a person. Without the lock two of
    # them would read the same facts and both lend the last item of it.
    with nullcontext() if member.quota is None else alone(member):
        allowed = allowance.of(member)
        # Of whoever is asked gold questions or repeats, facts were read.
        due = checks.due(member, count, allowed) if allowed.facts else checks.NONE
        # Step by step a slot that another lease takes meanwhile is passed over; by one
        # statement it would be an error again.
        is_by_steps = is_again or any(due)
        taken = take.NONE if is_by_steps else take.at_once(member, count, allowed)
        lent = taken.assignments
        if len(lent) < count:
            # What the head has just given counts toward a quota already. Without one it
            # does not: without the lock, another window may have given it back since.
            left = allowed if member.quota is None else allowed.less(taken.fresh)
            lent = steps.lend(member, count, left, due)
    return HeldItems(lent, None if lent else nothing_left.reason(member, allowed))


def lease_at_once(member: Membership, count: int) -> list[Assignment]:
    """Lend in one round trip where policy asks for no more than the queue's head.

    Returns fewer than ``count`` where it does, or where the head does not suffice;
    what is lent stays the person's, and ``lease`` gives it again with the rest.
    """
    if allowance.is_checked(member):
        return []
    try:
        with nullcontext() if member.quota is None else alone(member):
            return take.at_once(member, count, allowance.of(member)).assignments
    except IntegrityError:
        # Race: somebody was lent a slot of these at this moment. ``lease`` looks again.
        return []


def check_count(count: int) -> None:
    """Raise InvalidInputError for a number of items that nobody may ask for."""
    if not 1 <= count <= MAX_COUNT:
        raise InvalidInputError(
            errors={"count": [_("From 1 to %(most)s.") % {"most": MAX_COUNT}]}
        )
