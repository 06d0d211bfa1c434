"""Why a person gets nothing; pages say it in full."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import connection

from labeling.models import ALL_PURPOSES, Assignment, Item, Membership
from labeling.services.queue.allowance import Allowance
from labeling.services.queue.reasons import WhyNothing
from labeling.services.queue.statements import SQL
from labeling.services.work import jobs


def reason(member: Membership, allowed: Allowance) -> WhyNothing:
    """Say in one word why a person gets nothing: because of them, or of the queue."""
    return allowed.reason or _of_the_queue(member, allowed.purposes)


def _of_the_queue(member: Membership, purposes: Sequence[str]) -> WhyNothing:
    items = Item.objects.filter(project=member.project_id)
    # From the cheapest question to the dearest.
    if not items.exists():
        return "empty_project"
    # A held-out item that is only to be checked by somebody else has its label.
    if not items.wanting_votes().filter(state=Item.State.OPEN).exists():
        return "all_labeled"
    mine = Assignment.objects.filter(annotator_id=member.user_id).exclude(
        state__in=(Assignment.State.EXPIRED, Assignment.State.RELEASED)
    )
    if not items.wanting_votes().exclude(pk__in=mine.values("item")).exists():
        return "all_yours_done"
    return _why_none_is_free(member, purposes)


def _why_none_is_free(member: Membership, purposes: Sequence[str]) -> WhyNothing:
    if not _is_held_by_others(member, purposes):
        return "role"
    return jobs.wait_reason(member.project_id) or "all_lent"


def _is_held_by_others(member: Membership, purposes: Sequence[str]) -> bool:
    """Whether others hold votes of these ``purposes``; nothing of them is free."""
    # Whoever is asked for all kinds of work would get what is free, so it is lent.
    if len(purposes) == len(ALL_PURPOSES):
        return True
    values: dict[str, Any] = {
        "user": member.user_id,
        "project": member.project_id,
        "purposes": list(purposes),
    }
    with connection.cursor() as cursor:
        cursor.execute(SQL["is_held_by_others"], values)
        return bool(cursor.fetchone()[0])
