"""The sign test: whether more pairs point one way than chance lets them."""

from __future__ import annotations

import math
from collections.abc import Sequence


def counted(before: Sequence[bool], now: Sequence[bool]) -> tuple[int, int]:
    """Return of how many items only the new one is right, and only the one before.

    before, now: (n,) hits on the same items. Raises ValueError where they are not as many.
    """
    if len(before) != len(now):
        raise ValueError("Both must be judged on the same items.")
    pairs = list(zip(before, now, strict=True))
    better = sum(new and not old for old, new in pairs)
    return better, sum(old and not new for old, new in pairs)


def gained(better: int, worse: int, n: int) -> tuple[float, float]:
    """Return the difference of two shares of n pairs, and its standard error.

    Of counts that are one larger (Bonett and Price 2012, Journal of Educational and
    Behavioral Statistics 37:479–488).
    """
    p1, p2 = (better + 1) / (n + 2), (worse + 1) / (n + 2)
    return p1 - p2, math.sqrt((p1 + p2 - (p1 - p2) ** 2) / (n + 2))


def mid_p(better: int, worse: int) -> float:
    """Return the one-sided mid-p value of McNemar's exact test."""
    if better + worse == 0:
        return 1.0
    return (
        _at_least(better, better + worse) + _at_least(better + 1, better + worse)
    ) / 2


def exact_p(better: int, worse: int) -> float:
    """Return the one-sided p-value of McNemar's exact test (the sign test).

    Unlike mid-p it is never below what it says (McNemar 1947, Psychometrika 12:153–157).
    """
    return _at_least(better, better + worse)


def _at_least(k: int, n: int) -> float:
    """Return the probability of k heads or more of n coins."""
    if k <= 0:
        return 1.0
    if k > n:
        return 0.0
    from scipy import special  # slow to import, and only needed here

    return float(special.betainc(k, n - k + 1, 0.5))
