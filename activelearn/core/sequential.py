"""Comparing two models while the evidence comes in, with looks as often as one likes.

A test that is made for one look is wrong up to six times as often where somebody looks at
each item and stops at the first "significant" one. An e-process is not: it is a bet against
the hypothesis that a fair game does not let win, so it reaches 1 / alpha with a probability
of at most alpha, at whatever moment one looks and however often (Ville's inequality).

In pairs, where both models predict the same items, a tenth of the labels tells as much as
where each predicts its own: ``paired``. Where each has its own, ``unpaired``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from activelearn.core.intervals import Estimate

ALPHA: Final = 0.05
# The bets: small ones win of small differences, large ones soon.
STAKES: Final = np.array([0.1, 0.2, 0.4, 0.6, 0.8])
# Below as many items in an arm, ``unpaired`` is too often wrong.
FEWEST_IN_ARM: Final = 20
# Of the differences that ``difference`` tries.
_STEPS: Final = 401

PairVerdict = Literal["better", "worse", "go on"]
_Floats = NDArray[np.float64]


@dataclass(frozen=True)
class PairedEvidence:
    """What was seen of two models, and the verdict of all of it.

    n: items; of these only the challenger has ``better`` right, and only the champion
    ``worse``. benefit, harm: the largest natural logarithm that each e-process has reached;
    from ``limit`` on it is proved.
    """

    n: int = 0
    better: int = 0
    worse: int = 0
    benefit: float = 0.0
    harm: float = 0.0

    def verdict(self, alpha: float = ALPHA) -> PairVerdict:
        """Return which of the two is proved; harm where both are, for it costs more."""
        if self.harm >= limit(alpha):
            return "worse"
        return "better" if self.benefit >= limit(alpha) else "go on"


def limit(alpha: float = ALPHA) -> float:
    """Return the logarithm from which an e-process proves something: ln(1 / alpha)."""
    return -math.log(alpha)


def paired(outcomes: ArrayLike, before: PairedEvidence | None = None) -> PairedEvidence:
    """Return the evidence after more items, in the order in which they were settled.

    outcomes: (m,) 1 where only the challenger is right, -1 where only the champion is, else
    0, of items that neither was trained on. The e-process is the mean over the stakes s of
    the product of 1 + s * outcome, for harm with the other sign (Waudby-Smith and Ramdas
    2024, J. R. Stat. Soc. B 86:1–27). Where the challenger is not the better one it is a
    supermartingale, also where the items are not alike, as long as none is better on average given
    those before. Raises ValueError for other outcomes.
    """
    seen = before or PairedEvidence()
    signs = np.asarray(outcomes, dtype=np.int64)
    if signs.ndim != 1 or np.any(np.abs(signs) > 1):
        raise ValueError("Outcomes are -1, 0 and 1.")
    better = seen.better + np.cumsum(signs == 1)
    worse = seen.worse + np.cumsum(signs == -1)
    return PairedEvidence(
        seen.n + len(signs),
        int(better[-1]) if len(signs) else seen.better,
        int(worse[-1]) if len(signs) else seen.worse,
        max(seen.benefit, float(_log_wealth(better, worse).max(initial=-math.inf))),
        max(seen.harm, float(_log_wealth(worse, better).max(initial=-math.inf))),
    )


def _log_wealth(won: NDArray[np.int64], lost: NDArray[np.int64]) -> _Floats:
    """Return of numbers (m,) of bets won and lost the logarithm of the mean wealth (m,)."""
    wealth = np.multiply.outer(won, np.log1p(STAKES)) + np.multiply.outer(
        lost, np.log1p(-STAKES)
    )
    mean: _Floats = np.logaddexp.reduce(wealth, axis=1) - math.log(len(STAKES))
    return mean


def difference(seen: PairedEvidence, alpha: float = ALPHA) -> Estimate:
    """Return by how much the challenger is right more often, with an interval.

    The interval holds at whatever moment one looks, with a probability of at least 1 -
    alpha. It is made of the differences d that ``paired`` does not refute for outcomes - d, scaled into
    [-1, 1], half of alpha at each end (the same source, section 4).
    """
    if not seen.n:
        return Estimate(0.0, -1.0, 1.0)
    mean = (seen.better - seen.worse) / seen.n
    tried = np.linspace(-1.0, 1.0, _STEPS)
    above, below = _refutes(seen, tried, 1), _refutes(seen, tried, -1)
    left = tried[(above < limit(alpha / 2)) & (below < limit(alpha / 2))]
    low, high = (float(left[0]), float(left[-1])) if len(left) else (mean, mean)
    return Estimate(mean, min(low, mean), max(high, mean))


def _refutes(seen: PairedEvidence, tried: _Floats, sign: int) -> _Floats:
    """Return of each difference (m,) the log wealth of betting that the true one is higher (lower)."""
    same = seen.n - seen.better - seen.worse
    wealth = np.zeros((len(tried), len(STAKES)))
    for outcome, count in ((1, seen.better), (-1, seen.worse), (0, same)):
        moved = sign * (outcome - tried) / (1 + np.abs(tried))
        wealth += count * np.log1p(np.outer(moved, STAKES))
    mean: _Floats = np.logaddexp.reduce(wealth, axis=1) - math.log(len(STAKES))
    return mean


@dataclass(frozen=True)
class ArmCount:
    """Of how many of an arm's items something was so: ``hits`` of ``n``."""

    hits: int
    n: int


def unpaired(champion: ArmCount, challenger: ArmCount, least: float) -> float:
    """Return the log evidence that the shares of two arms differ; 0 where arms are small.

    least: the smallest difference of shares that matters, in (0, 1). The mixture
    sequential probability ratio test with a normal mixture of that width (Johari, Koomen,
    Pekelis and Walsh 2022, Operations Research 70:1806–1821), on shares with one hit and
    one miss more (Agresti and Caffo 2000, The American Statistician 54:280–288). It rests on
    the normal approximation, so it is silent below ``FEWEST_IN_ARM`` items in an arm and a little too
    bold where one has few; and it needs several times the items of ``paired``. Raises ValueError
    for a least difference that is none.
    """
    if not 0 < least < 1:
        raise ValueError("The least difference is a share.")
    if min(champion.n, challenger.n) < FEWEST_IN_ARM:
        return 0.0
    shares = [(arm.hits + 1) / (arm.n + 2) for arm in (champion, challenger)]
    variance = sum(
        share * (1 - share) / (arm.n + 2)
        for share, arm in zip(shares, (champion, challenger), strict=True)
    )
    gap, width = shares[1] - shares[0], least**2
    shrunk = math.log(variance / (variance + width)) / 2
    return shrunk + gap**2 * width / (2 * variance * (variance + width))
