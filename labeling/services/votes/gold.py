"""Known right answers: what an import or a demonstration brings along."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Greatest
from django.utils import timezone

from labeling.errors import ConflictError
from labeling.messages import sentence as _
from labeling.models import (
    Gold,
    Item,
    Project,
    Resolution,
    User,
)
from labeling.services.queue import reviews
from labeling.services.votes import resolutions, writing


def refuse_where_known(item_id: int) -> None:
    """Raise ConflictError where people are asked about the item's known answer."""
    if Gold.objects.filter(item=item_id).exists():
        raise ConflictError(
            _("Its answer is known, and gold questions rely on it: it stays as it is.")
        )


class EarlierLabel(NamedTuple):
    """Where the label of an item of our own export came from, and how sure it was."""

    source: str
    confidence: float
    soft_label: Mapping[str, float]
    settled_by: str


def known(labels: Sequence[str]) -> EarlierLabel:
    """Return that labels are known to be right."""
    shares = dict.fromkeys(labels, 1.0)
    return EarlierLabel(Resolution.Source.GOLD.value, 1.0, shares, "")


LabeledItem = tuple[Item, Sequence[str], EarlierLabel]


def record(project: Project, pairs: Sequence[tuple[Item, Sequence[str]]]) -> None:
    """Give items without a label their known answers; they ask for no votes then.

    Raises IntegrityError where an item has a known answer already.
    """
    if not pairs:
        return
    with transaction.atomic():
        Gold.objects.bulk_create(
            Gold(item=item, labels=sorted(labels), label_set_id=project.label_set_pk)
            for item, labels in pairs
        )
        restore(project, [(item, labels, known(labels)) for item, labels in pairs])


def restore(project: Project, labeled: Sequence[LabeledItem]) -> None:
    """Give items without a label that of the items that they were; they ask for no votes."""
    if not labeled:
        return
    now = timezone.now()
    with transaction.atomic():
        given = Resolution.objects.bulk_create(
            Resolution(
                project=project,
                item=item,
                labels=sorted(labels),
                label_set_id=project.label_set_pk,
                created_at=now,
                **label._asdict(),
            )
            for item, labels, label in labeled
        )
        Item.objects.filter(pk__in=[item.pk for item, *_ in labeled]).update(
            # Nobody is asked to check what is known.
            state=Item.State.SETTLED,
            votes_wanted=Greatest(F("votes"), 1),
        )
        reviews.settle(given)
        # Lock order: the items, then the counter, whose row everybody wants.
        pool = sum(item.split == Item.Split.POOL for item, *_ in labeled)
        resolutions.count(project.pk, resolutions.CountGain(confident=pool))


def correct(
    project: Project,
    pairs: Sequence[tuple[Item, Sequence[str]]],
    user: User | None,
) -> None:
    """Give labeled items other known answers; what people voted is judged anew.

    The caller has locked the votes (``writing.lock_asked``) and then the items.
    """
    if not pairs:
        return
    gain = resolutions.CountGain()
    with transaction.atomic():
        for item, labels in pairs:
            Gold.objects.update_or_create(
                item=item,
                defaults={
                    "labels": sorted(labels),
                    "label_set_id": project.label_set_pk,
                },
            )
            gain.update(resolutions.record(_corrected(project, item, labels, user)))
            item.close(Item.State.SETTLED)
            item.save(update_fields=["state", "votes_wanted"])
        # Lock order: the votes and the items, then the counters.
        writing.judge_anew([item.pk for item, _labels in pairs])
        resolutions.count(project.pk, gain)
        resolutions.send_labels_settled(project.pk)


def _corrected(
    project: Project, item: Item, labels: Sequence[str], user: User | None
) -> Resolution:
    label = known(labels)
    return Resolution(
        project=project,
        item=item,
        labels=sorted(labels),
        source=label.source,
        confidence=label.confidence,
        soft_label=label.soft_label,
        label_set_id=project.label_set_pk,
        decided_by=user,
        created_at=timezone.now(),
    )
