"""How much the labels count beside the penalty of a regression: scikit-learn's C.

Columns of a table are few, and each is as large as any other: with the penalty that suits
texts and pictures a model believes its first labels too much (docs/learning.md). From 100
labels on cross-validation tells (Stone 1974, Journal of the Royal Statistical Society B
36:111–147). Of texts and pictures it gained nothing, and each fit of many labels takes seconds.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from activelearn.core import crossfit, training
from activelearn.core.crossfit import Lot
from activelearn.core.intervals import Array
from activelearn.core.losses import Probabilities, log_losses
from activelearn.core.training import FitTerms

# By kind of data; of all others it is ``training.STRENGTH``.
USUAL: Final[Mapping[str, float]] = {"table": 1.0}
VALUES: Final = (0.1, 1.0, 10.0)
# Labels from which on it is chosen, and how many are looked at.
FEWEST: Final = 100
MOST: Final = 1000
FOLDS: Final = 4
# Standard errors that another one has to be better by.
CLEARLY: Final = 0.5


@dataclass(frozen=True)
class ChosenStrength:
    """What a model is fitted with, and where it comes from.

    labels: on how many it was chosen; 0 where it is the usual one. losses: the mean log
    loss (nats) that each value had on labels that it had not learned from, by value.
    """

    value: float
    labels: int = 0
    losses: Mapping[str, float] | None = None


def usual(kind: str) -> ChosenStrength:
    """Return what models of this kind of data are fitted with before labels tell."""
    return ChosenStrength(USUAL.get(kind, training.STRENGTH))


def is_due(kind: str, labels: int, before: int) -> bool:
    """Whether it is to be chosen; before: labels of the last choice, 0 where none was."""
    return kind in USUAL and labels >= max(FEWEST, 2 * before)


def chosen(
    lot: Lot, kind: str, *, is_multi: bool, seed: int, step: Callable[[], object]
) -> ChosenStrength:
    """Return the strength under which labels are likeliest that a model has not learned.

    Another than the usual one only where it is clearly better. lot: at least ``FEWEST``
    labels. Items of one group share a fold. ``step`` is called before each fit; what it
    raises ends this.
    """
    losses = {
        value: _losses(lot, FitTerms(is_multi, seed, value), step) for value in VALUES
    }
    means = {value: float(each.mean()) for value, each in losses.items()}
    own, best = usual(kind).value, min(means, key=lambda value: means[value])
    gains = losses[own] - losses[best]
    error = float(gains.std()) / np.sqrt(len(gains))
    value = best if gains.mean() > CLEARLY * error else own
    by_name = {f"{each:g}": round(mean, 4) for each, mean in means.items()}
    return ChosenStrength(value, len(lot.ids), by_name)


def _losses(lot: Lot, terms: FitTerms, step: Callable[[], object]) -> Array:
    """Return (n,): the log loss of each label by a model of the other folds."""
    folds = crossfit.dealt(lot.groups, lot.targets, FOLDS)
    losses = np.zeros(len(lot.ids))
    for fold in range(FOLDS):
        own, others = np.flatnonzero(folds == fold), np.flatnonzero(folds != fold)
        taught, asked = (
            [lot.targets[place] for place in side.tolist()] for side in (others, own)
        )
        step()
        try:
            model = training.fit_by(terms, lot.rows[others], taught)
        except ValueError:
            # Of these alone nothing can be told apart, whatever the strength.
            continue
        table = model.probabilities(lot.rows[own])
        given = Probabilities(model.labels, table, terms.is_multi)
        losses[own] = log_losses(asked, given)
    return losses
