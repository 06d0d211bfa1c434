"""Gold questions: items with a known answer, asked to see how well people do.

Nothing that a labeler receives tells them from other items. They take slots of their
own, far above those of votes, so that everybody can be asked the same question.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Final

from django.db import connection, transaction

from labeling.errors import InvalidInputError
from labeling.messages import sentence as _
from labeling.models import (
    Gold,
    Item,
    Membership,
    Precedent,
    Resolution,
)
from labeling.services.queue import numbers
from labeling.services.queue.allowance import FIRST_FEW
from labeling.services.queue.statements import SQL

MOST_MARKED: Final = 1000


def due(member: Membership, wanted: int, asked_before: int) -> int:
    """Return how many of the next ``wanted`` items are to be gold questions.

    The first few come at once, later ones at the project's rate, by chance.
    """
    rate = member.project.gold_rate
    if not rate:
        return 0
    by_chance = sum(random.random() < rate for _ in range(wanted))  # noqa: S311
    return min(wanted, max(FIRST_FEW - asked_before, by_chance))


def lend(member: Membership, count: int) -> list[int]:
    """Lend up to ``count`` questions that the person has never seen; return the ids.

    Each person meets them in an order of their own. Where two people are asked the
    same question at one moment, one of them is asked it later.
    """
    values = {
        "user": member.user_id,
        "project": member.project_id,
        "minutes": member.project.lease_minutes,
        "first_slot": numbers.FIRST_QUESTION_SLOT,
        "count": count,
    }
    with connection.cursor() as cursor:
        cursor.execute(SQL["lend_questions"], values)
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
        # By id, as everybody locks items; otherwise this and a settling could deadlock.
        # Race: without the lock, an expert could reopen an item between the look at its
        # decision and the commit.
        items = Item.objects.select_for_update(no_key=True).filter(
            project_id=member.project_id, external_id__in=wanted
        )
        known = {item.external_id: item for item in items.order_by("pk")}
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
    if gold := Gold.objects.select_related("item").filter(item=item).first():
        return gold
    decided = Resolution.objects.filter(
        item=item, superseded_at=None, source=Resolution.Source.EXPERT
    ).first()
    if decided is None or not decided.labels:
        why = _(
            "The answer of “%(name)s” is not known for sure: an expert must decide it first."
        )
        raise InvalidInputError(errors={"items": [why % {"name": name}]})
    return Gold(item=item, labels=decided.labels, label_set_id=decided.label_set_id)
