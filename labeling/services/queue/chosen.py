"""Lend the items that a person picks, where the project allows a free choice."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import IntegrityError, connection
from django.db.models.functions import Now

from labeling.errors import ForbiddenError, InvalidInputError
from labeling.messages import sentence as _
from labeling.models import Assignment, Item, Membership
from labeling.services.queue import allowance, nothing_left
from labeling.services.queue.allowance import Allowance
from labeling.services.queue.lease import HeldItems
from labeling.services.queue.locks import alone
from labeling.services.queue.statements import SQL
from labeling.services.queue.take import with_items


def lease(member: Membership, external_ids: Sequence[str]) -> HeldItems:
    """Lend those of the items that the person holds or that are free.

    Raises ForbiddenError where the project allows no choice, and InvalidInputError for
    too many items.
    """
    if not member.project.free_choice:
        raise ForbiddenError(_("This project does not let people pick their items."))
    if len(external_ids) > allowance.MAX_COUNT:
        why = _("At most %(most)s.") % {"most": allowance.MAX_COUNT}
        raise InvalidInputError(errors={"items": [why]})
    try:
        return _lease(member, external_ids)
    except IntegrityError:
        # Race: the lock on an item keeps no other lease from inserting. One took a slot
        # between our look and our insert; the second look sees it.
        return _lease(member, external_ids)


def _lease(member: Membership, external_ids: Sequence[str]) -> HeldItems:
    with alone(member):
        items = _lock(member, external_ids)
        held = Assignment.objects.filter(
            annotator_id=member.user_id,
            project_id=member.project_id,
            state=Assignment.State.LEASED,
            expires_at__gt=Now(),
            item__in=items,
        )
        known = set(held.values_list("item", flat=True))
        # What the person holds already takes no further slot and nothing of a quota.
        new = [pk for pk in items if pk not in known]
        allowed = allowance.of(member)
        _lend(member, new, allowed)
        ids = sorted(held.values_list("pk", flat=True))
    if lent := with_items(ids):
        return HeldItems(lent, None)
    # The person could get items, but none of these.
    if not ids and (allowed.count or not new):
        return HeldItems([], "none_of_these")
    return HeldItems([], nothing_left.reason(member, allowed))


def _lock(member: Membership, external_ids: Sequence[str]) -> list[int]:
    """Lock what the person has of these items, then the items; return their ids."""
    own = Assignment.objects.filter(
        annotator_id=member.user_id,
        project_id=member.project_id,
        item__external_id__in=external_ids,
    )
    # Lock order: the assignments by id, then the items by id (README, Locks); giving
    # back and votes take them in this order, and another could deadlock with them.
    list(own.select_for_update(of=("self",)).order_by("pk").values_list("pk"))
    # The weaker lock (no_key): a full lock would stop everybody who inserts a row that
    # refers to one of these items.
    items = Item.objects.select_for_update(of=("self",), no_key=True).filter(
        project_id=member.project_id, external_id__in=external_ids
    )
    return list(items.order_by("pk").values_list("pk", flat=True))


def _lend(member: Membership, items: Sequence[int], allowed: Allowance) -> None:
    values: dict[str, Any] = {
        "user": member.user_id,
        "project": member.project_id,
        "minutes": member.project.lease_minutes,
        "purposes": list(allowed.purposes),
        "items": list(items),
        "count": allowed.count,
    }
    with connection.cursor() as cursor:
        cursor.execute(SQL["lend_chosen"], values)
