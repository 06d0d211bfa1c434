"""The one door to modAL: which items is a model least sure of.

modAL ranks by position what it cannot rank, takes an unfitted estimator without a
word, and builds n × n tables; each is guarded against here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
from modAL.uncertainty import (
    classifier_entropy,
    classifier_margin,
    classifier_uncertainty,
)
from numpy.typing import NDArray

Array = NDArray[np.float64]


class _Known:
    """An estimator for modAL that has its probabilities already."""

    def __init__(self, probabilities: Array) -> None:
        self._probabilities = probabilities

    def predict_proba(self, rows: object, **_: object) -> Array:
        del rows
        return self._probabilities


def _two_columns(probabilities: Array) -> Array:
    """Return ``probabilities`` where margin has a second place to look at."""
    if probabilities.ndim != 2 or not np.isfinite(probabilities).all():
        raise ValueError("Probabilities must be a finite (n_items, n_labels) table.")
    if probabilities.shape[1] > 1:
        return probabilities
    return np.hstack([probabilities, 1 - probabilities])


def margin(probabilities: Array) -> Array:
    """Return (n_items,) in [0, 1]: one minus the gap of the two likeliest labels."""
    table = _two_columns(probabilities)
    return 1 - np.asarray(classifier_margin(_Known(table), table))


def least_confidence(probabilities: Array) -> Array:
    """Return (n_items,) in [0, 1]: one minus the likeliest label's probability."""
    table = _two_columns(probabilities)
    return np.asarray(classifier_uncertainty(_Known(table), table))


def entropy(probabilities: Array) -> Array:
    """Return (n_items,) in [0, 1]: Shannon entropy over its largest value."""
    table = _two_columns(probabilities)
    found = np.asarray(classifier_entropy(_Known(table), table))
    return found / np.log(table.shape[1])


STRATEGIES: Final[dict[str, Callable[[Array], Array]]] = {
    "margin": margin,
    "least_confidence": least_confidence,
    "entropy": entropy,
}


def uncertainty(
    probabilities: Array, *, is_multi: bool, strategy: str = "margin"
) -> Array:
    """Return (n_items,) how unsure a model is; of several labels the least sure one."""
    if is_multi:
        return 1 - np.abs(2 * probabilities - 1).min(axis=1)
    return STRATEGIES[strategy](probabilities)


def least_sure(
    scores: Array, count: int, rng: np.random.Generator
) -> NDArray[np.int64]:
    """Return the places of the ``count`` highest scores, ties broken by ``rng``."""
    order = rng.permutation(len(scores))
    return order[np.argsort(-scores[order], kind="stable")[:count]]
