"""Which comes first: nobody gets an item while a better one lies free."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from itertools import pairwise

from tests.history.record import SLACK, Final, Loan, Op, of

# So far each generation of the queue ranks before the one before.
APART = 1e7
# An item, one of its slots, and whether that is for a first vote.
Place = tuple[int, int, bool]


def higher_ranked_first(history: Sequence[Op], final: Final) -> Iterator[str]:
    """Nobody got an item while one ranked higher lay free for longer than ``SLACK``.

    Looks at slots that were lent once, of items where nothing ended early: of these
    it is sure that they lay in the queue from its making until they were lent.
    """
    del history
    moved = {
        event.item
        for event in final.events
        if event.kind in ("expired", "released", "skipped", "undone", "edited")
    }
    lent = Counter((loan.item, loan.slot) for loan in final.loans)
    touched: dict[str, set[int]] = defaultdict(set)
    queues: dict[tuple[int, bool], list[Loan]] = defaultdict(list)
    for loan in final.loans:
        touched[loan.user].add(loan.item)
        is_sure = lent[loan.item, loan.slot] == 1 and loan.item not in moved
        if is_sure and loan.generation and loan.rank is not None:
            queues[loan.generation, _is_first(loan)].append(loan)
    for queue in queues.values():
        queue.sort(key=lambda loan: loan.rank or 0.0)
        # The entry ranked before the present one that was lent last of all.
        latest: Loan | None = None
        for loan in queue:
            if (
                latest is not None
                and latest.leased_at > loan.leased_at + SLACK
                and latest.rank != loan.rank
                and latest.item not in touched[loan.user]
            ):
                yield (
                    f"item {loan.item} (rank {loan.rank}) was lent "
                    f"{latest.leased_at - loan.leased_at:.1f} s before "
                    f"item {latest.item} (rank {latest.rank})"
                )
            if latest is None or loan.leased_at > latest.leased_at:
                latest = loan


def none_passed_over(history: Sequence[Op], final: Final) -> Iterator[str]:
    """No entry lies at the head for longer than ``SLACK`` while ones behind it are lent.

    Between two looks that both saw it, it lay there, at the worse of its two places if
    a new order came meanwhile. Whoever got one behind that and never had its item could
    have got it; once, another lease may have held it.
    """
    had = {(loan.user, loan.item) for loan in final.loans}
    lent = sorted(final.loans, key=lambda loan: loan.leased_at)
    since: dict[Place, float] = {}
    for earlier, later in pairwise(of(history, "look", "ok")):
        before, after = _places(earlier), _places(later)
        behind = _furthest(lent, earlier.ended, later.begun)
        passed: dict[Place, float] = {}
        for place in before.keys() & after.keys():
            item, slot, is_first = place
            rank = max(before[place], after[place])
            if any(
                furthest > rank and (user, item) not in had
                for user, furthest in behind[is_first].items()
            ):
                passed[place] = since.get(place, earlier.begun)
            long = later.ended - passed.get(place, later.ended)
            if long > SLACK and earlier.ended - passed[place] <= SLACK:
                yield (
                    f"slot {slot} of item {item} lay at the head for {long:.1f} s"
                    " while ones behind it were lent"
                )
        since = passed


def _furthest(
    lent: list[Loan], begin: float, end: float
) -> dict[bool, dict[str, float]]:
    """Return how far behind each person got an item in a time, by lane."""
    first = bisect_right(lent, begin, key=lambda loan: loan.leased_at)
    last = bisect_left(lent, end, key=lambda loan: loan.leased_at)
    furthest: dict[bool, dict[str, float]] = {True: {}, False: {}}
    for loan in lent[first:last]:
        if loan.rank is not None:
            lane = furthest[_is_first(loan)]
            lane[loan.user] = max(loan.rank, lane.get(loan.user, loan.rank))
    return furthest


def _is_first(loan: Loan) -> bool:
    """Whether it was lent as a first vote.

    What has a vote already ranks below zero, among the further votes.
    """
    start = -loan.generation * APART
    return loan.slot == 0 and loan.rank is not None and loan.rank >= start


def _places(look: Op) -> dict[Place, float]:
    """Return where each slot stands; while a new order comes, the worse of two places."""
    places: dict[Place, float] = {}
    for item, slot, is_first, rank in look.got["head"]:
        place = (item, slot, is_first)
        places[place] = max(rank, places.get(place, rank))
    return places
