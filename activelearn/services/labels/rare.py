"""Labels that hardly any held-out item has: on these no figure says anything."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from labeling import queries
from labeling.models import Item, Label, Project

# With fewer held-out items, a label's figures say nothing.
FEWEST: Final = 2


@dataclass(frozen=True)
class RareLabel:
    """A label of which hardly any held-out item is: how many items have it on each side."""

    label: str
    pool: int
    held_out: int


@dataclass(frozen=True)
class RareLabels:
    """Labels on which models are hardly judged, by name.

    unlabeled: held-out items that people have not settled yet: of these some may be it.
    """

    labels: Sequence[RareLabel] = ()
    unlabeled: int = 0


def rare_labels_of(project: Project) -> RareLabels:
    """Return the labels that items have, but fewer than ``FEWEST`` held-out ones."""
    names = Label.objects.filter(label_set=project.label_set_pk).order_by("name")
    counts = queries.labels_by_split(project.pk)
    sides = (Item.Split.POOL.value, Item.Split.EVALUATION.value)
    counted = [
        RareLabel(name, *(counts.get((name, side), 0) for side in sides))
        for name in names.values_list("name", flat=True)
    ]
    held_out = Item.objects.filter(project=project).evaluation()
    unlabeled = (Item.State.OPEN, Item.State.DISPUTED)
    return RareLabels(
        [
            row
            for row in counted
            if row.held_out < FEWEST and row.pool + row.held_out > 0
        ],
        held_out.filter(state__in=unlabeled).count(),
    )
