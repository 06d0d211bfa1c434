"""A model's predictions in the labels of today: renamed, merged, split or retired since.

A split names what its label becomes, as every change does: one of the new labels, or the
old one that stays. The others are new to the model, so it never predicts them.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from activelearn.core.features import Rows
from activelearn.core.training import Array, LinearModel


class NoLabelLeftError(ValueError):
    """None of the labels that a model knows is a label today."""


@dataclass(frozen=True)
class TranslatedModel:
    """A model that predicts ``labels`` (n_today), which are labels of today.

    places: (n_labels,) of each label of ``model``, its place in ``labels``; -1 where it
    has been retired.
    """

    model: LinearModel
    labels: tuple[str, ...]
    places: NDArray[np.int64]

    @property
    def is_multi(self) -> bool:
        """Whether the labels are independent of each other."""
        return self.model.is_multi

    def probabilities(self, rows: Rows) -> Array:
        """Return (n_rows, n_today); rows sum to one unless labels are independent.

        The probabilities of labels that became one add up; of independent labels it is
        the probability of at least one. What a retired label had goes to the others in
        their proportions.
        """
        return self._in_words_of_today(self.model.probabilities(rows))

    def of_scores(self, scores: Array) -> Array:
        """Return the probabilities (n_rows, n_today) that scores of ``model`` come to.

        scores: (n_rows, n_labels), in the labels of ``model``.
        """
        return self._in_words_of_today(self.model.of_scores(scores))

    def _in_words_of_today(self, known: Array) -> Array:
        if self.places.tolist() == list(range(len(self.model.labels))):
            return known
        if self.is_multi:
            return 1 - self._reduced(np.multiply, 1 - known, start=1)
        kept = self._reduced(np.add, known, start=0)
        total = kept.sum(axis=1, keepdims=True)
        # A model that is sure of a retired label knows nothing of the others.
        even = np.full_like(kept, 1 / len(self.labels))
        return np.divide(kept, total, out=even, where=total > 0)

    @property
    def whole(self) -> tuple[float, float]:
        """How the log odds of a whole set of labels are stretched and moved."""
        return self.model.whole

    @property
    def is_calibrated(self) -> bool:
        """Whether its probabilities are confidences; else they are scores."""
        return self.model.calibration is not None

    @property
    def uncalibrated(self) -> TranslatedModel:
        """Return the model with its scores as they were fitted."""
        return replace(self, model=self.model.uncalibrated)

    def leanings(self, rows: Rows) -> Array:
        """Return (n_rows, n_today): how much each row speaks for a label.

        Of labels that became one, the one that it speaks for most counts.
        """
        return self._reduced(np.maximum, self.model.leanings(rows), start=-np.inf)

    def _reduced(self, combine: np.ufunc, table: Array, *, start: float) -> Array:
        """Combine the columns of ``table`` (n_rows, n_labels) that became one label."""
        reduced = np.full((len(table), len(self.labels)), start, dtype=np.float64)
        for column, place in enumerate(self.places):
            if place >= 0:
                combine(reduced[:, place], table[:, column], out=reduced[:, place])
        return reduced


def translated(
    model: LinearModel, moves: Mapping[str, str], today: Collection[str]
) -> TranslatedModel:
    """Return ``model`` with its predictions in the labels of ``today``.

    moves: what a label of the model is called today, where that is another name.
    Raises NoLabelLeftError where no label of the model is one of today.
    """
    names = [moves.get(label, label) for label in model.labels]
    labels = sorted({name for name in names if name in today})
    if not labels:
        raise NoLabelLeftError
    place = {label: number for number, label in enumerate(labels)}
    places = np.array([place.get(name, -1) for name in names], dtype=np.int64)
    return TranslatedModel(model, tuple(labels), places)
