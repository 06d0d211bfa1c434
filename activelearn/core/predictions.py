"""What a model predicts: one label, or a set of them, and how sure it is of all of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

import numpy as np

from activelearn.core import calibration
from activelearn.core.training import Array, Labeled, Predictor

# One label, or the probability of each label of a set, which may be empty.
Predicted: TypeAlias = str | Mapping[str, float]


def predictions(model: Labeled, table: Array) -> list[Predicted]:
    """Return the likeliest label of each row, or of several all of at least one half.

    table: probabilities (n_rows, n_labels).
    """
    if not model.is_multi:
        return [model.labels[place] for place in table.argmax(axis=1)]
    sets: list[dict[str, float]] = [{} for _ in table]
    for row, place in zip(*np.nonzero(calibration.in_set(table)), strict=True):
        sets[row][model.labels[place]] = float(table[row, place])
    return list(sets)


def confidences(model: Predictor, table: Array) -> Array:
    """Return (n_rows,): how sure the prediction for each row is as a whole.

    table: what the model says, (n_rows, n_labels).
    """
    if model.is_multi:
        return calibration.of_sets(table, model.whole)
    return np.asarray(table.max(axis=1))
