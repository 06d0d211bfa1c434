"""Fit a model, and predict with nothing but its arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits

Array = NDArray[np.float64]
Rows: TypeAlias = Any  # scipy.sparse.csr_matrix, which has no types


@dataclass(frozen=True)
class LinearModel:
    """A linear model: weights (n_labels, n_features), bias (n_labels,)."""

    labels: tuple[str, ...]
    weights: Array
    bias: Array
    is_multi: bool = False

    def probabilities(self, rows: Rows) -> Array:
        """Return (n_rows, n_labels); rows sum to one unless labels are independent."""
        scores = np.asarray(rows @ self.weights.T) + self.bias
        if self.is_multi:
            return 1 / (1 + np.exp(-np.clip(scores, -60, 60)))
        raised = np.exp(scores - scores.max(axis=1, keepdims=True))
        return np.asarray(raised / raised.sum(axis=1, keepdims=True))


def fit(
    rows: Rows,
    answers: Sequence[Sequence[str]],
    *,
    is_multi: bool,
    strength: float = 10.0,
    seed: int = 0,
) -> LinearModel:
    """Fit a regularised logistic regression; the same input gives the same model.

    rows: (n, n_features), in the order of the items' ids. answers: n sets of labels.
    Raises ValueError when there are fewer than two classes to tell apart.
    """
    with threadpool_limits(limits=1):
        return (
            _fit_multi(rows, answers, strength, seed)
            if is_multi
            else _fit_single(rows, [answer[0] for answer in answers], strength, seed)
        )


def _estimator(strength: float, seed: int) -> LogisticRegression:
    return LogisticRegression(C=strength, max_iter=300, tol=1e-4, random_state=seed)


def _fit_single(
    rows: Rows, answers: Sequence[str], strength: float, seed: int
) -> LinearModel:
    labels = sorted(set(answers))
    if len(labels) < 2:
        raise ValueError("Two labels are needed to train a model.")
    model = _estimator(strength, seed).fit(rows, np.array(answers))
    weights, bias = model.coef_, model.intercept_
    if len(labels) == 2:
        # scikit-learn keeps one row for two classes; softmax wants one each.
        weights = np.vstack([-weights / 2, weights / 2])
        bias = np.concatenate([-bias / 2, bias / 2])
    return LinearModel(tuple(labels), np.asarray(weights), np.asarray(bias))


def _fit_multi(
    rows: Rows, answers: Sequence[Sequence[str]], strength: float, seed: int
) -> LinearModel:
    labels = sorted({label for answer in answers for label in answer})
    weights, biases, kept = [], [], []
    for label in labels:
        has = np.array([label in answer for answer in answers])
        if has.all():
            continue
        model = _estimator(strength, seed).fit(rows, has)
        weights.append(model.coef_[0])
        biases.append(model.intercept_[0])
        kept.append(label)
    if not kept:
        raise ValueError("A label that is sometimes absent is needed to train a model.")
    return LinearModel(tuple(kept), np.array(weights), np.array(biases), is_multi=True)


def answers_of(model: LinearModel, probabilities: Array) -> list[tuple[str, ...]]:
    """Return the model's answer for each row: the likeliest label, or all above half."""
    if model.is_multi:
        return [
            tuple(label for label, p in zip(model.labels, row, strict=True) if p >= 0.5)
            for row in probabilities
        ]
    return [(model.labels[place],) for place in probabilities.argmax(axis=1)]
