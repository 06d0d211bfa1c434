"""The lanes of the queue: lend what stands at their heads.

First votes and further ones are ranked apart. The constraints of ``Assignment`` are the
guarantee; a lane is the fast path, whose rows only leases lock.
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final

from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from labeling.models import ALL_WORK, Assignment, Item, Media, Membership, Work
from labeling.services.queue import floor, order
from labeling.sql import lean

PASSED_FOR: Final = timedelta(seconds=10)

# An array is looked up once. With IN a plan may look anew for each row, and a look that
# locks passes over rows that this statement has changed: past the limit, to the next.
# Before the first row the person: two windows would lock the rows in turns.
_HELD = """
    UPDATE labeling_assignment a
    SET expires_at = now() + %(minutes)s * interval '1 minute'
    WHERE a.id = ANY(ARRAY(
        SELECT id FROM labeling_assignment
        WHERE project_id = %(project)s AND state = 'leased' AND expires_at > now()
              AND annotator_id = (SELECT user_id FROM labeling_membership
                                  WHERE id = %(member)s FOR NO KEY UPDATE)
        ORDER BY id LIMIT %(count)s FOR UPDATE))
    RETURNING a.id
"""

# Rows another lease has locked are skipped. A person's own items are passed over: an
# expired or returned one may come back. The look-ups are subqueries with a limit: a join
# might read all that a person ever did.
_HEAD: Final = f"""
    SELECT q.id, q.item_id, q.slot, q.reason, q.probability, q.generation,
           q.model_number, q.suggestion, q.rank
    FROM labeling_queueentry q
    WHERE q.project_id = %(project)s AND q.is_first = %(is_first)s
          AND q.rank >= %(from)s::float8 {{more}}
          AND ({order.had("q.item_id")} LIMIT 1) IS NULL
    ORDER BY q.rank, q.id
    LIMIT {{count}} FOR UPDATE SKIP LOCKED
"""  # noqa: S608 (our own words)
# Whose role is asked for some kinds of votes only walks each kind by itself: what others
# are to do is never read, however much of it lies ahead.
_OF_WORK: Final = _HEAD.format(
    more="AND q.work = %({work})s AND q.work <> '' {more}", count="{count}"
)
_HEAD_OF_WORKS: Final = f"""
    SELECT * FROM (
        SELECT * FROM ({_OF_WORK.replace("{work}", "work")}) one
        UNION ALL
        SELECT * FROM ({_OF_WORK.replace("{work}", "other_work")}) other
    ) q ORDER BY rank, id LIMIT {{count}}
"""  # noqa: S608 (our own words)
_PICKED: Final = f"""
    picked AS MATERIALIZED ({{head}}), one_slot AS (
        SELECT DISTINCT ON (item_id) * FROM picked ORDER BY item_id, slot
    ), gone AS (
        DELETE FROM labeling_queueentry WHERE id IN (SELECT id FROM one_slot)
    ), open AS (
        SELECT p.* FROM one_slot p JOIN labeling_item i ON i.id = p.item_id
        WHERE i.state = 'open' AND p.slot < i.votes_wanted AND {order.WANTS_MORE} AND (
            SELECT a.id FROM labeling_assignment a
            WHERE a.item_id = p.item_id AND a.slot = p.slot
                  AND a.state IN ('leased', 'answered') LIMIT 1) IS NULL
    )
"""  # noqa: S608 (our own words)
_LEND_PICKED: Final = """
    INSERT INTO labeling_assignment AS a
        (project_id, item_id, annotator_id, slot, state, leased_at, expires_at,
         reason, probability, generation, model_number, suggestion, rank)
    SELECT %(project)s, item_id, %(user)s, slot, 'leased', now(),
           now() + %(minutes)s * interval '1 minute',
           reason, probability, generation, model_number, suggestion, rank
    FROM open ORDER BY rank, item_id
    ON CONFLICT (annotator_id, item_id, is_repeat) DO UPDATE
        SET slot = excluded.slot, state = 'leased', leased_at = excluded.leased_at,
            expires_at = excluded.expires_at, reason = excluded.reason,
            probability = excluded.probability, generation = excluded.generation,
            model_number = excluded.model_number, suggestion = excluded.suggestion,
            rank = excluded.rank
        WHERE a.state IN ('expired', 'released')
"""
# Nobody waits for who moves the person's place at the same moment: it is only a hint.
_MY_PLACE: Final = """(
            SELECT id FROM labeling_membership WHERE id = %(member)s
            FOR NO KEY UPDATE SKIP LOCKED)"""
_PASSED: Final = f"""
    passed AS (
        UPDATE labeling_membership m
        SET passed_first = CASE WHEN %(is_first)s THEN p.rank ELSE %(first)s::float8 END,
            passed_further = CASE WHEN %(is_first)s THEN %(further)s::float8
                                  ELSE p.rank END,
            passed_generation = %(generation)s, passed_since = %(since)s
        FROM (SELECT min(rank) AS rank FROM picked) p
        WHERE p.rank IS NOT NULL AND m.id = {_MY_PLACE}
    )
"""  # noqa: S608 (our own words)
_PASS_ALL: Final = f"""
    UPDATE labeling_membership
    SET passed_first = %(first)s, passed_further = %(further)s,
        passed_generation = %(generation)s, passed_since = %(since)s
    WHERE id = {_MY_PLACE}
"""  # noqa: S608 (our own words)
_LENT: Final = (("a", Assignment), ("i", Item), ("m", Media))
_HOLDS: Final = """(
        SELECT count(*) FROM labeling_assignment
        WHERE annotator_id = %(user)s AND project_id = %(project)s
              AND state = 'leased' AND expires_at > now())"""
# What counts toward a person's quota. In one look, or a vote that comes between two
# would be counted by neither.
_USED: Final = f"""
    {_HOLDS} + coalesce((
        SELECT votes + repeats FROM labeling_projectcounter
        WHERE project_id = %(project)s AND annotator_id = %(user)s), 0)
"""  # noqa: S608 (our own words)
_LEFT: Final = f"""
    greatest(0, least(%(count)s - (SELECT count(*) FROM held),
        CASE WHEN %(quota)s::int IS NOT NULL THEN %(quota)s - ({_USED}) END))
"""  # noqa: S608 (our own words)
_LEND: Final = f"""
    WITH held AS ({_HELD.replace("RETURNING a.id", "RETURNING a.*")}),
    {_PICKED},
    lent AS ({_LEND_PICKED} RETURNING a.*),
    a AS (SELECT * FROM held UNION ALL SELECT * FROM lent)
    SELECT {lean.columns(*_LENT)}
    FROM a JOIN labeling_item i ON i.id = a.item_id
    LEFT JOIN labeling_media m ON m.id = i.media_id
    ORDER BY a.id
"""  # noqa: S608 (column names of our own models)


class _Walk:
    """The statements that take from a lane whose head is found in one way."""

    def __init__(self, head: str) -> None:
        picked = _PICKED.format(head=head.format(count="%(count)s", more=""))
        # These stand anywhere in the lane, behind others that are free.
        these = head.format(count="%(count)s", more="AND q.id = ANY(%(these)s)")
        lend = _LEND.format(head=head.format(count=_LEFT, more=""))
        self.look: Final = head.format(count=1, more="")
        self.take: Final = f"WITH {picked} {_LEND_PICKED} RETURNING id, rank"
        self.take_and_pass: Final = (
            f"WITH {picked}, {_PASSED} {_LEND_PICKED} RETURNING id, rank"
        )
        self.take_these: Final = (
            f"WITH {_PICKED.format(head=these)} {_LEND_PICKED} RETURNING id, rank"
        )
        self.lend: Final = lean.terse(lend)
        self.lend_and_pass: Final = lean.terse(
            lend.replace("lent AS", f"{_PASSED}, lent AS", 1)
        )


_ALL: Final = _Walk(_HEAD)
_SOME: Final = _Walk(_HEAD_OF_WORKS)
# What another lease holds locked at this moment stands in the queue still.
_WITH_OTHERS: Final = f"""
    SELECT EXISTS (
        SELECT 1 FROM (
            SELECT item_id FROM labeling_queueentry
            WHERE project_id = %(project)s AND work = ANY(%(works)s)
            UNION ALL
            SELECT a.item_id FROM labeling_assignment a
            JOIN labeling_item i ON i.id = a.item_id
            WHERE a.project_id = %(project)s AND a.state = 'leased'
                  AND a.reason NOT IN ('gold', 'repeat')
                  AND {order.work_of("a.slot")} = ANY(%(works)s)
        ) taken
        WHERE NOT EXISTS ({order.had("taken.item_id")}))
"""  # noqa: S608 (our own words)


def works(member: Membership) -> list[str]:
    """Return what kinds of votes the person is asked for."""
    return member.project.works_for(member.role)


def _walk(member: Membership) -> _Walk:
    return _ALL if len(works(member)) == len(ALL_WORK) else _SOME


def may_come_back(member: Membership) -> bool:
    """Whether others hold what this person's role is asked for; nothing is free."""
    if _walk(member) is _ALL:
        return True
    with connection.cursor() as cursor:
        cursor.execute(_WITH_OTHERS, values_of(member, 1))
        return bool(cursor.fetchone()[0])


def lend(member: Membership, count: int) -> list[Assignment]:
    """Lend up to ``count`` by one statement, what the person holds already first.

    From one lane only; fewer where its head does not suffice. Raises IntegrityError
    where a slot was taken between the look and the insert.
    """
    _begin(member)
    walk = _walk(member)
    is_first = random.random() >= further_share(member)  # noqa: S311
    if _place(member, is_first=is_first) == math.inf:
        is_first = not is_first
    start = _place(member, is_first=is_first)
    values = _lane(member, count, is_first=is_first, start=start)
    if is_shared := walk is _ALL and not values["moves"]:
        values["from"] = floor.of(member.project)
    query = walk.lend_and_pass if values["moves"] else walk.lend
    lent = []
    for assignment, item, media in lean.fetch(query, values, *_LENT):
        item.media = media
        assignment.item = item
        lent.append(assignment)
    if is_shared and (ranks := _new_ranks(member, lent)):
        floor.note(member.project, values["from"], min(ranks))
    return lent


def _new_ranks(member: Membership, lent: Sequence[Assignment]) -> list[float]:
    """Return where those stood that were lent just now, not only for longer."""
    minutes = timedelta(minutes=member.project.lease_minutes)
    new = (one for one in lent if one.expires_at - one.leased_at == minutes)
    return [one.rank for one in new if one.rank is not None]


def further_share(member: Membership) -> float:
    """An item that needs m votes needs m - 1 further ones, so that is their share.

    To a role that is not asked for these, they are those of held-out items alone.
    """
    project, asked = member.project, works(member)
    share = (project.min_votes - 1) / project.min_votes
    if Work.FURTHER in asked:
        return share if len(asked) > 1 else 1.0
    return share * project.evaluation_rate if Work.EVALUATION in asked else 0.0


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
    """Return the values for taking from a lane, where its walk is to start."""
    # Where one vote is enough, only what they skipped lies before a person as their
    # own; others look from the start each time, and see at once what is given back.
    has_own = member.has_skipped or member.project.min_votes > 1
    work, other_work = [*works(member), "", ""][:2]
    return {
        **values_of(member, count),
        "work": work,
        "other_work": other_work,
        "is_first": is_first,
        "from": start,
        "moves": has_own or not is_first or start < member.passed_first,
        "first": member.passed_first,
        "further": member.passed_further,
        "since": member.passed_since,
        "generation": member.passed_generation,
    }


def values_of(member: Membership, count: int) -> dict[str, Any]:
    """Return what every statement that lends has to know."""
    return {
        "member": member.pk,
        "user": member.user_id,
        "project": member.project_id,
        "minutes": member.project.lease_minutes,
        "count": count,
        "quota": member.quota,
        "works": works(member),
    }


def holds(member: Membership) -> int:
    """Return how many items the person holds now."""
    return _number(_HOLDS, member)


def used(member: Membership) -> int:
    """Return how many items the person has answered or holds now."""
    return _number(_USED, member)


def _number(query: str, member: Membership) -> int:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {query}", values_of(member, 0))
        return int(cursor.fetchone()[0])


def renew_held(member: Membership, count: int) -> list[int]:
    """Return the ids of what the person holds, lent anew from now on."""
    with connection.cursor() as cursor:
        cursor.execute(_HELD, values_of(member, count))
        return sorted(row[0] for row in cursor.fetchall())


def take(member: Membership, count: int) -> list[int]:
    """Lend up to ``count`` slots and return the assignments' ids in queue order.

    A stale entry is dropped on the way; as long as entries are found, more are tried.
    Where the lanes have too few, what was passed over is looked through again.
    """
    _begin(member)
    further = int(count * further_share(member) + random.random())  # noqa: S311 (no secret)
    lanes = (True, member.passed_first), (False, member.passed_further)
    again = [(is_first, -math.inf) for is_first, start in lanes if start > -math.inf]
    taken = _take_from(member, further, is_first=False, start=member.passed_further)
    for is_first, start in (*lanes, *again):
        more = count - len(taken)
        taken += _take_from(member, more, is_first=is_first, start=start)
    return taken


def _take_from(
    member: Membership, count: int, *, is_first: bool, start: float
) -> list[int]:
    taken: list[int] = []
    while len(taken) < count and start < math.inf:
        values = _lane(member, count - len(taken), is_first=is_first, start=start)
        if (found := _take_once(member, values)) is None:
            break
        taken += found
    return taken


def _take_once(member: Membership, values: dict[str, Any]) -> list[int] | None:
    """Return the ids lent by one statement, or None when the lane had nothing."""
    walk = _walk(member)
    if rows := _taken(walk.take_and_pass if values["moves"] else walk.take, values):
        return [row[0] for row in sorted(rows, key=lambda row: (row[1], row[0]))]
    with connection.cursor() as cursor:
        cursor.execute(walk.look, values)
        if cursor.fetchone():
            return []
    _pass_all(member, values)
    return None


def _taken(query: str, values: dict[str, Any]) -> list[tuple[int, float]]:
    """Return (id, rank) of what was lent: nothing where a slot was taken meanwhile."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(query, values)
            return cursor.fetchall()
    except IntegrityError:
        return []


def take_these(member: Membership, entries: Sequence[int]) -> list[int]:
    """Lend those of some first entries of the queue that are still there; ids."""
    lane = _lane(member, len(entries), is_first=True, start=-math.inf)
    rows = _taken(_walk(member).take_these, {**lane, "these": list(entries)})
    return sorted(row[0] for row in rows)


def _pass_all(member: Membership, values: dict[str, Any]) -> None:
    """Remember that nothing in this lane is left for this person."""
    values["first" if values["is_first"] else "further"] = math.inf
    member.passed_first, member.passed_further = values["first"], values["further"]
    with connection.cursor() as cursor:
        cursor.execute(_PASS_ALL, values)
