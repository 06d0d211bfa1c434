"""The label that an item has: recorded, ended, brought back, taken for training."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from labeling import signals
from labeling.models import Item, Project, ProjectCounter, Resolution
from labeling.services.queue import reviews
from labeling.services.votes import relabel

# Of a project: what new labels add to the counts that start a retrain, by column.
CountGain = Counter[str]


def record(resolution: Resolution) -> CountGain:
    """Save a resolution in place of the current one.

    Return what it adds to the counts that start a retrain.
    """
    earlier = Resolution.objects.filter(item_id=resolution.item_id)
    past = list(earlier)
    gain = gain_of(resolution, past, relabel.names_now(resolution.project_id))
    for current in past:
        if current.superseded_at is None:
            supersede(current)
    resolution.save(force_insert=True)
    reviews.settle([resolution])
    return gain


def gain_of(
    new: Resolution,
    past: Iterable[Resolution],
    names: Mapping[int, Mapping[str, str]],
) -> CountGain:
    """Return what a label adds to the counts that start a retrain; call before saving.

    past: all earlier resolutions of the item, also superseded ones: its first confident
    label counts once and for all, and from then on each that is another than the one
    before, which is marked. names: what labels of each label set are called today.
    """
    is_guess = new.source == Resolution.Source.AUTO
    if new.is_ambiguous or is_guess or new.item.split != Item.Split.POOL:
        return CountGain()
    # What the model's answer alone settled is no label of people: it starts no retrain.
    confident = [
        label
        for label in past
        if not label.is_ambiguous and label.source != Resolution.Source.AUTO
    ]
    if not confident:
        return CountGain(confident=1)
    # The current one may be older than one that was taken back.
    before = max(confident, key=lambda label: (label.superseded_at is None, label.pk))
    known = relabel.translated(before.labels, names[before.label_set_id])
    new.is_correction = tuple(sorted(new.labels)) != known
    return CountGain(corrected=int(new.is_correction))


class CurrentLabel(NamedTuple):
    """What an item is taken to be: by which resolution, and where that comes from.

    content: the SHA-256 of the item's payload. shares: of each label among the votes, in
    [0, 1]. is_ambiguous: an expert finds no single answer right, so the shares count.
    since: when the resolution was made.
    """

    resolution: int
    item: int
    names: list[str]
    source: str
    content: str
    shares: dict[str, float]
    is_ambiguous: bool
    since: datetime


def current(
    project: Project, split: str, items: Sequence[int] | None = None
) -> list[CurrentLabel]:
    """Return the labels of a split, or of some of its items, sorted by item."""
    labels = Resolution.objects.filter(
        project=project, superseded_at=None, item__split=split
    ).exclude(item__state=Item.State.INVALID)
    if items is not None:
        labels = labels.filter(item__in=items)
    return _listed(labels)


def at(project: Project, items: Sequence[int], then: datetime) -> list[CurrentLabel]:
    """Return the labels that items had at a moment, as they are called today, by item."""
    labels = Resolution.objects.filter(
        project=project, item__in=items, created_at__lte=then
    )
    return _listed(labels.filter(Q(superseded_at=None) | Q(superseded_at__gt=then)))


def _listed(labels: QuerySet[Resolution]) -> list[CurrentLabel]:
    rows = labels.order_by("item_id").values_list(
        *("pk", "item_id", "labels", "source", "item__content_hash", "soft_label"),
        *("is_ambiguous", "created_at"),
    )
    return [CurrentLabel(*row) for row in rows]


def take(
    project: Project, split: str, items: Sequence[int] | None = None
) -> list[CurrentLabel]:
    """Return the labels of a split, or of some items, by item, and mark them as used.

    A decision whose label is marked cannot be taken back any more.
    """
    with transaction.atomic():
        now = timezone.now()
        labels = current(project, split, items)
        # Filter by id: with stale statistics the planner chooses a nested loop.
        taken = Resolution.objects.filter(pk__in=[label.resolution for label in labels])
        taken.filter(superseded_at=None, used_at=None).update(used_at=now)
        # The update waits for whoever has locked one of these, and looks at it again.
        # Race: an expert who took a decision back just now has ended its label.
        ended = set(taken.filter(used_at=None).values_list("pk", flat=True))
        return [label for label in labels if label.resolution not in ended]


def supersede(current: Resolution) -> None:
    """End a resolution; it stays in the item's history."""
    current.superseded_at = timezone.now()
    current.save(update_fields=["superseded_at"])


def bring_back(ended: Resolution) -> None:
    """Make a superseded resolution the item's label again, as it was."""
    ended.superseded_at = None
    ended.save(update_fields=["superseded_at"])
    reviews.settle([ended])


def take_back(label: Resolution) -> CountGain:
    """End a label that is taken back before anything learned from it.

    Return what that takes from the counts that start a retrain: a correction that was
    none in the end. A first label stays counted: the item's next one is not its first.
    """
    gain = CountGain(corrected=-int(label.is_correction))
    label.is_correction = False
    label.superseded_at = timezone.now()
    label.save(update_fields=["is_correction", "superseded_at"])
    return gain


def count(project_id: int, gain: CountGain) -> None:
    """Count new labels, in the transaction that gives them."""
    if changes := {name: number for name, number in gain.items() if number}:
        ProjectCounter.add(project_id, **changes)


def send_labels_settled(project_id: int) -> None:
    """Tell the learner after the commit that there are new labels."""
    signals.send_on_commit(signals.labels_settled, project_id)
