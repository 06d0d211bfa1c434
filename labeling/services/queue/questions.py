"""Gold questions: items with a known answer, asked to see how well people do.

Nothing that a labeler receives tells them from other items. They take slots of their
own, far above those of votes, so that everybody can be asked the same question.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Final

from django.db import connection, transaction
from django.utils.translation import gettext as _

from labeling.errors import InvalidInputError
from labeling.models import (
    Assignment,
    Gold,
    Item,
    Membership,
    Precedent,
    Reason,
    Resolution,
)

FIRST_FEW: Final = 3
MOST_MARKED: Final = 1000

_LEND = """
    INSERT INTO labeling_assignment
        (project_id, item_id, annotator_id, slot, state, leased_at, expires_at,
         reason, generation)
    SELECT i.project_id, i.id, %(user)s, last.slot + 1, 'leased', now(),
           now() + %(minutes)s * interval '1 minute', 'gold', 0
    FROM labeling_gold g
    JOIN labeling_item i ON i.id = g.item_id
    CROSS JOIN LATERAL (
        SELECT greatest(max(slot), 999) AS slot FROM labeling_assignment a
        WHERE a.item_id = i.id AND a.reason = 'gold') AS last
    WHERE i.project_id = %(project)s AND g.is_question AND i.state = 'settled'
          AND NOT EXISTS (
              SELECT 1 FROM labeling_assignment a
              WHERE a.annotator_id = %(user)s AND a.item_id = i.id)
    ORDER BY hashint8extended(i.id, %(user)s) LIMIT %(count)s
    ON CONFLICT DO NOTHING
    RETURNING id
"""


def due(member: Membership, wanted: int) -> int:
    """Return how many of the next ``wanted`` items are to be gold questions.

    The first few come at once, later ones at the project's rate, by chance.
    """
    rate = member.project.gold_rate
    if not rate or not wanted:
        return 0
    asked = Assignment.objects.filter(
        annotator_id=member.user_id, project_id=member.project_id, reason=Reason.GOLD
    )[:FIRST_FEW].count()
    by_chance = sum(random.random() < rate for _ in range(wanted))  # noqa: S311
    return min(wanted, max(FIRST_FEW - asked, by_chance))


def lend(member: Membership, count: int) -> list[int]:
    """Lend up to ``count`` questions that the person has never seen; return the ids.

    Each person meets them in an order of their own. Where two people are asked the
    same question at one moment, one of them is asked it later.
    """
    values = {
        "user": member.user_id,
        "project": member.project_id,
        "minutes": member.project.lease_minutes,
        "count": count,
    }
    with connection.cursor() as cursor:
        cursor.execute(_LEND, values)
        return sorted(row[0] for row in cursor.fetchall())


def mark(
    member: Membership, external_ids: Sequence[str], *, is_question: bool
) -> list[Gold]:
    """Make items gold questions, or stop asking them; return their known answers.

    Raises InvalidInputError naming the first item whose answer is not known for
    sure, by an expert's decision or an import.
    """
    wanted = sorted(set(external_ids))
    if not wanted or len(wanted) > MOST_MARKED:
        raise InvalidInputError(
            errors={
                "items": [_("From 1 to %(most)s external ids.") % {"most": MOST_MARKED}]
            }
        )
    with transaction.atomic():
        items = Item.objects.select_for_update(no_key=True).filter(
            project_id=member.project_id, external_id__in=wanted
        )
        known = {one.external_id: one for one in items.order_by("pk")}
        golds = [_gold(known.get(name), name) for name in wanted]
        for gold in golds:
            gold.is_question = is_question
            gold.save()
    return golds


def _gold(item: Item | None, name: str) -> Gold:
    if item is None:
        raise InvalidInputError(
            errors={
                "items": [
                    _("“%(name)s” is not an item of this project.") % {"name": name}
                ]
            }
        )
    if Precedent.objects.filter(resolution__item=item).exists():
        why = _(
            "“%(name)s” is an example in the guideline: everybody has seen its answer."
        )
        raise InvalidInputError(errors={"items": [why % {"name": name}]})
    if found := Gold.objects.select_related("item").filter(item=item).first():
        return found
    decided = Resolution.objects.filter(
        item=item, superseded_at=None, source=Resolution.Source.EXPERT
    ).first()
    if decided is None or not decided.labels:
        why = _(
            "The answer of “%(name)s” is not known for sure: an expert must decide it first."
        )
        raise InvalidInputError(errors={"items": [why % {"name": name}]})
    return Gold(item=item, labels=decided.labels, label_set_id=decided.label_set_id)
