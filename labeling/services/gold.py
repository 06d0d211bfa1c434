"""Known right answers: what an import or a demonstration brings along."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction
from django.utils import timezone

from labeling.models import Gold, Item, Project, Resolution
from labeling.services import settle


def record(project: Project, known: Sequence[tuple[Item, Sequence[str]]]) -> None:
    """Give items without a label their known answers; they ask for no votes then.

    Raises IntegrityError where an item has a known answer already.
    """
    label_set = project.label_set_pk
    now = timezone.now()
    with transaction.atomic():
        Gold.objects.bulk_create(
            Gold(item=item, labels=sorted(labels), label_set_id=label_set)
            for item, labels in known
        )
        Resolution.objects.bulk_create(
            Resolution(
                project=project,
                item=item,
                labels=sorted(labels),
                source=Resolution.Source.GOLD,
                confidence=1.0,
                soft_label=dict.fromkeys(labels, 1.0),
                label_set_id=label_set,
                created_at=now,
            )
            for item, labels in known
        )
        Item.objects.filter(pk__in=[item.pk for item, _ in known]).update(
            state=Item.State.SETTLED
        )
        pool = sum(item.split == Item.Split.POOL for item, _ in known)
        settle.count_confident(project.pk, pool)
