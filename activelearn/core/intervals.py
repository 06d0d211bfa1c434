"""Figures with the interval that holds them in 95 % of all samples."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Bools = NDArray[np.bool_]
Groups = NDArray[np.int64]

# The normal distribution's 97.5 % quantile: two sides of 2.5 % each.
Z: Final = 1.959964
DRAWS: Final = 1000
# How many resamples have their weights in memory at once.
CHUNK: Final = 50


def numbered(names: Sequence[Any]) -> Groups:
    """Return (n,): a number for the group that each of n items names."""
    numbers = np.unique(np.array(names), return_inverse=True)[1]
    return numbers.astype(np.int64)


@dataclass(frozen=True)
class Estimate:
    """A figure with its 95 % interval."""

    value: float
    low: float
    high: float


def wilson(share: float, n: float) -> Estimate:
    """Return a share of ``n`` independent items with Wilson's score interval.

    Wilson 1927, J. Am. Stat. Assoc. 22:209–212; it also holds for few items and near 0
    and 1 (Brown, Cai and DasGupta 2001, Statistical Science 16:101–133). Without any
    item nothing is known: 0 within [0, 1].
    """
    if n <= 0:
        return Estimate(0.0, 0.0, 1.0)
    z2 = Z**2 / n
    center = (share + z2 / 2) / (1 + z2)
    half = Z / (1 + z2) * math.sqrt(share * (1 - share) / n + z2 / (4 * n))
    # Rounding must not put the share itself outside.
    low, high = max(0.0, center - half), min(1.0, center + half)
    return Estimate(share, min(low, share), max(high, share))


def proportion(hits: Bools | Array, groups: Groups) -> Estimate:
    """Return the share of ``hits`` with its interval.

    hits: (n,), or how much of each is one, in [0, 1]: of these the interval is as wide as
    if they were one or none, which is at least as wide as it has to be. groups: (n,) of each item, its group: items of one group resemble each
    other and tell less than as many others. Wilson's interval is taken for the
    effective number of items (Korn and Graubard 1998, Survey Methodology 24:193–201).
    """
    n = len(hits)
    share = float(hits.mean()) if n else 0.0
    return wilson(share, _effective(hits, groups, share))


def _effective(hits: Bools | Array, groups: Groups, share: float) -> float:
    """Return how many independent items would tell as much (Kish 1965)."""
    n = len(hits)
    names, group_of = np.unique(groups, return_inverse=True)
    k = len(names)
    if n in {0, k}:
        return float(n)
    if k == 1 or share in {0.0, 1.0}:
        # All alike, so nothing is known of how alike groups are: each counts as one.
        return float(k)
    sums = np.bincount(group_of, weights=hits - share)
    between = float((sums**2).sum()) / n**2 * k / (k - 1)
    return min(float(n), share * (1 - share) / between) if between else float(n)


def median(values: Array) -> Estimate:
    """Return the median (n,) with an interval that assumes nothing of how they lie.

    Its ends are two of the values themselves (Conover 1999, Practical Nonparametric
    Statistics, section 3.2); with fewer than six, the least and the greatest. Raises
    ValueError without any value.
    """
    from scipy import stats  # slow to import

    if not len(values):
        raise ValueError("A median needs values.")
    value = float(np.median(values))
    ends = stats.quantile_test(values, q=value, p=0.5).confidence_interval(0.95)
    low, high = ends.low, ends.high
    return Estimate(
        value,
        float(values.min() if np.isnan(low) else low),
        float(values.max() if np.isnan(high) else high),
    )


def f1(both: int, named: int, support: int, union: Estimate) -> Estimate:
    """Return F1 with its interval, from that of both / (named or having).

    F1 = 2 J / (1 + J), where J is the Jaccard index: ``union``, a proportion of the items
    that the label is predicted or true of. Its interval carries over, for F1 grows with it
    ("Wilson indirect": Lam, Gopal and Qian 2023, arXiv 2309.14621).
    """
    value = 2 * both / (named + support) if named + support else 0.0
    return Estimate(value, *(2 * j / (1 + j) for j in (union.low, union.high)))


def bootstrap(
    statistic: Callable[[Array], Array],
    groups: int,
    *,
    seed: int = 0,
    draws: int = DRAWS,
) -> Array:
    """Return a statistic of ``draws`` samples that are drawn from the groups anew.

    statistic: takes weights (n_draws, groups), how often each group was drawn, and
    returns (n_draws,). The same seed gives the same samples (Efron and Tibshirani 1993,
    An Introduction to the Bootstrap).
    """
    rng = np.random.default_rng(seed)
    even = np.full(groups, 1 / groups)
    parts = [
        statistic(
            rng.multinomial(groups, even, size=min(CHUNK, draws - start)).astype(
                np.float64
            )
        )
        for start in range(0, draws, CHUNK)
    ]
    return np.concatenate(parts)


def percentile(value: float, samples: Array) -> Estimate:
    """Return ``value`` within the middle 95 % of its bootstrap samples.

    A sample in which the figure is not defined (nan) counts as ``value``.
    """
    whole = np.where(np.isnan(samples), value, samples)
    low, high = np.quantile(whole, [0.025, 0.975])
    return Estimate(value, min(float(low), value), max(float(high), value))
