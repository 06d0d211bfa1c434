"""Fit a model, and predict with nothing but its arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import compress
from typing import Any, Final, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from activelearn.core import calibration, means
from activelearn.core.calibration import Calibration
from activelearn.core.joined import JoinedRows, csr_of

Array = NDArray[np.float64]
Rows: TypeAlias = Any  # scipy.sparse.csr_matrix, which has no types, or JoinedRows
Fitted: TypeAlias = tuple[tuple[str, ...], Array, Array]


# Of texts and pictures. Of tables: ``strength``.
STRENGTH: Final = 10.0
MAX_ITER: Final = 300
TOLERANCE: Final = 1e-4
# What the fit is, for whoever compares two of them.
RECIPE: Final = {
    "kind": "logistic regression, L2",
    "solver": "lbfgs",
    "strength": STRENGTH,
    "max_iter": MAX_ITER,
    "tolerance": TOLERANCE,
    "columns": "that occur",
    "class_means": [means.SCALE, means.FULL, means.NONE],
    "weights": "of the snapshot",
    "window": "all labels",
}


class TooFewLabelsError(ValueError):
    """All items have the same label: there is nothing to tell apart."""


class NeverAbsentError(ValueError):
    """Of several labels, each is on every item or on none."""


@dataclass(frozen=True)
class LinearModel:
    """A linear model: weights (n_labels, n_columns), bias (n_labels,).

    columns: (n_columns,) the features that the training rows had, in order. The penalty
    makes the weight of any other feature zero, so it is neither fitted nor kept. Without
    a calibration the probabilities are scores: nothing says how often they are right.
    """

    labels: tuple[str, ...]
    weights: Array
    bias: Array
    columns: NDArray[np.int64]
    is_multi: bool = False
    calibration: Calibration | None = None

    def probabilities(self, rows: Rows) -> Array:
        """Return (n_rows, n_labels); rows sum to one unless labels are independent."""
        return self.of_scores(self.scores(rows))

    def of_scores(self, scores: Array) -> Array:
        """Return the probabilities (n_rows, n_labels) that such scores come to."""
        if self.calibration:
            scores = self.calibration.applied(scores)
        return calibration.probabilities(scores, is_multi=self.is_multi)

    def scores(self, rows: Rows) -> Array:
        """Return (n_rows, n_labels) as they were fitted, before any calibration."""
        return np.asarray(self._known(rows) @ self.weights.T) + self.bias

    @property
    def whole(self) -> tuple[float, float]:
        """How the log odds of a whole set of labels are stretched and moved."""
        return self.calibration.whole if self.calibration else calibration.AS_IT_IS

    @property
    def uncalibrated(self) -> LinearModel:
        """Return the model with its scores as they were fitted."""
        return replace(self, calibration=None)

    def leanings(self, rows: Rows) -> Array:
        """Return (n_rows, n_labels): how much each row speaks for a label over the others."""
        others = 0 if self.is_multi else self.weights.mean(axis=0)
        return np.asarray(self._known(rows) @ (self.weights - others).T)

    def _known(self, rows: Rows) -> Rows:
        return rows if len(self.columns) == rows.shape[1] else rows[:, self.columns]


@dataclass(frozen=True)
class FitTerms:
    """How a model is fitted.

    is_multi: whether the labels are independent. strength: how much the labels count
    beside the penalty, scikit-learn's C.
    """

    is_multi: bool
    seed: int = 0
    strength: float = STRENGTH


def fit(
    rows: Rows,
    targets: Sequence[Sequence[str]],
    *,
    is_multi: bool,
    seed: int = 0,
    weights: Sequence[float] | None = None,
) -> LinearModel:
    """Fit a model with the strength of texts and pictures; as ``fit_by``."""
    return fit_by(FitTerms(is_multi, seed), rows, targets, weights)


def fit_by(
    terms: FitTerms,
    rows: Rows,
    targets: Sequence[Sequence[str]],
    weights: Sequence[float] | None = None,
) -> LinearModel:
    """Fit a regularised logistic regression; the same input gives the same model.

    rows: (n, n_features), in the order of the items' ids. targets: n sets of labels.
    weights: (n,) above 0, how much each row counts; None: each as much as any other. With
    few labels the means of the classes join in where an encoder tells of the rows. Of
    several labels, one that every item has is predicted from how many they are, whatever
    the row; an item may have none.
    Raises ValueError where there are fewer than two classes to tell apart.
    """
    whole, rows = rows, csr_of(rows)
    columns = np.unique(rows.indices).astype(np.int64)
    seen = rows[:, columns]
    counted = None if weights is None else np.array(weights)
    # Several threads add up in another order each time, and floats round differently:
    # the same labels must give the same bytes.
    with threadpool_limits(limits=1):
        estimator = _estimator(terms)
        labels, coefficients, bias = (
            _fit_multi(estimator, seen, targets, counted)
            if terms.is_multi
            else _fit_single(estimator, seen, [row[0] for row in targets], counted)
        )
        model = LinearModel(labels, coefficients, bias, columns, terms.is_multi)
        return model if terms.is_multi else _with_means(model, whole, targets, counted)


def _with_means(
    model: LinearModel,
    rows: Rows,
    targets: Sequence[Sequence[str]],
    counted: Array | None,
) -> LinearModel:
    """Return the model with the scores of class means added, while these help."""
    scale = means.scale_of(len(targets), len(model.labels))
    if not scale or not isinstance(rows, JoinedRows):
        return model
    width = rows.shape[1] - rows.dense.shape[1]
    places = np.flatnonzero(model.columns >= width)
    weights, bias = means.scores_of_means(
        rows.dense[:, model.columns[places] - width].astype(np.float64),
        np.searchsorted(model.labels, [target[0] for target in targets]),
        np.ones(len(targets)) if counted is None else counted,
        scale,
    )
    joined = model.weights.copy()
    joined[:, places] += weights
    return replace(model, weights=joined, bias=model.bias + bias)


def _estimator(terms: FitTerms) -> Any:
    # Imported where it is used: web and scheduler save its 130 MiB.
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(
        C=terms.strength,
        max_iter=MAX_ITER,
        tol=TOLERANCE,
        random_state=terms.seed,
    )


def _fit_single(
    estimator: Any, rows: Rows, targets: Sequence[str], counted: Array | None
) -> Fitted:
    # The order in which scikit-learn sorts its classes, and so the rows of coef_.
    labels = sorted(set(targets))
    if len(labels) < 2:
        raise TooFewLabelsError
    model = estimator.fit(rows, np.array(targets), counted)
    weights, bias = model.coef_, model.intercept_
    if len(labels) == 2:
        # scikit-learn keeps one row for two classes; softmax wants one each.
        weights = np.vstack([-weights / 2, weights / 2])
        bias = np.concatenate([-bias / 2, bias / 2])
    return tuple(labels), np.asarray(weights), np.asarray(bias)


def _fit_multi(
    estimator: Any,
    rows: Rows,
    targets: Sequence[Sequence[str]],
    counted: Array | None,
) -> Fitted:
    labels = sorted({label for target in targets for label in target})
    items = len(targets) if counted is None else counted.sum()
    weights, biases = [], []
    is_varied = False
    for label in labels:
        has = np.array([label in target for target in targets])
        if has.all():
            # No item without it to tell it from: the rule of succession (Laplace 1774)
            # makes its probability (n + 1) / (n + 2), and its score the logarithm of the
            # odds.
            weights.append(np.zeros(rows.shape[1]))
            biases.append(np.log1p(items))
            continue
        is_varied = True
        model = estimator.fit(rows, has, counted)
        weights.append(model.coef_[0])
        biases.append(model.intercept_[0])
    if not is_varied:
        raise NeverAbsentError
    return tuple(labels), np.array(weights), np.array(biases)


class Labeled(Protocol):
    """What has labels, which are independent or not."""

    @property
    def labels(self) -> tuple[str, ...]: ...
    @property
    def is_multi(self) -> bool: ...


class Predictor(Labeled, Protocol):
    """What predicts probabilities of its labels."""

    @property
    def whole(self) -> tuple[float, float]: ...
    def probabilities(self, rows: Rows) -> Array: ...


def predicted_labels(model: Labeled, probabilities: Array) -> list[tuple[str, ...]]:
    """Return the labels of each row: the likeliest, or all of at least one half.

    probabilities: (n_rows, n_labels). One half makes the fewest wrong labels where they
    are calibrated, and then it is a threshold of its own on the scores of each label. No
    label at all is a prediction too.
    """
    if model.is_multi:
        chosen = calibration.in_set(probabilities)
        return [tuple(compress(model.labels, row)) for row in chosen]
    return [(model.labels[place],) for place in probabilities.argmax(axis=1)]
