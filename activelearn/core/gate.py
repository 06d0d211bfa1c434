"""Promote or not: a paired comparison on the same held-out items."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

RULE = "balanced-2"
MARGIN = 0.02
# The normal distribution's 90 % quantile: the bound is one-sided.
Z = 1.282
# Its 80 % quantile: as likely a comparison of ``needed`` items is to tell.
Z_POWER = 0.842
# Below one of these, a comparison with a champion cannot tell.
MIN_ITEMS = 100
MIN_DISCORDANT = 10
# The fewest items that a first model waits for; it only has to beat the commonest label.
FEW = 20

GateVerdict = Literal["promote", "not better", "cannot tell"]


@dataclass(frozen=True)
class Comparison:
    """Counts of n items that only the challenger (better) or champion (worse) has right.

    lower_bound: of the gain in accuracy, a share. mid_p: in [0, 1]. needed: how many
    items are expected to tell where these cannot, else 0.
    """

    n: int
    better: int
    worse: int
    lower_bound: float
    mid_p: float
    verdict: GateVerdict
    needed: int = 0


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


def needed(better: int, worse: int, n: int, *, is_first: bool = False) -> int:
    """Return how many items are expected to tell if they differ as these n do.

    With q the share of discordant items and d the gain, each from counts that are one
    larger (as in ``lower_bound``), n = (z + z')² (q − d²) / (d + margin)² lets the bound
    pass the margin in 80 % of all samples (Connor 1987, Biometrics 43:207–211; with a
    margin Lu and Bean 1995, Statistics in Medicine 14:1831–1839). It is at least
    ``MIN_ITEMS``, and so many that ``MIN_DISCORDANT`` differ.
    """
    p1, p2 = (better + 1) / (n + 2), (worse + 1) / (n + 2)
    q, d = p1 + p2, p1 - p2
    sizes: list[float] = [FEW] if is_first else [MIN_ITEMS, MIN_DISCORDANT / q]
    if better > worse:
        sizes.append((Z + Z_POWER) ** 2 * (q - d**2) / (d + MARGIN) ** 2)
    # These have not told.
    return max(n + 1, math.ceil(max(sizes)))


def compare(
    champion: Sequence[bool], challenger: Sequence[bool], *, is_first: bool = False
) -> Comparison:
    """Judge the challenger by its hits against the champion's on the same items.

    Promote when more is fixed than broken and the gain's lower bound is above minus
    two points; too little evidence is "cannot tell" (design: the balanced gate). A first
    model is compared with always saying the commonest label, on any number of items.
    Raises ValueError where they were not judged on as many items.
    """
    n = len(champion)
    if n != len(challenger):
        raise ValueError("Both must be judged on the same items.")
    pairs = list(zip(champion, challenger, strict=True))
    better = sum(new and not old for old, new in pairs)
    worse = sum(old and not new for old, new in pairs)
    is_enough = n > 0 and (
        is_first or (n >= MIN_ITEMS and better + worse >= MIN_DISCORDANT)
    )
    bound = lower_bound(better, worse, n)
    verdict = _verdict(better, worse, bound) if is_enough else "cannot tell"
    return Comparison(
        n,
        better,
        worse,
        bound,
        mid_p(better, worse),
        verdict,
        needed(better, worse, n, is_first=is_first) if verdict == "cannot tell" else 0,
    )


def _verdict(better: int, worse: int, bound: float) -> GateVerdict:
    if better <= worse:
        return "not better"
    return "promote" if bound > -MARGIN else "cannot tell"
