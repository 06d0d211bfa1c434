"""The sign test: whether more pairs point one way than chance lets them."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Hashable, Sequence

import numpy as np


def counted(before: Sequence[bool], now: Sequence[bool]) -> tuple[int, int]:
    """Return of how many items only the new one is right, and only the one before.

    before, now: (n,) hits on the same items. Raises ValueError where they are not as many.
    """
    if len(before) != len(now):
        raise ValueError("Both must be judged on the same items.")
    pairs = list(zip(before, now, strict=True))
    better = sum(new and not old for old, new in pairs)
    return better, sum(old and not new for old, new in pairs)


def nets(
    before: Sequence[bool], now: Sequence[bool], groups: Sequence[Hashable]
) -> list[int]:
    """Return of each group with items that differ how many more only the new one has right.

    groups: (n,) of each item, its group. Empty where each of these items is in a group of
    its own: then the groups say nothing that the items do not.
    """
    sums: Counter[Hashable] = Counter()
    items = 0
    for old, new, group in zip(before, now, groups, strict=True):
        if old != new:
            sums[group] += 1 if new else -1
            items += 1
    return [] if len(sums) == items else list(sums.values())


def design_effect(by_group: Sequence[int], discordant: int) -> float:
    """Return how many times the variance of independent items the groups have.

    by_group: as of ``nets``. Items of one group that point one way tell less than as many
    others: all counts of items are worth that much less (Rao and Scott 1992, Biometrics
    48:577–585).
    """
    if not by_group or not discordant:
        return 1.0
    return max(1.0, sum(net * net for net in by_group) / discordant)


def gained(better: int, worse: int, n: int) -> tuple[float, float]:
    """Return the difference of two shares of n pairs, and its standard error.

    Of counts that are one larger (Bonett and Price 2012, Journal of Educational and
    Behavioral Statistics 37:479–488).
    """
    p1, p2 = (better + 1) / (n + 2), (worse + 1) / (n + 2)
    return p1 - p2, math.sqrt((p1 + p2 - (p1 - p2) ** 2) / (n + 2))


def mid_p(better: int, worse: int, by_group: Sequence[int] = ()) -> float:
    """Return the one-sided mid-p value of McNemar's exact test (``exact_p``)."""
    if by_group:
        return _flipped(by_group, is_mid=True)
    if better + worse == 0:
        return 1.0
    return (
        _at_least(better, better + worse) + _at_least(better + 1, better + worse)
    ) / 2


def exact_p(better: int, worse: int, by_group: Sequence[int] = ()) -> float:
    """Return the one-sided p-value of McNemar's exact test (the sign test).

    Unlike mid-p it is never below what it says (McNemar 1947, Psychometrika 12:153–157).
    by_group: as of ``nets``. Items of one group point one way together, so by chance whole
    groups change sides and not single items (Fisher's randomization test on the groups'
    sums: Pitman 1937, Supplement to the J. R. Stat. Soc. 4:119–130).
    """
    if by_group:
        return _flipped(by_group)
    return _at_least(better, better + worse)


def _flipped(by_group: Sequence[int], *, is_mid: bool = False) -> float:
    """Return how likely random signs give such a sum or more; half of the equal if mid."""
    whole = sum(map(abs, by_group))
    # Of each sum from -whole to whole its probability, after some of the groups.
    chances = np.zeros(2 * whole + 1)
    chances[whole] = 1.0
    for net in map(abs, by_group):
        if net:
            chances = (np.roll(chances, net) + np.roll(chances, -net)) / 2
    place = whole + sum(by_group)
    more = float(chances[place + 1 :].sum())
    equal = float(chances[place])
    return min(1.0, more + (equal / 2 if is_mid else equal))


def _at_least(k: int, n: int) -> float:
    """Return the probability of k heads or more of n coins."""
    if k <= 0:
        return 1.0
    if k > n:
        return 0.0
    from scipy import special  # slow to import, and only needed here

    return float(special.betainc(k, n - k + 1, 0.5))
