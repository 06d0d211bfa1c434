"""Repeats: whether a person would answer the same again.

A repeat is no vote: no label, count or agreement hears of it.
"""

from __future__ import annotations

import random
from typing import Final

from django.db import connection

from labeling.models import Annotation, Membership

# So many answers lie between an answer and its repeat.
APART: Final = 30
NEAR: Final = 20

_LEND = """
    WITH before AS (
        SELECT item_id FROM labeling_annotation
        WHERE annotator_id = %(user)s AND project_id = %(project)s AND id <= %(latest)s
              AND undone_at IS NULL AND reason NOT IN ('gold', 'repeat', 'import')
        ORDER BY id DESC LIMIT %(near)s
    )
    INSERT INTO labeling_assignment
        (project_id, item_id, annotator_id, slot, state, leased_at, expires_at,
         reason, generation)
    SELECT %(project)s, b.item_id, %(user)s, last.slot + 1, 'leased', now(),
           now() + %(minutes)s * interval '1 minute', 'repeat', 0
    FROM before b
    JOIN labeling_item i ON i.id = b.item_id AND i.state <> 'invalid'
    CROSS JOIN LATERAL (
        SELECT greatest(max(slot), 9999) AS slot FROM labeling_assignment a
        WHERE a.item_id = b.item_id AND a.is_repeat) AS last
    WHERE NOT EXISTS (
        SELECT 1 FROM labeling_assignment a
        WHERE a.annotator_id = %(user)s AND a.item_id = b.item_id AND a.is_repeat)
    ORDER BY hashint8extended(b.item_id, %(user)s) LIMIT %(count)s
    ON CONFLICT DO NOTHING
    RETURNING id
"""


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
        "count": count,
    }
    with connection.cursor() as cursor:
        cursor.execute(_LEND, values)
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
    return random.randint(oldest, newest)  # noqa: S311
