"""The queue's order: swapped in as a whole, filled where it runs low.

``QueueEntry`` is the fast path of a lease: the free slots, first things first. Batch
work never locks its rows: ``SKIP LOCKED`` meets only leases.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction
from psycopg.types.json import Jsonb

from labeling import signals
from labeling.errors import NotFoundError
from labeling.messages import message
from labeling.models import (
    Annotation,
    Assignment,
    Item,
    Membership,
    Purpose,
    Review,
)
from labeling.services.queue import floor, numbers
from labeling.services.queue.statements import SQL
from labeling.services.work.transactions import Turn, await_turn


@dataclass(frozen=True)
class Entry:
    """One slot of an item with its place in the queue."""

    item_id: int
    slot: int
    is_first: bool
    rank: float
    reason: str
    probability: float | None = None
    model_number: int | None = None
    suggestion: dict[str, Any] | None = None
    mixture: dict[str, Any] | None = None


def swap(
    project_id: int,
    entries: Sequence[Entry],
    *,
    confirm: Callable[[], None] = lambda: None,
) -> int:
    """Replace the project's queue by ``entries`` in one step; return its generation.

    Each generation ranks before all earlier ones, so the commit of the new rows is the
    step: a lease sees the old head or the new one. Only then, behind all that people
    look at, the rows of before are deleted; a lease never meets a lock of this. Slots
    that are lent or answered meanwhile are left out; one that is given back meanwhile
    keeps its row. ``confirm`` is called in the transaction of the step, last of all: where
    it raises, nothing is swapped.

    Raises NotFoundError where the project is gone, and what ``confirm`` raises.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        # Copied before the turn: a lease that has run out of entries waits for it.
        _stage(cursor, entries)
        # Two swaps at once (race) would each leave the other's entries behind.
        await_turn(Turn.ORDER, project_id)
        generation = _next_generation(cursor, project_id)
        # Further votes that reviews want since the last order.
        if Review.objects.open().filter(project=project_id).exists():
            queue_reviews(project_id)
        values: dict[str, Any] = {
            "project": project_id,
            "generation": generation,
            "step": numbers.GENERATION_STEP,
            "reviews": numbers.REVIEWS_END,
        }
        cursor.execute(SQL["entries"], values)
        # By id, not "all earlier generations": a slot that is given back from here on
        # returns to its old generation and must stay.
        values["ids"] = [entry[0] for entry in cursor.fetchall()]
        cursor.execute(SQL["swap_in"], values)
        # Before the commit: another swap in the same transaction makes it anew.
        cursor.execute("DROP TABLE staged")
        # Last: what it writes locks the job's row until the commit.
        confirm()
    floor.forget(project_id)
    # In a transaction of its own. In the first one, leases would meet the locks of the
    # deleted rows before its commit, skip them, and find the queue empty.
    with transaction.atomic(), connection.cursor() as cursor:
        await_turn(Turn.ORDER, project_id)
        cursor.execute(SQL["drop_entries"], values)
    _tell_planner()
    return generation


def _tell_planner() -> None:
    """Count the queue anew: with an old count the planner sorts it."""
    with connection.cursor() as cursor:
        # Not where a vacuum holds the table: nobody waits for it, and nobody stops it.
        cursor.execute(
            "ANALYZE (SKIP_LOCKED) labeling_queueentry (project_id, is_first, rank)"
        )


def _next_generation(cursor: Any, project_id: int) -> int:
    cursor.execute(SQL["next_generation"], {"project": project_id})
    row = cursor.fetchone()
    if row is None:
        raise NotFoundError(message("The project is gone."))
    return int(row[0])


_COLUMNS = (
    "item_id, slot, is_first, rank, reason, probability, model_number, suggestion,"
    " mixture"
)


def _stage(cursor: Any, entries: Sequence[Entry]) -> None:
    cursor.execute(SQL["stage"])
    with cursor.copy(f"COPY staged ({_COLUMNS}) FROM STDIN") as copy:
        for entry in entries:
            copy.write_row(
                (
                    entry.item_id,
                    entry.slot,
                    entry.is_first,
                    entry.rank,
                    entry.reason,
                    entry.probability,
                    entry.model_number,
                    _json(entry.suggestion),
                    _json(entry.mixture),
                )
            )


def _json(value: dict[str, Any] | None) -> Jsonb | None:
    return None if value is None else Jsonb(value)


def queue_further(item_ids: Sequence[int]) -> None:
    """Queue the free slots of items that nobody has ranked, behind all orders."""
    if not item_ids:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            SQL["queue_further"],
            {"items": list(item_ids), "step": numbers.REFILL_STEP},
        )


def queue_reviews(project_id: int, item_ids: Sequence[int] | None = None) -> None:
    """Queue the free slots of open reviews ahead of all orders; of all, or of some items."""
    values = {
        "project": project_id,
        "items": None if item_ids is None else list(item_ids),
        "first": numbers.FIRST_REVIEW,
        "step": numbers.REVIEW_STEP,
    }
    with connection.cursor() as cursor:
        cursor.execute(SQL["queue_reviews"], values)


def live_slots(item_ids: Sequence[int]) -> set[tuple[int, int]]:
    """Return the (item, slot) pairs that are lent or answered."""
    live = Assignment.objects.filter(item__in=item_ids, state__in=Assignment.LIVE)
    return set(live.values_list("item_id", "slot"))


def newest_vote(project_id: int) -> int:
    """Return the id of the newest vote, to be asked later what came after it."""
    votes = Annotation.votes.filter(project=project_id)
    return votes.order_by("-pk").values_list("pk", flat=True).first() or 0


def taken_since(project_id: int, vote_id: int) -> set[int]:
    """Return the items that people hold, or have answered since that vote."""
    held = Assignment.objects.filter(
        project=project_id, state=Assignment.State.LEASED
    ).values_list("item", flat=True)
    votes = Annotation.votes.filter(project=project_id, pk__gt=vote_id)
    return {*held, *votes.values_list("item", flat=True)}


def send_items_changed(project_id: int) -> None:
    """Tell the learner after the commit that there are other items than before."""
    signals.send_on_commit(signals.items_changed, project_id)


def refill(member: Membership, purposes: Sequence[str]) -> int:
    """Queue free slots that this person could get and no entry stands for; how many.

    Slots for other purposes than those that the person's role is asked for are left out.

    So no item is forgotten. The learner's order comes with its next swap; this keeps
    people at work until then.
    """
    values: dict[str, Any] = {
        "project": member.project_id,
        "user": member.user_id,
        "purposes": list(purposes),
        "split": _split_of(purposes),
        "step": numbers.REFILL_STEP,
        "count": numbers.REFILL_SLOTS,
    }
    with connection.cursor() as cursor:
        cursor.execute(SQL["refill"], values)
        added = cursor.rowcount
    floor.forget(member.project_id)
    signals.send_on_commit(signals.queue_low, member.project_id)
    return added


def _split_of(asked: Sequence[str]) -> str | None:
    """Return the only split that has such votes, or None: both."""
    if Purpose.EVALUATION not in asked:
        return Item.Split.POOL.value
    return Item.Split.EVALUATION.value if len(asked) == 1 else None
