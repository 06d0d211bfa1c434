"""Why the queue has nothing for a person; pages say it in full."""

from __future__ import annotations

from typing import Any

from django.db import connection

from labeling.models import ALL_WORK, Assignment, Item, Membership
from labeling.services.queue.allowance import works
from labeling.services.queue.reasons import Reason
from labeling.services.queue.statements import SQL
from labeling.services.work import jobs


def reason(member: Membership) -> Reason:
    """Say in one word why no slot is free for a person who may get one."""
    items = Item.objects.filter(project=member.project_id)
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


def _why_none_is_free(member: Membership) -> Reason:
    if not _is_held_by_others(member):
        return "role"
    return jobs.wait_reason(member.project_id) or "all_lent"


def _is_held_by_others(member: Membership) -> bool:
    """Whether others hold what this person's role is asked for; nothing is free."""
    asked = works(member)
    if len(asked) == len(ALL_WORK):
        return True
    values: dict[str, Any] = {
        "user": member.user_id,
        "project": member.project_id,
        "works": asked,
    }
    with connection.cursor() as cursor:
        cursor.execute(SQL["is_held_by_others"], values)
        return bool(cursor.fetchone()[0])
