"""Promote or not: a paired comparison on the same held-out items."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

RULE = "balanced-1"
MARGIN = 0.02
# The normal distribution's 90 % quantile: the bound is one-sided.
Z = 1.282

GateVerdict = Literal["promote", "not better", "cannot tell"]


@dataclass(frozen=True)
class Comparison:
    """Counts of n items that only the challenger (better) or champion (worse) has right.

    lower_bound: of the gain in accuracy, a share. mid_p: in [0, 1].
    """

    n: int
    better: int
    worse: int
    lower_bound: float
    mid_p: float
    verdict: GateVerdict


def lower_bound(better: int, worse: int, n: int, z: float = Z) -> float:
    """Return the lower bound of the accuracy gain (Bonett and Price 2012)."""
    p1, p2 = (better + 1) / (n + 2), (worse + 1) / (n + 2)
    return p1 - p2 - z * math.sqrt((p1 + p2 - (p1 - p2) ** 2) / (n + 2))


def mid_p(better: int, worse: int) -> float:
    """Return the one-sided mid-p value of McNemar's exact test."""
    total = better + worse
    if total == 0:
        return 1.0
    from scipy import stats  # slow to import, and only needed here

    above = float(stats.binom.sf(better, total, 0.5))
    return above + 0.5 * float(stats.binom.pmf(better, total, 0.5))


def compare(champion: Sequence[bool], challenger: Sequence[bool]) -> Comparison:
    """Judge the challenger by its hits against the champion's on the same items.

    Promote when more is fixed than broken and the gain's lower bound is above minus
    two points; too little evidence is "cannot tell" (design: the balanced gate).
    Raises ValueError where they were not judged on as many items.
    """
    n = len(champion)
    if n != len(challenger):
        raise ValueError("Both must be judged on the same items.")
    pairs = list(zip(champion, challenger, strict=True))
    better = sum(new and not old for old, new in pairs)
    worse = sum(old and not new for old, new in pairs)
    bound = lower_bound(better, worse, n)
    verdict = _verdict(n, better, worse, bound)
    return Comparison(n, better, worse, bound, mid_p(better, worse), verdict)


def _verdict(n: int, better: int, worse: int, bound: float) -> GateVerdict:
    if n == 0:
        return "cannot tell"
    if better <= worse:
        return "not better"
    return "promote" if bound > -MARGIN else "cannot tell"
