"""What a model gives the labels of items, and what each item costs it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from activelearn.core.intervals import Array, Bools, Groups

Labels = tuple[str, ...]
# The least probability that counts as such, as in scikit-learn: below, a label that the
# model does not know would make the log loss infinite.
FLOOR: Final = float(np.finfo(np.float64).eps)


@dataclass(frozen=True)
class Probabilities:
    """What a model gives its labels: table (n_items, n_labels), in [0, 1]."""

    labels: tuple[str, ...]
    table: Array
    is_multi: bool

    @property
    def sureness(self) -> list[float]:
        """How sure the prediction for each item is; none where labels are independent."""
        return [] if self.is_multi else self.table.max(axis=1).round(6).tolist()


@dataclass(frozen=True)
class Undecided:
    """Items without a single right answer, and what a model gives their labels.

    shares: of the labels of each, in [0, 1]; nothing is known of an empty one. groups:
    (n_judged + n_undecided,), those of the judged items first.
    """

    shares: Sequence[Mapping[str, float]]
    given: Probabilities
    groups: Groups


def log_losses(truth: Sequence[Labels], given: Probabilities) -> Array:
    """Return each item's log loss in nats (n_items,), over its labels where several.

    A true label that the model does not know has the least probability there is.
    """
    has = indicators(truth, given.labels)
    beyond = [sum(x not in given.labels for x in row) for row in truth]
    unknown = np.array(beyond) if given.is_multi else np.logical_not(has.any(axis=1))
    return _losses(has.astype(np.float64), unknown, unknown, given)


def soft_losses(shares: Sequence[Mapping[str, float]], given: Probabilities) -> Array:
    """Return each item's expected log loss in nats (n_items,), as in ``log_losses``.

    shares: how likely each label is taken to be right: probabilities of one label, or of
    each label for itself where several.
    """
    known = np.array([[row.get(name, 0.0) for name in given.labels] for row in shares])
    beyond = [
        [share for name, share in row.items() if name not in given.labels]
        for row in shares
    ]
    unknown, count = np.array([*map(sum, beyond)]), np.array([*map(len, beyond)])
    return _losses(known, unknown, count, given)


def _losses(known: Array, unknown: Array, count: Array, given: Probabilities) -> Array:
    """Return each item's loss (n_items,) by the shares of its labels.

    known: (n_items, n_labels), of those that the model knows. unknown, count: (n_items,)
    the sum of the others' shares, and how many these are.
    """
    table = np.clip(given.table, FLOOR, 1 - FLOOR)
    losses = -(np.log(table) * known).sum(axis=1)
    if given.is_multi:
        losses = -(np.log(table) * known + np.log1p(-table) * (1 - known)).sum(axis=1)
    losses = losses - unknown * np.log(FLOOR)
    of = len(given.labels) + count if given.is_multi else known.sum(axis=1) + unknown
    return np.asarray(losses / of)


def indicators(truth: Sequence[Labels], labels: Sequence[str]) -> Bools:
    """Return (n_items, n_labels): which of ``labels`` each item has."""
    place = {label: number for number, label in enumerate(labels)}
    table = np.zeros((len(truth), len(labels)), dtype=np.bool_)
    for row, names in enumerate(truth):
        for name in names:
            if name in place:
                table[row, place[name]] = True
    return table
