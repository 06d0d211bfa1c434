"""The queue's order: swapped in as a whole, filled where it runs low.

``QueueEntry`` is the fast path of a lease: the free slots, first things first. Batch
work never locks its rows: ``SKIP LOCKED`` meets only leases.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.db import connection, transaction
from psycopg.types.json import Jsonb

from labeling.errors import NotFoundError
from labeling.models import Assignment, Item, QueueEntry, Work
from labeling.services.queue import floor
from labeling.services.work.transactions import Turn, await_turn
from labeling.signals import items_changed, queue_low

REFILL: Final = 500


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
    """
    with transaction.atomic(), connection.cursor() as cursor:
        _stage(cursor, entries)
        await_turn(Turn.ORDER, project_id)
        cursor.execute(
            "UPDATE labeling_project SET queue_generation = queue_generation + 1"
            " WHERE id = %s RETURNING queue_generation",
            [project_id],
        )
        row = cursor.fetchone()
        if row is None:
            raise NotFoundError("The project is gone.")
        generation = int(row[0])
        cursor.execute(
            "SELECT id FROM labeling_queueentry WHERE project_id = %s", [project_id]
        )
        old = [found[0] for found in cursor.fetchall()]
        cursor.execute(_SWAP_IN, {"project": project_id, "generation": generation})
        cursor.execute("DROP TABLE staged")
        confirm()
    floor.forget(project_id)
    with transaction.atomic(), connection.cursor() as cursor:
        await_turn(Turn.ORDER, project_id)
        cursor.execute(
            "DELETE FROM labeling_queueentry WHERE id IN (SELECT id"
            " FROM labeling_queueentry WHERE id = ANY(%s) FOR UPDATE SKIP LOCKED)",
            [old],
        )
    with connection.cursor() as cursor:
        # Whoever changes much tells the planner: an old count makes it sort the queue.
        cursor.execute(
            "ANALYZE (SKIP_LOCKED) labeling_queueentry (project_id, is_first, rank)"
        )
    return generation


def had(item: str) -> str:
    """Return in SQL the assignment by which an item is not new to a person."""
    return (
        "SELECT mine.id FROM labeling_assignment mine"  # noqa: S608 (our own words)
        f" WHERE mine.annotator_id = %(user)s AND mine.item_id = {item}"
        " AND NOT mine.is_repeat AND mine.state NOT IN ('expired', 'released')"
    )


def work_of(slot: str) -> str:
    """Return in SQL what kind of vote a slot of item i is for."""
    return (
        "CASE WHEN i.split = 'evaluation' THEN 'evaluation'"
        f" WHEN {slot} = 0 THEN 'first' ELSE 'further' END"
    )


_COLUMNS = (
    "item_id, slot, is_first, rank, reason, probability, model_number, suggestion"
)

_SWAP_IN = f"""
    INSERT INTO labeling_queueentry
        (project_id, generation, item_id, slot, is_first, rank, work, reason,
         probability, model_number, suggestion)
    SELECT %(project)s, %(generation)s, s.item_id, s.slot, s.is_first,
           s.rank - %(generation)s * 1e7, {work_of("s.slot")}, s.reason,
           s.probability, s.model_number, s.suggestion
    FROM staged s JOIN labeling_item i ON i.id = s.item_id
    WHERE i.project_id = %(project)s AND i.state = 'open' AND NOT EXISTS (
        SELECT 1 FROM labeling_assignment a
        WHERE a.item_id = s.item_id AND a.slot = s.slot
              AND a.state IN ('leased', 'answered'))
    ON CONFLICT DO NOTHING
"""  # noqa: S608 (our own words)


def _stage(cursor: Any, entries: Sequence[Entry]) -> None:
    cursor.execute(
        "CREATE TEMP TABLE staged (item_id bigint, slot smallint, is_first boolean,"
        " rank double precision, reason text, probability double precision,"
        " model_number integer, suggestion jsonb) ON COMMIT DROP"
    )
    with cursor.copy(f"COPY staged ({_COLUMNS}) FROM STDIN") as copy:
        for one in entries:
            copy.write_row(
                (
                    one.item_id,
                    one.slot,
                    one.is_first,
                    one.rank,
                    one.reason,
                    one.probability,
                    one.model_number,
                    Jsonb(one.suggestion) if one.suggestion is not None else None,
                )
            )


def live_slots(item_ids: Sequence[int]) -> set[tuple[int, int]]:
    """Return the (item, slot) pairs that are lent or answered."""
    live = Assignment.objects.filter(item__in=item_ids, state__in=Assignment.LIVE)
    return set(live.values_list("item_id", "slot"))


def tell_items_changed(project_id: int) -> None:
    """Tell the learner after the commit that there are other items than before."""
    transaction.on_commit(
        lambda: items_changed.send_robust(sender=Item, project_id=project_id)
    )


# Whether fewer people hold or have answered item i than are to. One rule for what is
# put into the queue and what is lent from it, or it would be put in again and again.
WANTS_MORE: Final = """(
            SELECT count(*) FROM labeling_assignment a
            WHERE a.item_id = i.id AND a.state IN ('leased', 'answered')
                  AND a.reason NOT IN ('gold', 'repeat')) < i.votes_wanted"""
_REFILL = f"""
    INSERT INTO labeling_queueentry
        (project_id, generation, is_first, rank, item_id, slot, work, reason)
    SELECT i.project_id, 0, free.slot = 0, 1e9 + free.slot * 1e9 + i.id, i.id, free.slot,
           {work_of("free.slot")},
           CASE WHEN i.split = 'evaluation' THEN 'evaluation'
                WHEN free.slot > 0 THEN 'second' ELSE 'random' END
    FROM labeling_item i
    CROSS JOIN LATERAL (
        SELECT n AS slot FROM generate_series(0, i.votes_wanted - 1) n
        WHERE NOT EXISTS (
            SELECT 1 FROM labeling_assignment a
            WHERE a.item_id = i.id AND a.slot = n AND a.state IN ('leased', 'answered'))
        AND NOT EXISTS (
            SELECT 1 FROM labeling_queueentry q WHERE q.item_id = i.id AND q.slot = n)
        AND {work_of("n")} = ANY(%(works)s)
    ) free
    WHERE i.project_id = %(project)s AND i.state = 'open' AND i.votes < i.votes_wanted
          AND {WANTS_MORE} {{split}}
          AND NOT EXISTS ({had("i.id")})
    ORDER BY i.id LIMIT %(limit)s
    ON CONFLICT DO NOTHING
"""  # noqa: S608 (our own words)


def refill(project_id: int, works: Sequence[str], user_id: int) -> int:
    """Queue free slots of ``works`` that no entry stands for: no item is forgotten.

    Those that this person could get: or who has answered all would queue, round by
    round, what is for others.

    The learner's order comes with its next swap; this keeps people at work until then.
    """
    query = _REFILL.format(split=_split_of(works))
    values: dict[str, Any] = {
        "project": project_id,
        "works": list(works),
        "user": user_id,
        "limit": REFILL,
    }
    with connection.cursor() as cursor:
        cursor.execute(query, values)
        added = cursor.rowcount
    floor.forget(project_id)
    transaction.on_commit(
        lambda: queue_low.send_robust(sender=QueueEntry, project_id=project_id)
    )
    return added


def _split_of(works: Sequence[str]) -> str:
    """Return what lets an index leave out the items that no such vote is of."""
    if Work.EVALUATION not in works:
        return "AND i.split = 'pool'"
    return "AND i.split = 'evaluation'" if len(works) == 1 else ""
