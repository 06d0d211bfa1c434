"""Scores that become confidences: right as often as they say.

A model that learned from what it was least sure of is not as sure as it should be, or
too sure. A few labels that were drawn at random tell by how much (Guo et al. 2017, ICML,
1321–1330). Labels that a model chose must not be used: they are the hard ones.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final, Literal

import numpy as np

from activelearn.core import intervals, vectors
from activelearn.core.evaluation import FLOOR
from activelearn.core.intervals import Array, Bools, Estimate, Groups

# Random labels below which nothing is fitted.
FEWEST: Final = 50
# Labels on either side below which a label of several keeps its scores.
FEWEST_OF_LABEL: Final = 5
FOLDS: Final = 5
Method = Literal["temperature", "vector", "platt"]
# A scale beyond these does not come from labels but from their lack.
MOST_SCALE: Final = 20.0
# Of a line that changes nothing.
AS_IT_IS: Final = (1.0, 0.0)
MOST_BINS: Final = 15
FEWEST_OF_BIN: Final = 10


@dataclass(frozen=True)
class Calibration:
    """How scores (n, n_labels) are stretched and moved before they are probabilities.

    scale, shift: of each label, or one for all. One for all is the inverse of a
    temperature: it moves no label before another. Of one label per item, those of each
    are for scores that sum to 0 in a row (``vectors.centered``). whole: scale and shift of the log odds
    that a whole set of labels is right.
    """

    scale: tuple[float, ...]
    shift: tuple[float, ...]
    whole: tuple[float, float] = AS_IT_IS

    def applied(self, scores: Array) -> Array:
        """Return the scores as they should have been."""
        return np.asarray(scores * np.array(self.scale) + np.array(self.shift))


def probabilities(scores: Array, *, is_multi: bool) -> Array:
    """Return (n, n_labels); rows sum to one unless labels are independent."""
    if is_multi:
        # Beyond 60 it is 0 or 1 for any purpose, and exp() would overflow at 710.
        return np.asarray(1 / (1 + np.exp(-np.clip(scores, -60, 60))))
    # Less the largest, so that exp() cannot overflow; the quotient stays the same.
    raised = np.exp(scores - scores.max(axis=1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=1, keepdims=True))


def in_set(table: Array) -> Bools:
    """Return (n, n_labels): which labels the likeliest set of each row has."""
    return np.asarray(table >= 0.5)


def of_sets(table: Array, whole: tuple[float, float] = AS_IT_IS) -> Array:
    """Return (n,): how sure it is that the likeliest set of each row is right, all of it.

    table: probabilities (n, n_labels). Each label is rightly in the set or out of it: the
    product over the labels, as if they were independent given the item. They mostly are
    not, which ``whole`` makes up for: scale and shift of the log odds.
    """
    sure = np.asarray(np.maximum(table, 1 - table).prod(axis=1))
    if whole == AS_IT_IS:
        return sure
    odds = scores_of(sure, is_multi=True) * whole[0] + whole[1]
    return probabilities(odds, is_multi=True)


def scores_of(table: Array, *, is_multi: bool) -> Array:
    """Return scores whose probabilities are ``table``: (n, n_labels)."""
    table = np.clip(table, FLOOR, 1 - FLOOR)
    return np.asarray(np.log(table) - (np.log1p(-table) if is_multi else 0))


def fitted(scores: Array, has: Bools, method: Method) -> Calibration:
    """Return the calibration under which these labels are likeliest.

    scores: (n, n_labels). has: (n, n_labels), which labels each item has; an item with
    none of them has one that the model does not know. Of one label per item the scale is
    one for all (temperature scaling), or each label has its own (``vectors``); of several,
    each has its own line (Platt 1999, with targets of Lin, Lin and Weng 2007, Machine Learning 68:267–276), and
    so has the whole set.
    """
    if method == "platt":
        pairs = [_platt(scores[:, k], has[:, k]) for k in range(scores.shape[1])]
        learned = Calibration(tuple(a for a, _ in pairs), tuple(b for _, b in pairs))
        table = probabilities(learned.applied(scores), is_multi=True)
        hits = (in_set(table) == has).all(axis=1)
        return replace(
            learned, whole=_platt(scores_of(of_sets(table), is_multi=True), hits)
        )
    scale = _temperature(scores, has)
    if method == "vector":
        return Calibration(*vectors.fitted(scores, has, scale))
    return Calibration((scale,), (0.0,))


def _temperature(scores: Array, has: Bools) -> float:
    from scipy import optimize  # slow to import

    known = has.any(axis=1)

    def loss(log_scale: float) -> float:
        table = probabilities(scores * math.exp(log_scale), is_multi=False)
        right = table[known][has[known]]
        # Of an item with another label it is only known that the likeliest is wrong.
        wrong = 1 - table[~known].max(axis=1)
        both = np.concatenate([right, wrong])
        return float(-np.log(both.clip(min=FLOOR)).mean())

    most = math.log(MOST_SCALE)
    best = optimize.minimize_scalar(loss, bounds=(-most, most), method="bounded")
    return float(math.exp(best.x))


def _platt(scores: Array, has: Bools) -> tuple[float, float]:
    from scipy import optimize  # slow to import

    positive = int(has.sum())
    negative = len(has) - positive
    if min(positive, negative) < FEWEST_OF_LABEL:
        return 1.0, 0.0
    high, low = (positive + 1) / (positive + 2), 1 / (negative + 2)
    target = np.where(has, high, low)

    def loss(line: Array) -> tuple[float, Array]:
        z = line[0] * scores + line[1]
        gap = probabilities(z, is_multi=True) - target
        value = (np.logaddexp(0, z) - target * z).sum()
        return float(value), np.array([(gap * scores).sum(), gap.sum()])

    start = np.array([1.0, 0.0])
    # A negative scale would say the opposite of what the model says.
    limits = [(1 / MOST_SCALE, MOST_SCALE), (None, None)]
    best = optimize.minimize(loss, start, jac=True, method="L-BFGS-B", bounds=limits)
    return float(best.x[0]), float(best.x[1])


def cross_fitted(scores: Array, has: Bools, groups: Groups, method: Method) -> Array:
    """Return probabilities of which each comes from the labels of other groups.

    So they may be judged on these labels. groups: (n,).
    """
    is_multi = method == "platt"
    table = probabilities(scores, is_multi=is_multi)
    for own, others in folds(groups):
        learned = fitted(scores[others], has[others], method)
        table[own] = probabilities(learned.applied(scores[own]), is_multi=is_multi)
    return table


def folds(groups: Groups) -> Iterator[tuple[Bools, Bools]]:
    """Yield (n,) twice: the items of a fold, and the others."""
    names, group_of = np.unique(groups, return_inverse=True)
    # By chance, but the same each time: groups are often in some order.
    fold_of = (np.random.default_rng(0).permutation(len(names)) % FOLDS)[group_of]
    for fold in np.unique(fold_of):
        if (fold_of != fold).any():
            yield fold_of == fold, fold_of != fold


@dataclass(frozen=True)
class Trial:
    """Whether a calibration helps: labels it was tried on, gain in log loss (nats).

    needed: from how many random labels on it could help; 0 where it does, and where there
    is nothing to gain as far as these tell. method: the one that was tried, the better
    one where two were; empty in trials of earlier releases. vector_from: from how many
    labels on vector scaling is tried, where these were fewer; else 0. arm: how many of
    the labels were learned from, and predicted by models that have not.
    """

    labels: int
    gain: float
    error: float
    needed: int
    method: str = ""
    vector_from: int = 0
    arm: int = 0

    @property
    def helps(self) -> bool:
        """Whether it gained, on labels that it was not fitted on.

        On seven data sets of the bench that never made the error larger, and asking for
        more than one standard error left half of what there was to gain.
        """
        return self.labels >= FEWEST and self.gain > 0


def trial(before: Array, after: Array) -> Trial:
    """Compare the log losses (n,) of scores and of what was cross-fitted to them."""
    n = len(before)
    gains = before - after
    gain = float(gains.mean()) if n else 0.0
    error = float(gains.std(ddof=1) / math.sqrt(n)) if n > 1 else math.inf
    if n < FEWEST:
        # Infinity has no JSON.
        return Trial(n, gain, 0.0 if math.isinf(error) else error, FEWEST)
    # A loss within its standard error may be chance: as many labels again tell more.
    is_open = -error < gain <= 0
    return Trial(n, gain, error, 2 * n if is_open else 0)


@dataclass(frozen=True)
class Bin:
    """Predictions of about the same confidence, and the share of them that is right."""

    confidence: float
    right: Estimate
    answers: int


@dataclass(frozen=True)
class Reliability:
    """The reliability diagram, and its expected calibration error."""

    ece: Estimate
    bins: list[Bin]


def reliability(confidences: Array, hits: Bools, groups: Groups) -> Reliability:
    """Return how often predictions of a confidence are right.

    confidences, hits, groups: (n_predictions,). The bins hold as many each (Nguyen
    and O'Connor 2015, EMNLP, 1587–1598). The expected calibration error is the mean
    distance of confidence and share. Chance alone makes distances, also in the samples of
    the bootstrap, so its interval is the basic one, which takes that off (Davison and
    Hinkley 1997, section 5.2). Raises ValueError without any prediction.
    """
    if not len(confidences):
        raise ValueError("Reliability needs predictions.")
    count = max(1, min(MOST_BINS, len(confidences) // FEWEST_OF_BIN))
    order = np.argsort(confidences, kind="stable")
    parts = np.array_split(order, count)
    bins = [
        Bin(
            float(confidences[part].mean()),
            intervals.proportion(hits[part], groups[part]),
            len(part),
        )
        for part in parts
    ]
    return Reliability(_ece(confidences - hits, parts, groups), bins)


def _ece(gaps: Array, parts: list[Groups], groups: Groups) -> Estimate:
    _, group_of = np.unique(groups, return_inverse=True)
    sizes = np.bincount(group_of).astype(np.float64)
    sums = np.column_stack(
        [
            np.bincount(group_of[part], weights=gaps[part], minlength=len(sizes))
            for part in parts
        ]
    )

    def statistic(weights: Array) -> Array:
        return np.asarray(np.abs(weights @ sums).sum(axis=1) / (weights @ sizes))

    value = float(statistic(np.ones((1, len(sizes))))[0])
    low, high = np.quantile(intervals.bootstrap(statistic, len(sizes)), [0.025, 0.975])
    return Estimate(
        value,
        min(value, max(0.0, 2 * value - float(high))),
        max(value, 2 * value - float(low)),
    )
