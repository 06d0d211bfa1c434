"""Which comes first: nobody gets an item while a better one lies free."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

from tests.history.record import SLACK, Final, Loan, Op

# So far each generation of the queue ranks before the one before.
APART = 1e7


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
            # What has a vote already ranks below zero, among the further votes.
            is_first = loan.slot == 0 and loan.rank >= -loan.generation * APART
            queues[loan.generation, is_first].append(loan)
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
