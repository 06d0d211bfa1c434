"""Lend items: who gets what next; give back, skip, flag.

The constraints of ``Assignment`` are the guarantee; ``QueueEntry`` is the fast path.
Batch work never locks queue rows: ``SKIP LOCKED`` meets only other leases.
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from django.db import IntegrityError, connection, transaction
from django.db.models import F, QuerySet
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext as _

from labeling.errors import (
    ConflictError,
    ForbiddenError,
    InvalidInputError,
    NotFoundError,
)
from labeling.models import (
    ALL_WORK,
    AnnotationEvent,
    Assignment,
    Item,
    Job,
    Media,
    Membership,
    ProjectCounter,
    Work,
    lean,
)
from labeling.services import checks, events, order

MAX_COUNT: Final = 50
PASSED_FOR: Final = timedelta(seconds=10)


@dataclass(frozen=True)
class Lease:
    """What a person holds now, oldest first; ``reason`` where that is nothing."""

    assignments: list[Assignment]
    reason: str | None


def lease(
    member: Membership, count: int, external_ids: Sequence[str] | None = None
) -> Lease:
    """Lend up to ``count`` items: what the person holds already, then the next ones.

    ``external_ids`` asks for certain items, where the project allows a free choice.
    """
    if not 1 <= count <= MAX_COUNT:
        raise InvalidInputError(errors={"count": [f"From 1 to {MAX_COUNT}."]})
    if external_ids is not None:
        return _lease_chosen(member, external_ids)
    found = at_once(member, count)
    return Lease(found, None) if len(found) == count else _lease(member, count)


def _lease(member: Membership, count: int) -> Lease:
    """Lend with all that policy may ask for, step by step."""
    with transaction.atomic():
        await_limit(member)
        held = renew_held(member, count)
        if not (wanted := room(member, count - len(held))):
            return answer(member, held)
        taken = _take_mixed(member, wanted)
        if len(taken) < wanted:
            taken += _take_the_rest(member, wanted - len(taken))
    return answer(member, held + taken)


def await_limit(member: Membership) -> None:
    """Be the only one who lends to a person whose items are counted."""
    if member.quota is not None:
        Membership.objects.select_for_update(no_key=True).get(pk=member.pk)


def room(member: Membership, wanted: int) -> int:
    """Return how many of ``wanted`` more items this person may get now."""
    is_stopped = member.is_paused or member.project.is_paused or not _works(member)
    if is_stopped or wanted <= 0 or checks.falls_short(member):
        return 0
    return min(wanted, _quota_left(member))


# An array is looked up once. With IN a plan may look anew for each row, and a look that
# locks passes over rows that this statement has changed: past the limit, to the next.
_HELD = """
    UPDATE labeling_assignment a
    SET expires_at = now() + %(minutes)s * interval '1 minute'
    WHERE a.id = ANY(ARRAY(
        SELECT id FROM labeling_assignment
        WHERE annotator_id = %(user)s AND project_id = %(project)s
              AND state = 'leased' AND expires_at > now()
        ORDER BY id LIMIT %(count)s FOR UPDATE))
    RETURNING a.id
"""

# First votes before further ones; rows another lease has locked are skipped. A
# person's own items are passed over, among further votes only once: they are many
# where few people are at work. An expired or returned one may come back. The look-ups
# are subqueries with a limit: a join might read all that a person ever did.
_HEAD: Final = """
    SELECT q.id, q.item_id, q.slot, q.reason, q.probability, q.generation,
           q.model_number, q.suggestion, q.rank
    FROM labeling_queueentry q
    WHERE q.project_id = %(project)s AND q.is_first = %(is_first)s
          AND q.rank >= %(from)s::float8 {more}
          AND (SELECT a.id FROM labeling_assignment a
               WHERE a.annotator_id = %(user)s AND a.item_id = q.item_id
                     AND NOT a.is_repeat
                     AND a.state NOT IN ('expired', 'released') LIMIT 1) IS NULL
    ORDER BY q.rank, q.id
    LIMIT {count} FOR UPDATE SKIP LOCKED
"""
# Whose role is asked for some kinds of votes only walks each kind by itself: what others
# are to do is never read, however much of it lies ahead.
_OF_WORK: Final = _HEAD.format(more="AND q.work = %({work})s {more}", count="{count}")
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
    ), passed AS (
        UPDATE labeling_membership
        SET passed_rank = (SELECT min(rank) FROM picked),
            passed_generation = %(generation)s, passed_since = %(since)s
        WHERE id = %(member)s AND NOT %(is_first)s AND EXISTS (SELECT 1 FROM picked)
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
_LENT: Final = (("a", Assignment), ("i", Item), ("m", Media))
_LEFT: Final = "greatest(0, %(count)s - (SELECT count(*) FROM held))"
_TAKE_PICKED: Final = f"WITH {_PICKED} {_LEND_PICKED} RETURNING id, rank"
_LEND: Final = f"""
    WITH held AS ({_HELD.replace("RETURNING a.id", "RETURNING a.*")}), {_PICKED},
    lent AS ({_LEND_PICKED} RETURNING a.*),
    a AS (SELECT * FROM held UNION ALL SELECT * FROM lent)
    SELECT {lean.columns(*_LENT)}
    FROM a JOIN labeling_item i ON i.id = a.item_id
    LEFT JOIN labeling_media m ON m.id = i.media_id
    ORDER BY a.id
"""  # noqa: S608 (column names of our own models)


class _Walk:
    """The statements that find the head of a lane in one way."""

    def __init__(self, head: str) -> None:
        first = head.format(count="%(count)s", more="")
        these = head.format(count="%(count)s", more="AND q.id = ANY(%(these)s)")
        self.look: Final = head.format(count=1, more="")
        self.take: Final = _TAKE_PICKED.format(head=first)
        self.take_these: Final = _TAKE_PICKED.format(head=these)
        self.lend: Final = _LEND.format(head=head.format(count=_LEFT, more=""))


_ALL: Final = _Walk(_HEAD)
_SOME: Final = _Walk(_HEAD_OF_WORKS)


def _works(member: Membership) -> list[str]:
    return member.project.works_for(member.role)


def _walk(member: Membership) -> _Walk:
    return _ALL if len(_works(member)) == len(ALL_WORK) else _SOME


def at_once(member: Membership, count: int) -> list[Assignment]:
    """Lend in one round trip where policy asks for no more than the queue's head.

    Returns fewer than ``count`` where it does, or where the head does not suffice;
    what is lent stays the person's, and ``lease`` gives it again with the rest.
    """
    project = member.project
    share = _further_share(member)
    is_simple = member.quota is None and not (
        project.gold_rate or project.repeat_rate or project.least_skill
    )
    if member.is_paused or project.is_paused or not is_simple or (share and count > 1):
        return []
    is_first = random.random() >= share  # noqa: S311
    values = _lane(member, count, is_first=is_first or _passed(member) == math.inf)
    try:
        found = lean.fetch(_walk(member).lend, values, *_LENT)
    except IntegrityError:
        return []  # a slot was taken between the look and the insert
    lent = []
    for assignment, item, media in found:
        item.media = media
        assignment.item = item
        lent.append(assignment)
    return lent


def _further_share(member: Membership) -> float:
    """An item that needs m votes needs m - 1 further ones, so that is their share.

    To a role that is not asked for these, they are those of held-out items alone.
    """
    project, asked = member.project, _works(member)
    share = (project.min_votes - 1) / project.min_votes
    if Work.FURTHER in asked:
        return share if len(asked) > 1 else 1.0
    return share * project.evaluation_rate if Work.EVALUATION in asked else 0.0


def _passed(member: Membership) -> float | None:
    """Return the rank before which the person has passed over all further votes.

    What another lease held locked at that moment may lie free before it: so the walk
    begins anew now and then, and with each generation.
    """
    since = member.passed_since
    is_old = since is None or since < timezone.now() - PASSED_FOR
    is_now = member.passed_generation == member.project.queue_generation
    return member.passed_rank if is_now and not is_old else None


def _lane(
    member: Membership, count: int, *, is_first: bool, is_whole: bool = False
) -> dict[str, Any]:
    """Return the values for taking from a lane, where wanted from its very start."""
    start = None if is_first or is_whole else _passed(member)
    work, other_work = [*_works(member), "", ""][:2]
    return {
        **_values(member, count),
        "is_first": is_first,
        "work": work,
        "other_work": other_work,
        "from": -math.inf if start is None else start,
        "member": member.pk,
        "generation": member.project.queue_generation,
        "since": timezone.now() if start is None else member.passed_since,
    }


def _values(member: Membership, count: int) -> dict[str, Any]:
    return {
        "user": member.user_id,
        "project": member.project_id,
        "minutes": member.project.lease_minutes,
        "count": count,
        "works": _works(member),
    }


def renew_held(member: Membership, count: int) -> list[int]:
    """Return the ids of what the person holds, lent anew from now on."""
    with connection.cursor() as cursor:
        cursor.execute(_HELD, _values(member, count))
        return sorted(row[0] for row in cursor.fetchall())


def _take_mixed(member: Membership, count: int) -> list[int]:
    """Lend up to ``count`` slots, checks of the person where they are due among them.

    They are lent in the order in which they come, so that ids do not tell them either.
    """
    due = checks.due(member, count)
    if not any(due):
        return _take(member, count)
    taken = _take(member, random.randint(0, max(0, count - sum(due))))  # noqa: S311
    taken += checks.lend(member, due, count - len(taken))
    return taken + _take(member, count - len(taken))


def _take_the_rest(member: Membership, count: int) -> list[int]:
    """Lend what the queue did not give: wait for who fills it, or fill it oneself.

    Nobody is told that nothing is left while a free slot exists for them.
    """
    taken: list[int] = []
    order.await_turn(member.project_id)
    while True:
        taken += _take(member, count - len(taken))
        if len(taken) == count or not _free_more(member):
            return taken


def _free_more(member: Membership) -> int:
    project_id = member.project_id
    return order.refill(project_id, _works(member)) or reclaim(project_id=project_id)


def _take(member: Membership, count: int) -> list[int]:
    """Lend up to ``count`` slots and return the assignments' ids in queue order.

    A stale entry is dropped on the way; as long as entries are found, more are tried.
    """
    further = int(count * _further_share(member) + random.random())  # noqa: S311 (no secret)
    taken = _take_from(member, further, is_first=False)
    taken += _take_from(member, count - len(taken), is_first=True)
    taken += _take_from(member, count - len(taken), is_first=False, is_whole=True)
    return taken


def _take_from(member: Membership, count: int, **lane: bool) -> list[int]:
    taken: list[int] = []
    while len(taken) < count:
        found = _take_once(member, _lane(member, count - len(taken), **lane))
        if found is None:
            break
        taken += found
    return taken


def _take_once(member: Membership, values: dict[str, Any]) -> list[int] | None:
    """Return the ids lent by one statement, or None when the lane had nothing."""
    walk = _walk(member)
    if rows := _taken(walk.take, values):
        return [row[0] for row in sorted(rows, key=lambda row: (row[1], row[0]))]
    with connection.cursor() as cursor:
        cursor.execute(walk.look, values)
        if cursor.fetchone():
            return []
    if not values["is_first"]:
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
    values = {**_lane(member, len(entries), is_first=True), "these": list(entries)}
    return sorted(row[0] for row in _taken(_walk(member).take_these, values))


def _pass_all(member: Membership, values: dict[str, Any]) -> None:
    """Remember that no further vote of this generation is left for this person."""
    member.passed_rank = math.inf
    member.passed_generation = values["generation"]
    member.passed_since = values["since"]
    member.save(update_fields=["passed_rank", "passed_generation", "passed_since"])


def _quota_left(member: Membership) -> int:
    if member.quota is None:
        return MAX_COUNT
    answered = Assignment.objects.filter(
        annotator_id=member.user_id,
        project_id=member.project_id,
        state=Assignment.State.ANSWERED,
    )
    return max(0, member.quota - answered.count() - _held(member).count())


def _held(member: Membership) -> QuerySet[Assignment]:
    return Assignment.objects.filter(
        annotator_id=member.user_id,
        project_id=member.project_id,
        state=Assignment.State.LEASED,
        expires_at__gt=Now(),
    )


def answer(member: Membership, ids: list[int]) -> Lease:
    """Return the assignments with their items, or why there are none."""
    if not ids:
        return Lease([], _why_nothing(member))
    found = Assignment.objects.select_related("item", "item__media").in_bulk(ids)
    return Lease([found[pk] for pk in ids if pk in found], None)


def _why_nothing(member: Membership) -> str:  # noqa: PLR0911 (one per reason)
    """Say in one word why there is nothing for this person; pages say it in full."""
    project = member.project
    if project.is_paused or member.is_paused:
        return "paused"
    if checks.falls_short(member):
        return "skill"
    if member.quota is not None and not _quota_left(member):
        return "quota"
    items = Item.objects.filter(project=project)
    if not items.exists():
        return "empty_project"
    if not items.wanting_votes().exists():
        return "all_labeled"
    mine = Assignment.objects.filter(annotator_id=member.user_id).exclude(
        state__in=(Assignment.State.EXPIRED, Assignment.State.RELEASED)
    )
    if not items.wanting_votes().exclude(pk__in=mine.values("item")).exists():
        return "all_yours_done"
    return _why_none_is_free(member)


def _why_none_is_free(member: Membership) -> str:
    if not _may_come_back(member):
        return "role"
    is_training = Job.objects.filter(
        project=member.project_id, kind="learn.train", state=Job.State.RUNNING
    ).exists()
    return "training" if is_training else "all_lent"


# What another lease holds locked at this moment stands in the queue still.
_WITH_OTHERS = f"""
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
        WHERE NOT EXISTS (
            SELECT 1 FROM labeling_assignment mine
            WHERE mine.annotator_id = %(user)s AND mine.item_id = taken.item_id
                  AND mine.state NOT IN ('expired', 'released')))
"""  # noqa: S608 (our own words)


def _may_come_back(member: Membership) -> bool:
    """Whether others hold what this person's role is asked for; nothing is free."""
    if _walk(member) is _ALL:
        return True
    with connection.cursor() as cursor:
        cursor.execute(_WITH_OTHERS, _values(member, 1))
        return bool(cursor.fetchone()[0])


_CHOSEN = f"""
    INSERT INTO labeling_assignment AS a
        (project_id, item_id, annotator_id, slot, state, leased_at, expires_at,
         reason, generation)
    SELECT i.project_id, i.id, %(user)s, free.slot, 'leased', now(),
           now() + %(minutes)s * interval '1 minute', 'chosen', 0
    FROM labeling_item i
    CROSS JOIN LATERAL (
        SELECT n AS slot FROM generate_series(0, i.votes_wanted - 1) n
        WHERE NOT EXISTS (
            SELECT 1 FROM labeling_assignment b
            WHERE b.item_id = i.id AND b.slot = n AND b.state IN ('leased', 'answered'))
        AND {order.work_of("n")} = ANY(%(works)s)
        ORDER BY n LIMIT 1
    ) free
    WHERE i.project_id = %(project)s AND i.state = 'open' AND i.id = ANY(%(items)s)
    ORDER BY i.id LIMIT %(count)s
    ON CONFLICT (annotator_id, item_id, is_repeat) DO UPDATE
        SET slot = excluded.slot, state = 'leased', leased_at = excluded.leased_at,
            expires_at = excluded.expires_at, reason = 'chosen', suggestion = NULL
        WHERE a.state IN ('expired', 'released', 'skipped')
    RETURNING id
"""  # noqa: S608 (our own words)


def _lease_chosen(member: Membership, external_ids: Sequence[str]) -> Lease:
    if not member.project.free_choice:
        raise ForbiddenError(_("This project does not let people pick their items."))
    if len(external_ids) > MAX_COUNT:
        raise InvalidInputError(errors={"items": [f"At most {MAX_COUNT}."]})
    with transaction.atomic():
        await_limit(member)
        items = list(
            Item.objects.select_for_update(of=("self",), no_key=True)
            .filter(project_id=member.project_id, external_id__in=external_ids)
            .order_by("pk")
            .values_list("pk", flat=True)
        )
        mine = _held(member).filter(item__in=items)
        held = set(mine.values_list("item", flat=True))
        new = [pk for pk in items if pk not in held]
        most = room(member, len(new))
        with connection.cursor() as cursor:
            cursor.execute(_CHOSEN, {**_values(member, most), "items": new})
        ids = sorted(mine.values_list("pk", flat=True))
    if ids or (new and not most):
        return answer(member, ids)
    return Lease([], "none_of_these")


def own_assignment(member: Membership, assignment_id: int) -> Assignment:
    """Return the person's own assignment, locked until the transaction ends."""
    found = (
        Assignment.objects.select_for_update(of=("self",))
        .filter(
            pk=assignment_id,
            annotator_id=member.user_id,
            project_id=member.project_id,
        )
        .first()
    )
    if found is None:
        raise NotFoundError(_("There is no such assignment of yours."))
    return found


def release(member: Membership, assignment_id: int) -> Assignment:
    """Give an item back unanswered; others may get it, and so may this person."""
    with transaction.atomic():
        found = own_assignment(member, assignment_id)
        if found.state == Assignment.State.LEASED:
            _end(found, Assignment.State.RELEASED, AnnotationEvent.Kind.RELEASED, {})
    return found


def release_many(member: Membership, assignment_ids: Sequence[int]) -> int:
    """Give back what the person still holds of these; return how many."""
    return _give_back(member, pk__in=assignment_ids)


def release_all(member: Membership) -> int:
    """Give back all that the person holds in the project; return how many."""
    return _give_back(member)


def _give_back(member: Membership, **which: Any) -> int:
    with transaction.atomic():
        held = (
            Assignment.objects.select_for_update(of=("self",))
            .select_related("annotator")
            .filter(
                annotator_id=member.user_id,
                project_id=member.project_id,
                state=Assignment.State.LEASED,
                **which,
            )
            .order_by("pk")
        )
        found = list(held)
        for one in found:
            _end(one, Assignment.State.RELEASED, AnnotationEvent.Kind.RELEASED, {})
    return len(found)


def skip(member: Membership, assignment_id: int, reason: str = "") -> Assignment:
    """Pass an item on to others for good; doing it twice changes nothing."""
    with transaction.atomic():
        found = own_assignment(member, assignment_id)
        if found.state == Assignment.State.ANSWERED:
            raise ConflictError(_("It is answered already; undo the answer first."))
        if found.state != Assignment.State.SKIPPED:
            _end(
                found,
                Assignment.State.SKIPPED,
                AnnotationEvent.Kind.SKIPPED,
                {"reason": reason},
            )
            count(member, skips=1)
    return found


def flag(member: Membership, assignment_id: int, comment: str = "") -> Assignment:
    """Say that something is wrong with an item; it stays with the person."""
    with transaction.atomic():
        found = own_assignment(member, assignment_id)
        events.append(
            found,
            AnnotationEvent.Kind.FLAGGED,
            {"comment": comment},
            actor_id=member.user_id,
        )
        Item.objects.filter(pk=found.item_id).update(flags=F("flags") + 1)
        count(member, flags=1)
    return found


def shard_of(member: Membership) -> int:
    """Return which of the counters' rows a person's doings are counted in."""
    return member.user_id % ProjectCounter.SHARDS


def count(member: Membership, **changes: int) -> None:
    """Change the project's counters in this transaction."""
    ProjectCounter.add(member.project_id, shard=member.user_id, **changes)


def _end(
    found: Assignment,
    state: Assignment.State,
    kind: AnnotationEvent.Kind,
    payload: dict[str, Any],
) -> None:
    found.state = state
    found.save(update_fields=["state"])
    events.append(found, kind, payload, actor_id=found.annotator_id)
    order.requeue([found])


def reclaim(limit: int = 1000, *, project_id: int | None = None) -> int:
    """Take back expired leases, of one project or all, at most ``limit``; how many."""
    ended = Assignment.objects.filter(
        state=Assignment.State.LEASED, expires_at__lt=Now()
    )
    if project_id is not None:
        ended = ended.filter(project_id=project_id)
    with transaction.atomic():
        expired = list(
            ended.select_for_update(skip_locked=True).order_by("expires_at")[:limit]
        )
        Assignment.objects.filter(pk__in=[one.pk for one in expired]).update(
            state=Assignment.State.EXPIRED
        )
        AnnotationEvent.objects.bulk_create(
            AnnotationEvent(
                project_id=one.project_id,
                item_id=one.item_id,
                assignment=one,
                kind=AnnotationEvent.Kind.EXPIRED,
                at=timezone.now(),
            )
            for one in expired
        )
        order.requeue(expired)
    return len(expired)
