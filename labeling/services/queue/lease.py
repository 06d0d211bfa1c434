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
from labeling.services.queue.allowance import MAX_COUNT, Allowance
from labeling.services.queue.locks import alone
from labeling.services.queue.reasons import Reason


@dataclass(frozen=True)
class HeldItems:
    """What a person holds now, oldest first; ``reason`` where that is nothing."""

    assignments: list[Assignment]
    reason: Reason | None


def lease(member: Membership, count: int) -> HeldItems:
    """Lend up to ``count`` items: what the person holds already, then the next ones.

    Raises InvalidInputError for a count out of range.
    """
    check_count(count)
    try:
        lent, allowed = _lend(member, count, is_again=False)
    except IntegrityError:
        # A slot was taken, or an item deleted, between the look at it and the commit.
        lent, allowed = _lend(member, count, is_again=True)
    return lease_of(member, lent, allowed)


def _lend(
    member: Membership, count: int, *, is_again: bool
) -> tuple[list[Assignment], Allowance]:
    # A quota is a promise about all windows of a person, so it is read under the lock.
    with nullcontext() if member.quota is None else alone(member):
        allowed = allowance.of(member)
        due = checks.due(member, count, allowed)
        # Step by step a slot that another takes meanwhile is passed over.
        is_by_steps = is_again or any(due)
        lent = [] if is_by_steps else take.at_once(member, count, allowed)
        if len(lent) < count:
            # What the head has just given counts toward a quota already.
            left = allowed if member.quota is None else allowance.of(member)
            lent = steps.lend(member, count, left, due)
    return lent, allowed


def lease_at_once(member: Membership, count: int) -> list[Assignment]:
    """Lend in one round trip where policy asks for no more than the queue's head.

    Returns fewer than ``count`` where it does, or where the head does not suffice;
    what is lent stays the person's, and ``lease`` gives it again with the rest.
    """
    if allowance.is_checked(member):
        return []
    try:
        with nullcontext() if member.quota is None else alone(member):
            return take.at_once(member, count, allowance.of(member))
    except IntegrityError:
        return []


def lease_of(
    member: Membership, lent: list[Assignment], allowed: Allowance
) -> HeldItems:
    """Return what is lent, or why it is nothing: because of the person or the queue."""
    if lent:
        return HeldItems(lent, None)
    return HeldItems([], allowed.reason or nothing_left.reason(member))


def check_count(count: int) -> None:
    """Raise InvalidInputError for a number of items that nobody may ask for."""
    if not 1 <= count <= MAX_COUNT:
        raise InvalidInputError(
            errors={"count": [_("From 1 to %(most)s.") % {"most": MAX_COUNT}]}
        )
