"""Lend items: who gets what next, or why there is nothing.

The constraints of ``Assignment`` are the guarantee; ``QueueEntry`` is the fast path.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from django.db import IntegrityError, connection, transaction
from django.db.models import QuerySet
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from labeling.errors import (
    ForbiddenError,
    InvalidInputError,
)
from labeling.models import (
    Assignment,
    Item,
    Membership,
)
from labeling.services.queue import checks, giving_back, order, take
from labeling.services.queue.locks import lock_membership
from labeling.services.work import jobs
from labeling.services.work.transactions import Turn, await_turn

MAX_COUNT: Final = 50


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
    due = _checks_due(member, count)
    found = [] if any(due) else _from_head(member, count)
    if len(found) == count:
        return Lease(found, None)
    try:
        return _lease(member, count, due)
    except IntegrityError:
        # An item was deleted between the look at it and the commit.
        return _lease(member, count, due)


def _checks_due(member: Membership, count: int) -> checks.Due:
    """Draw which checks of the person are to be among what is lent to them now."""
    if not checks.are_asked(member):
        return checks.NONE
    return checks.due(member, room(member, count - take.holds(member)))


def _lease(member: Membership, count: int, due: checks.Due) -> Lease:
    """Lend with all that policy may ask for, step by step."""
    with transaction.atomic():
        lock_membership(member)
        held = take.renew_held(member, count)
        if not (wanted := room(member, count - len(held))):
            return answer(member, held)
        taken = _take_mixed(member, wanted, due)
        if len(taken) < wanted:
            taken += _take_the_rest(member, wanted - len(taken))
    return answer(member, held + taken)


def room(member: Membership, wanted: int) -> int:
    """Return how many of ``wanted`` more items this person may get now."""
    if wanted <= 0 or _is_stopped(member):
        return 0
    return min(wanted, _quota_left(member))


def _is_stopped(member: Membership) -> bool:
    is_paused = member.is_paused or member.project.is_paused
    return is_paused or not take.works(member) or checks.falls_short(member)


def lease_at_once(member: Membership, count: int) -> list[Assignment]:
    """Lend in one round trip where policy asks for no more than the queue's head.

    Returns fewer than ``count`` where it does, or where the head does not suffice;
    what is lent stays the person's, and ``lease`` gives it again with the rest.
    """
    return [] if checks.are_asked(member) else _from_head(member, count)


def _from_head(member: Membership, count: int) -> list[Assignment]:
    is_mixed = count > 1 and take.further_share(member)
    if is_mixed or _is_stopped(member):
        return []
    try:
        if member.quota is None:
            return take.lend(member, count)
        with transaction.atomic():
            lock_membership(member)
            return take.lend(member, count)
    except IntegrityError:
        return []


def _take_mixed(member: Membership, count: int, due: checks.Due) -> list[int]:
    """Lend up to ``count`` slots, checks of the person where they are due among them.

    They are lent in the order in which they come, so that ids do not tell them either.
    """
    if not any(due):
        return take.take(member, count)
    taken = take.take(member, random.randint(0, max(0, count - sum(due))))  # noqa: S311
    taken += checks.lend(member, due, count - len(taken))
    return taken + take.take(member, count - len(taken))


def _take_the_rest(member: Membership, count: int) -> list[int]:
    """Lend what the queue did not give: wait for who fills it, or fill it oneself.

    Nobody is told that nothing is left while a free slot exists for them.
    """
    taken: list[int] = []
    await_turn(Turn.ORDER, member.project_id)
    while True:
        taken += take.take(member, count - len(taken))
        if len(taken) == count or not _free_more(member):
            return taken


def _free_more(member: Membership) -> int:
    project_id = member.project_id
    added = order.refill(project_id, take.works(member), member.user_id)
    return added or giving_back.reclaim(project_id=project_id)


def _quota_left(member: Membership) -> int:
    if member.quota is None:
        return MAX_COUNT
    return max(0, member.quota - take.used(member))


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
    if not take.may_come_back(member):
        return "role"
    return jobs.wait_reason(member.project_id) or "all_lent"


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
          AND {order.WANTS_MORE}
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
        lock_membership(member)
        own = Assignment.objects.filter(
            annotator_id=member.user_id,
            project_id=member.project_id,
            item__external_id__in=external_ids,
        )
        list(own.select_for_update(of=("self",)).order_by("pk").values_list("pk"))
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
            cursor.execute(_CHOSEN, {**take.values_of(member, most), "items": new})
        ids = sorted(mine.values_list("pk", flat=True))
    if ids or (new and not most):
        return answer(member, ids)
    return Lease([], "none_of_these")
