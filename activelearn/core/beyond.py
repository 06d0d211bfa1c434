"""Held-out items that count for some labels alone: chance drew them from these labels."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import numpy as np

from activelearn.core import evaluation, intervals
from activelearn.core.evaluation import Judged, LabelFigures
from activelearn.core.intervals import Bools, Groups


@dataclass(frozen=True)
class Beyond:
    """Items beyond the draw, with what was predicted; for_labels: of each, the labels.

    Which other items have these labels, and how often, says nothing of an item for another
    label: it counts for none.
    """

    items: Judged
    for_labels: Sequence[Collection[str]]

    @property
    def labels(self) -> list[str]:
        """The labels that some of the items count for, by name."""
        return sorted({name for names in self.for_labels for name in names})

    def places(self, label: str) -> list[int]:
        """Return where the items are that count for a label and have it."""
        return [
            place
            for place, names in enumerate(self.for_labels)
            if label in names and label in self.items.truth[place]
        ]


def counted(
    figures: Sequence[LabelFigures], items: Judged, more: Beyond
) -> list[LabelFigures]:
    """Return the figures of labels with the items beyond the draw, in the labels' order.

    These add to the recall of their labels, and to how many items have one. Precision, F1
    and average precision are of the draw alone: they hang on how rare a label is, and
    among the items beyond the draw it is not.
    """
    known = {row.label: row for row in figures}
    for label in more.labels:
        places = more.places(label)
        if places:
            row = known.get(label) or _of_none(label, items)
            known[label] = _joined(row, items, more.items.part(places))
    return [known[label] for label in sorted(known)]


def _of_none(label: str, items: Judged) -> LabelFigures:
    """Return the figures of a label that neither the truth nor the model has named."""
    nowhere = np.zeros(len(items.truth), dtype=np.bool_)
    return evaluation.label_figures(label, (nowhere, nowhere), items.groups)


def _joined(row: LabelFigures, items: Judged, extra: Judged) -> LabelFigures:
    label = row.label
    own = [place for place, names in enumerate(items.truth) if label in names]
    of_draw = items.part(own)
    named: Bools = np.array(
        [label in names for names in (*of_draw.predicted, *extra.predicted)]
    )
    groups: Groups = np.concatenate(
        # No group is on both sides of the draw.
        [of_draw.groups, extra.groups + items.groups.max(initial=0) + 1]
    )
    return replace(
        row,
        recall=intervals.proportion(named, groups),
        support=len(named),
        beyond=len(extra.truth),
    )
