"""The label that an item has: recorded, ended, brought back, taken for training."""

from __future__ import annotations

from typing import NamedTuple

from django.db import transaction
from django.utils import timezone

from labeling import signals
from labeling.models import Item, Project, ProjectCounter, Resolution


def record(resolution: Resolution) -> bool:
    """Save a resolution in place of the current one.

    Return whether it is the first of a pool item, which counts toward a retrain.
    """
    # Also superseded ones: an item that has had a label is counted once and for all.
    earlier = Resolution.objects.filter(item_id=resolution.item_id)
    is_first = not earlier.exists()
    for current in earlier.filter(superseded_at=None):
        supersede(current)
    resolution.save(force_insert=True)
    return is_first and resolution.item.split == Item.Split.POOL


class Label(NamedTuple):
    """What an item is said to be: by which resolution, and where that comes from.

    content: the SHA-256 of the item's payload.
    """

    resolution: int
    item: int
    names: list[str]
    source: str
    content: str


def current(project: Project, split: str) -> list[Label]:
    """Return the labels of a split, sorted by item."""
    labels = Resolution.objects.filter(
        project=project, superseded_at=None, item__split=split
    ).exclude(item__state=Item.State.INVALID)
    fields = ("pk", "item_id", "labels", "source", "item__content_hash")
    return [Label(*row) for row in labels.order_by("item_id").values_list(*fields)]


def take(project: Project, split: str) -> list[Label]:
    """Return the labels of a split, sorted by item, and mark them as used.

    A decision whose label is marked cannot be taken back any more.
    """
    with transaction.atomic():
        now = timezone.now()
        labels = current(project, split)
        # Filter by id: with stale statistics the planner chooses a nested loop.
        taken = Resolution.objects.filter(pk__in=[label.resolution for label in labels])
        taken.filter(superseded_at=None, used_at=None).update(used_at=now)
        # Race: an expert who took a decision back just now has ended its label.
        ended = set(taken.filter(used_at=None).values_list("pk", flat=True))
        return [label for label in labels if label.resolution not in ended]


def take_labels(project: Project, split: str) -> list[tuple[int, list[str]]]:
    """Return the labels of a split as (item, labels), marked as in ``take``."""
    return [(label.item, label.names) for label in take(project, split)]


def supersede(current: Resolution) -> None:
    """End a resolution; it stays in the item's history."""
    current.superseded_at = timezone.now()
    current.save(update_fields=["superseded_at"])


def bring_back(ended: Resolution) -> None:
    """Make a superseded resolution the item's label again, as it was."""
    ended.superseded_at = None
    ended.save(update_fields=["superseded_at"])


def count_confident(project_id: int, change: int) -> None:
    """Count newly labeled pool items, in the transaction that labels them."""
    ProjectCounter.add(project_id, confident=change)


def tell_settled(project_id: int) -> None:
    """Tell the learner after the commit that there are new labels."""
    signals.send_on_commit(signals.labels_settled, project_id)
