"""Known right answers: what an import or a demonstration brings along."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Greatest
from django.utils import timezone

from labeling.errors import ConflictError
from labeling.messages import sentence as _
from labeling.models import Gold, Item, Project, Resolution
from labeling.services.votes import resolutions


def refuse_where_known(item_id: int) -> None:
    """Raise ConflictError where people are asked about the item's known answer."""
    if Gold.objects.filter(item=item_id).exists():
        raise ConflictError(
            _("Its answer is known, and gold questions rely on it: it stays as it is.")
        )


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
        Item.objects.filter(pk__in=[item.pk for item, _labels in known]).update(
            # Nobody is asked to check what is known.
            state=Item.State.SETTLED,
            votes_wanted=Greatest(F("votes"), 1),
        )
        # Lock order: the items, then the counter, whose row everybody wants.
        pool = sum(item.split == Item.Split.POOL for item, _ in known)
        resolutions.count(project.pk, resolutions.Gain(confident=pool))
