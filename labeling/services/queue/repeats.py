"""Repeats: whether a person would answer the same again.

A repeat is no vote: no label, count or agreement hears of it.
"""

from __future__ import annotations

import random
from typing import Final

from django.db import connection

from labeling.models import Annotation, Membership
from labeling.services.queue import numbers
from labeling.services.queue.statements import SQL

# How many votes lie between a vote and its repeat.
APART: Final = 30
# Repeats are drawn from this number of answers around a random moment.
NEAR: Final = 20


def due(member: Membership, wanted: int) -> int:
    """Return how many of the next ``wanted`` items are to be repeats, by chance."""
    rate = member.project.repeat_rate
    return sum(random.random() < rate for _ in range(wanted))  # noqa: S311


def lend(member: Membership, count: int) -> list[int]:
    """Lend up to ``count`` items of the person's past, each once; return the ids.

    They come from around a random moment at least ``APART`` answers ago, so that the
    whole past is never read.
    """
    latest = _some_moment(member) if count else None
    if latest is None:
        return []
    values = {
        "user": member.user_id,
        "project": member.project_id,
        "minutes": member.project.lease_minutes,
        "latest": latest,
        "near": NEAR,
        "first_slot": numbers.FIRST_REPEAT_SLOT,
        "count": count,
    }
    with connection.cursor() as cursor:
        cursor.execute(SQL["lend_repeats"], values)
        return sorted(row[0] for row in cursor.fetchall())


def _some_moment(member: Membership) -> int | None:
    """Return the id of about when a repeated answer was given, or None: too early."""
    own = Annotation.votes.filter(
        annotator_id=member.user_id, project_id=member.project_id
    ).values_list("pk", flat=True)
    newest = own.order_by("-pk")[APART : APART + 1].first()
    oldest = own.order_by("pk").first()
    if newest is None or oldest is None:
        return None
    # Ids of all projects lie between: a random id, not a random answer, so that no
    # history has to be counted.
    return random.randint(oldest, newest)  # noqa: S311
