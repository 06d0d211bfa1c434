"""The sign test: whether more pairs point one way than chance lets them."""

from __future__ import annotations


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
