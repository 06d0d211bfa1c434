"""A model in one step, of dense columns: for orders where the regression takes too long.

Linear discriminant analysis: each class is a cloud around its mean, all of one shape
(Fisher 1936, Annals of Eugenics 7:179–188). With few labels neither is known, so both are
drawn to what holds for all: each mean as if one more label lay in the middle of all items,
and the shape as if some labels had told that it is round (``_shape``)
(regularized discriminant analysis: Friedman 1989, JASA 84:165–175). All classes count
alike: their labels were chosen and tell nothing of how common they are. What this costs in
accuracy, and saves in time: docs/learning.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from activelearn.core import sparse
from activelearn.core.joined import JoinedRows
from activelearn.core.training import (
    Array,
    LinearModel,
    NeverAbsentError,
    Rows,
    TooFewLabelsError,
)

Fitted: TypeAlias = tuple[tuple[str, ...], Array, Array]


@dataclass(frozen=True)
class DenseModel(LinearModel):
    """A linear model of dense columns alone, which scores in float32: twice as fast."""

    def scores(self, rows: Rows) -> Array:
        """Return (n_rows, n_labels) of rows with dense columns, as float32."""
        weights, bias = (each.astype(np.float32) for each in (self.weights, self.bias))
        return np.asarray(rows.dense.astype(np.float32) @ weights.T + bias)


def fit(
    rows: JoinedRows, targets: Sequence[Sequence[str]], *, is_multi: bool
) -> DenseModel:
    """Fit the model to rows of which it reads the dense columns; all by a closed form.

    targets: n sets of labels. The same input gives the same model. Raises ValueError where
    there are fewer than two classes to tell apart, as ``training.fit`` does.
    """
    values = rows.dense.astype(np.float64)
    # Several threads add up in another order each time, and floats round differently.
    with threadpool_limits(limits=1):
        labels, weights, bias = (
            _fit_multi(values, targets) if is_multi else _fit_single(values, targets)
        )
    columns = np.arange(values.shape[1], dtype=np.int64)
    return DenseModel(labels, weights, bias, columns, is_multi)


def _fit_single(values: Array, targets: Sequence[Sequence[str]]) -> Fitted:
    labels, classes = np.unique([target[0] for target in targets], return_inverse=True)
    if len(labels) < 2:
        raise TooFewLabelsError
    counts = np.bincount(classes)
    has = sparse.csr_matrix(
        (np.ones(len(classes)), classes, np.arange(len(classes) + 1)),
        shape=(len(classes), len(labels)),
    )
    means = np.asarray(has.T @ values) / counts[:, None]
    middle = means.mean(axis=0)
    shape = _shape(values - means[classes], values - middle, len(labels))
    away = (means - middle) * (counts / (counts + 1))[:, None]
    weights = np.linalg.solve(shape, away.T).T
    bias = -(weights * away).sum(axis=1) / 2 - weights @ middle
    return tuple(labels.tolist()), weights, bias


def _fit_multi(values: Array, targets: Sequence[Sequence[str]]) -> Fitted:
    """Tell the items with each label from those without, by clouds of one shape.

    Of each label the shape is that of all items less what its own means are apart, which
    is undone by the formula of Sherman and Morrison (1950).
    """
    labels = sorted({label for target in targets for label in target})
    has = np.array([[label in target for label in labels] for target in targets])
    has = has.reshape(len(targets), len(labels)).astype(np.float64)
    counts, size = has.sum(axis=0), len(targets)
    varied = np.flatnonzero(counts < size)
    if not len(varied):
        raise NeverAbsentError
    middle = values.mean(axis=0)
    away = values - middle
    shape = _shape(away, away, 1)
    # A label that every item has: the rule of succession, as in ``training``.
    weights, bias = (
        np.zeros((len(labels), values.shape[1])),
        np.full(len(labels), np.log1p(size)),
    )
    own, others = counts[varied, None], size - counts[varied, None]
    sums = has[:, varied].T @ away
    with_it, without = sums / (own + 1), -sums / (others + 1)
    apart = with_it - without
    solved = np.linalg.solve(shape, apart.T).T
    explained = (own * others / size**2)[:, 0] * (solved * apart).sum(axis=1)
    solved /= np.maximum(1 - explained, 1 / (size + 1))[:, None]
    weights[varied] = solved
    halves = (with_it + without) / 2 + middle
    odds = np.log(own[:, 0] / others[:, 0])
    bias[varied] = odds - (solved * halves).sum(axis=1)
    return tuple(labels), weights, bias


def _shape(within: Array, away: Array, known: int) -> NDArray[np.float64]:
    """Return (d, d) the covariance of ``within`` (n, d), drawn to a round one.

    away: (n, d) from the middle of all, whose variance the round one has. That counts as
    many labels as there are directions in which the rows differ: the participation ratio
    of their variances. known: how many means the rows were measured from.
    """
    size, width = within.shape
    variances = (away**2).mean(axis=0)
    # Rows that are all alike have none; any shape will do.
    total = max(float(variances.sum()), 1e-12)
    directions = max(1.0, total**2 / max(float((variances**2).sum()), 1e-24))
    free = max(0, size - known)
    added = within.T @ within + total * np.eye(width)
    return np.asarray(added / (free + directions))
