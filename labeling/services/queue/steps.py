"""Lend step by step: where the head of one lane does not suffice.

Both lanes, checks of the person among them, and what nobody has queued yet.
"""

from __future__ import annotations

import random
from collections.abc import Sequence

from labeling.models import Assignment, Membership
from labeling.services.queue import checks, giving_back, order, take
from labeling.services.queue.allowance import Allowance
from labeling.services.queue.locks import alone
from labeling.services.work.transactions import Turn, await_turn


def lend(
    member: Membership, count: int, allowed: Allowance, due: checks.Due
) -> list[Assignment]:
    """Lend up to ``count``: what is held, then all that the person is allowed to get.

    Raises IntegrityError where an item is deleted between the look at it and the commit.
    """
    # Lock the membership first: this may lend several items by several statements, and
    # two windows of one person could deadlock.
    with alone(member):
        # Another window may have lent or given back some since the first try.
        held = take.renewed(member, count)
        wanted = min(allowed.count, count - len(held))
        taken = _mixed(member, wanted, allowed.purposes, due) if wanted else []
        if len(taken) < wanted:
            taken += _rest(member, wanted - len(taken), allowed.purposes)
    return held + taken


def _mixed(
    member: Membership, count: int, purposes: Sequence[str], due: checks.Due
) -> list[Assignment]:
    """Lend up to ``count`` slots, checks of the person where they are due among them.

    They are lent in the order in which they come, so that ids do not tell them either.
    """
    if not any(due):
        return take.from_lanes(member, count, purposes)
    before = random.randint(0, max(0, count - sum(due)))  # noqa: S311 (no secret)
    taken = take.from_lanes(member, before, purposes)
    taken += take.with_items(checks.lend(member, due, count - len(taken)))
    return taken + take.from_lanes(member, count - len(taken), purposes)


def _rest(member: Membership, count: int, purposes: Sequence[str]) -> list[Assignment]:
    """Lend what the queue did not give: wait for who fills it, or fill it oneself.

    Nobody is told that nothing is left while a free slot exists for them.
    """
    taken: list[Assignment] = []
    # Lock order: this turn comes after the membership and its assignments, before items.
    await_turn(Turn.ORDER, member.project_id)
    while True:
        # Look before filling: whoever had the turn before has perhaps just filled the
        # queue.
        taken += take.from_lanes(member, count - len(taken), purposes)
        if len(taken) == count or not _free_more(member, purposes):
            return taken


def _free_more(member: Membership, purposes: Sequence[str]) -> int:
    """Queue slots that no entry stands for, or else end expired leases; how many."""
    return order.refill(member, purposes) or giving_back.reclaim(
        project_id=member.project_id
    )
