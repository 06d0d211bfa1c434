"""At which confidence predictions may be accepted, with a certificate of the risk.

The levels are declared before any label is looked at: the tenths of the pool, by how sure
the model is of its items. Each is tested on labels that were drawn at random: at most this
share of what is accepted is wrong (Clopper and Pearson 1934, by the binomial distribution
of wrong ones among those at or above the level). Half of the doubt is shared out among the
levels (Bonferroni), half is spent by testing them in a fixed order, from strict to loose,
until the first one fails (Angelopoulos et al. 2021, "Learn then Test"). The loosest level
that either of them allows is accepted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from activelearn.core.intervals import Array, Bools

LEVELS: Final = 10
# More labels than this nobody draws for a certificate.
MOST_LABELS: Final = 100_000
# The pass from strict to loose begins where this many times the fewest labels are expected:
# about as many as allow one wrong one. At fewer a single slip would end it at once.
BEGIN: Final = 1.5


@dataclass(frozen=True)
class Promise:
    """At most the share ``risk`` of what is accepted is wrong, but for a ``doubt``.

    Both are in (0, 1): with 0.02 and 0.05, at most 2 of 100, with 95 % confidence.
    """

    risk: float
    doubt: float


@dataclass(frozen=True)
class Level:
    """What is known of accepting all that is as sure as ``threshold``.

    share: of the pool that qualifies, in [0, 1]. labels, wrong: of the drawn labels that
    qualify. bound: at most this share is wrong, by the test that this level was given.
    holds: whether the promise is certified here.
    """

    threshold: float
    share: float
    labels: int
    wrong: int
    bound: float
    holds: bool

    @property
    def observed(self) -> float:
        """The share of the qualifying labels that is wrong; 0 where there are none."""
        return self.wrong / self.labels if self.labels else 0.0


@dataclass(frozen=True)
class Certified:
    """The levels, from strict to loose, and what they allow.

    labels: how many were drawn. needed: about how many it takes until a level holds;
    None where one does, or where no number of labels would do: too much of what the model
    is sure of is wrong.
    """

    levels: Sequence[Level]
    labels: int
    needed: int | None = None

    @property
    def accepted(self) -> Level | None:
        """The loosest level that holds, or None: not possible yet."""
        return next((level for level in reversed(self.levels) if level.holds), None)


def certify(sure: Array, right: Bools, pool: Array, promise: Promise) -> Certified:
    """Return at which confidence the promise holds.

    sure: (n,) the confidences of items that were drawn at random, whose labels neither
    the model nor its calibration has seen. right: (n,) whether these predictions are
    right. pool: (m,) the confidences of what would be accepted.
    """
    thresholds = levels_of(pool)
    if not len(thresholds):
        return Certified([], len(sure))
    shares = np.array([np.mean(pool >= limit) for limit in thresholds])
    labels = np.array([np.sum(sure >= limit) for limit in thresholds])
    wrong = np.array([np.sum(~right & (sure >= limit)) for limit in thresholds])
    each = promise.doubt / 2 / len(thresholds)
    by_sequence = _in_turn(labels, wrong, shares * len(sure), promise)
    by_itself = is_kept(labels, wrong, promise.risk, each)
    # The bound of the test that the level passed, or of its own.
    doubts = np.where(by_sequence & ~by_itself, promise.doubt / 2, each)
    bounds = upper(labels, wrong, doubts)
    rows = zip(thresholds, shares, labels, wrong, bounds, strict=True)
    levels = [
        Level(float(limit), float(share), int(n), int(k), float(bound), bool(holds))
        for (limit, share, n, k, bound), holds in zip(
            rows, by_itself | by_sequence, strict=True
        )
    ]
    certified = Certified(levels, len(sure))
    if certified.accepted:
        return certified
    return Certified(levels, len(sure), _needed(levels, promise.risk, each))


def levels_of(pool: Array) -> Array:
    """Return the confidences that a tenth, two tenths … of the pool reach, descending.

    pool: (m,). Fewer than ten where many items are equally sure; none of an empty pool.
    """
    if not len(pool):
        return np.zeros(0)
    descending = np.sort(pool)[::-1]
    places = np.ceil(len(pool) * np.arange(1, LEVELS + 1) / LEVELS).astype(int) - 1
    return np.unique(descending[places])[::-1]


def upper(labels: Array, wrong: Array, doubt: Array | float) -> Array:
    """Return the Clopper-Pearson upper bounds of the share that is wrong.

    labels, wrong: (n,) counts. doubt: that the bound is too low. Without labels it is 1.
    """
    from scipy.stats import beta  # slow to import

    # With nothing right the quantile is undefined, and the bound is 1.
    bounds = beta.ppf(1 - np.asarray(doubt), wrong + 1, np.maximum(labels - wrong, 1))
    return np.where(wrong < labels, bounds, 1.0)


def is_kept(labels: Array, wrong: Array, risk: float, doubt: float) -> Bools:
    """Return where so few are wrong that the share is at most ``risk``, but for a doubt."""
    from scipy.stats import binom  # slow to import

    kept: Bools = binom.cdf(wrong, labels, risk) <= doubt
    return kept


def fewest(risk: float, doubt: float) -> int:
    """Return how many labels tell that a share is at most ``risk`` if none is wrong."""
    return int(np.ceil(np.log(doubt) / np.log1p(-risk)))


def _in_turn(labels: Array, wrong: Array, expected: Array, promise: Promise) -> Bools:
    """Return which levels a pass from strict to loose allows, until its first failure.

    expected: how many of the drawn labels reach each level if they are as the pool is.
    Where it begins hangs on these alone, and on no label: levels that too few labels
    reach would end it before it has begun.
    """
    doubt = promise.doubt / 2
    begun = expected >= BEGIN * fewest(promise.risk, doubt)
    passed = is_kept(labels, wrong, promise.risk, doubt) | ~begun
    return np.logical_and.accumulate(passed) & begun


def _needed(levels: Sequence[Level], risk: float, doubt: float) -> int | None:
    """Return about how many labels have to be drawn until a level holds.

    It takes each level to go on as it was so far. None where none would ever hold.
    """
    counts = np.unique(np.geomspace(1, MOST_LABELS, 400).astype(int))
    totals = []
    for level in levels:
        enough = is_kept(counts, np.ceil(level.observed * counts), risk, doubt)
        if enough.any():
            totals.append(counts[enough.argmax()] / level.share)
    return int(np.ceil(min(totals))) if totals and min(totals) <= MOST_LABELS else None
