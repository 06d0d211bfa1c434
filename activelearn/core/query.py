"""The one door to modAL: which items a model is least sure of.

modAL ranks items by position where it cannot rank them, accepts an unfitted estimator
silently, and builds n × n tables; this module guards against each. modAL is imported
where it is used, for it imports scikit-learn: web and scheduler save 130 MiB.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

import numpy as np
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
    """Return ``probabilities`` (n_items, n_labels) with at least two columns."""
    if probabilities.ndim != 2 or not np.isfinite(probabilities).all():
        raise ValueError("Probabilities must be a finite (n_items, n_labels) table.")
    if probabilities.shape[1] > 1:
        return probabilities
    return np.hstack([probabilities, 1 - probabilities])


def margin(probabilities: Array) -> Array:
    """Return (n_items,) in [0, 1]: one minus the gap of the two likeliest labels."""
    from modAL.uncertainty import classifier_margin

    table = _two_columns(probabilities)
    return 1 - np.asarray(classifier_margin(_Known(table), table))


def least_confidence(probabilities: Array) -> Array:
    """Return (n_items,) in [0, 1]: one minus the likeliest label's probability."""
    from modAL.uncertainty import classifier_uncertainty

    table = _two_columns(probabilities)
    return np.asarray(classifier_uncertainty(_Known(table), table))


def entropy(probabilities: Array) -> Array:
    """Return (n_items,) in [0, 1]: Shannon entropy over its largest value."""
    from modAL.uncertainty import classifier_entropy

    table = _two_columns(probabilities)
    nats = np.asarray(classifier_entropy(_Known(table), table))
    return nats / np.log(table.shape[1])


STRATEGIES: Final[dict[str, Callable[[Array], Array]]] = {
    "margin": margin,
    "least_confidence": least_confidence,
    "entropy": entropy,
}


def uncertainty(
    probabilities: Array, *, is_multi: bool, strategy: str = "margin"
) -> Array:
    """Return (n_items,) in [0, 1] how unsure a model is of each item.

    probabilities: (n_items, n_labels). Of several labels the prediction is a set, and all
    labels count, as if they were independent given the item. Raises ValueError where a
    probability is not finite, and KeyError for an unknown strategy.
    """
    if is_multi:
        return OF_SETS[strategy](
            _two_columns(probabilities)[:, : probabilities.shape[1]]
        )
    return STRATEGIES[strategy](probabilities)


def _set_margin(probabilities: Array) -> Array:
    """Return (n_items,) in [0, 1]: one minus the gap of the two likeliest sets.

    They differ in the label nearest to one half. The gap's root, by the number of labels,
    keeps the order, and apart what would all be next to nothing.
    """
    sure = np.maximum(probabilities, 1 - probabilities)
    # P · (1 - (1 - q) / q), with P of the likeliest set and q of its least sure label.
    gaps = 2 - 1 / sure.min(axis=1)
    return 1 - _root(sure) * gaps ** (1 / probabilities.shape[1])


def _set_least_confidence(probabilities: Array) -> Array:
    """Return (n_items,) in [0, 1]: one minus the likeliest set's probability, as a root."""
    return 1 - _root(np.maximum(probabilities, 1 - probabilities))


def _set_entropy(probabilities: Array) -> Array:
    """Return (n_items,) in [0, 1]: the mean Shannon entropy of the labels, in bits."""
    from scipy import special  # slow to import

    parts = special.entr(probabilities) + special.entr(1 - probabilities)
    return np.asarray(parts.mean(axis=1) / np.log(2))


def _root(sure: Array) -> Array:
    return np.asarray(np.exp(np.log(sure).mean(axis=1)))


OF_SETS: Final[dict[str, Callable[[Array], Array]]] = {
    "margin": _set_margin,
    "least_confidence": _set_least_confidence,
    "entropy": _set_entropy,
}


class _Committee:
    """What modAL's measures of disagreement read of a committee."""

    def __init__(self, tables: Array) -> None:
        self._tables = tables

    def __len__(self) -> int:
        return len(self._tables)

    def __iter__(self) -> Iterator[Array]:
        return iter(self._tables)

    def vote_proba(self, rows: object, **_: object) -> Array:
        del rows
        return np.moveaxis(self._tables, 0, 1)


def disagreement(tables: Array) -> Array:
    """Return (n_items,) in [0, 1]: how far the member farthest from the mean is from it.

    tables: (n_members, n_items, n_labels), the probabilities of two members or more. The
    Kullback–Leibler divergence (McCallum and Nigam 1998, ICML, 350–358), over its largest
    value, the logarithm of the number of members. Raises ValueError where there are fewer
    members or a probability is not finite.
    """
    from modAL.disagreement import KL_max_disagreement

    if len(tables) < 2 or tables.ndim != 3 or not np.isfinite(tables).all():
        raise ValueError("Votes must be finite (n_members, n_items, n_labels) tables.")
    nats = np.asarray(KL_max_disagreement(_Committee(tables), tables[0]))
    return np.clip(nats / np.log(len(tables)), 0.0, 1.0)


class _Trained:
    """What modAL's ranked batch reads of a learner: the points it has labels for."""

    on_transformed = False

    def __init__(self, points: Array) -> None:
        self.X_training = points if len(points) else None


def ranked_batch(
    points: Array, scores: Array, labeled: Array, count: int
) -> NDArray[np.int64]:
    """Return all places of a short list in serving order, the least sure one first.

    points: (n, d) and scores: (n,) in [0, 1] of the short list; labeled: (m, d). Of the
    rest, ``count`` are taken by modAL's ranked batch (Cardoso et al. 2017): unsure, and
    unlike what is labeled or taken already; then the others by score. Meant for short
    lists: each step compares every point with every known one. Raises ValueError where
    a point is not finite or has no score.
    """
    from modAL.batch import ranked_batch as modal_ranked_batch

    if points.ndim != 2 or len(points) != len(scores) or not np.isfinite(points).all():
        raise ValueError("Points must be a finite (n_items, n_dimensions) table.")
    best_first = np.argsort(-scores, kind="stable")
    if not 1 < count < len(points):
        # modAL fails on a batch of none, which is left to it of a batch of one.
        return best_first
    first, rest = best_first[0], best_first[1:]
    known = np.vstack([labeled, points[[first]]])
    picked, _ = modal_ranked_batch(
        _Trained(known), points[rest], scores[rest], count - 1, "euclidean", None
    )
    taken = rest[picked]
    return np.concatenate([[first], taken, rest[~np.isin(rest, taken)]])


def least_sure(
    scores: Array, count: int, rng: np.random.Generator
) -> NDArray[np.int64]:
    """Return the places of the ``count`` highest scores (n,); ``rng`` breaks ties."""
    # Shuffled first, then sorted stably: without it ties would go to the oldest items.
    order = rng.permutation(len(scores))
    return order[np.argsort(-scores[order], kind="stable")[:count]]
