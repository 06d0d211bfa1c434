"""Whether what was accepted goes on to keep its promise: a test that may be looked at often.

Each audited item is a bet against the promise: it wins where the accepted label is wrong
and loses a little where it is right, so that on average nothing is won while at most the
promised share is wrong (betting: Waudby-Smith and Ramdas 2024). Stakes for several true
shares are played side by side, and each begins anew when it has lost (an e-detector: Shin,
Ramdas and Rinaldo 2024), so a late drop is found as fast as an early one. While the promise
holds, an alarm comes at most once in ``LIMIT`` audited items on average, however often one
looks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from activelearn.core.certificate import upper
from activelearn.core.intervals import Array, Bools

# An alarm at this evidence: on average once in as many items where the share is just kept.
LIMIT: Final = 1000.0
# The true shares that the stakes are best at, in multiples of the promised one.
TIMES: Final = (1.5, 2.0, 3.0, 5.0, 10.0, 20.0)
# No true share above this is bet on: it would lose all at the first right item.
MOST: Final = 0.9
# What evidence is kept at most; a product of many wins is no number any more.
CAP: Final = 1e12


@dataclass(frozen=True)
class AuditEvidence:
    """What the audited items say, in the order in which their labels came.

    evidence: (n,) after each of them; above ``LIMIT`` the promise is broken. last_good:
    how many there were when nothing spoke against it last.
    """

    evidence: Array
    last_good: int

    @property
    def now(self) -> float:
        """The evidence after all of them; 1 before the first one."""
        return float(self.evidence[-1]) if len(self.evidence) else 1.0

    @property
    def is_broken(self) -> bool:
        """Whether the promise is broken, at any of the looks."""
        return bool((self.evidence >= LIMIT).any())


def judge(wrong: Bools | Sequence[bool], risk: float) -> AuditEvidence:
    """Return the evidence that more than the share ``risk`` of what is accepted is wrong.

    wrong: (n,) of each audited item, in the order of their outcomes. risk: in (0, 1).
    """
    outcomes = np.asarray(wrong, dtype=np.float64)
    shares = np.minimum(risk * np.array(TIMES), MOST)
    shares = shares[shares > risk]
    # The stakes that win fastest where this share is the true one (Kelly 1956).
    stakes = (shares - risk) / (risk * (1 - risk))
    wealth = np.ones(len(stakes))
    evidence = np.ones(len(outcomes))
    last_good = 0
    for place, outcome in enumerate(outcomes):
        staked = np.clip(wealth, 1.0, CAP)
        wealth = staked * (1 + stakes * (outcome - risk))
        evidence[place] = wealth.mean() if len(wealth) else 1.0
        if evidence[place] <= 1.0:
            last_good = place + 1
    return AuditEvidence(evidence, last_good)


def interval(labels: int, wrong: int, doubt: float) -> tuple[float, float]:
    """Return between which shares the true one lies, but for a doubt (Clopper-Pearson).

    Without labels it is anywhere: (0, 1).
    """
    counts, misses = np.array([labels]), np.array([wrong])
    high = float(upper(counts, misses, doubt / 2)[0])
    low = 1 - float(upper(counts, counts - misses, doubt / 2)[0])
    return (low, high)


def to_draw(accepted: int, drawn: int, waiting: int, share: float, least: int) -> int:
    """Return how many more items to audit this week.

    accepted: what was accepted in it. drawn: what was drawn of it already. waiting: what
    could be drawn. share: in [0, 1]. least: that many a week, where there are as many.
    """
    wanted = max(int(np.ceil(share * accepted)), least)
    return max(0, min(wanted - drawn, waiting))
