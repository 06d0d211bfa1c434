"""How long people take for an item, by its length: learned from their votes.

The logarithm of the seconds grows with that of the length. One person is quicker than
another, so only what a vote took beside the usual of the same person counts; and who goes
for coffee takes minutes, so errors count as Huber has them (1964, Annals of Mathematical
Statistics 35:73–101). Where little is known a penalty keeps all items alike.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from activelearn.core.intervals import Array, Groups

# Votes from which on anything is said.
FEWEST: Final = 50
# The votes that are looked at, the newest ones.
MOST: Final = 5000
# How many votes of the usual spread the penalty weighs as much as.
PENALTY: Final = 1.0
# Of times and lengths that are not known, or beyond reason.
LEAST_SECONDS: Final = 0.2


@dataclass(frozen=True)
class Durations:
    """What an item takes: seconds = usual · (length / middle)^power.

    usual: seconds of an item of the middle length. power: 0 where length does not matter.
    """

    usual: float
    middle: float
    power: float

    def seconds(self, lengths: Array) -> Array:
        """Return (n,) the expected seconds of items; lengths: (n,) in characters."""
        return np.asarray(self.usual * ((1 + lengths) / self.middle) ** self.power)


def fitted(lengths: Array, seconds: Array, people: Groups) -> Durations | None:
    """Return what items take; None with too few votes.

    lengths: (n,) in characters, of the items of n votes; seconds: (n,) each above 0;
    people: (n,) who voted.
    """
    if len(seconds) < FEWEST:
        return None
    from sklearn.linear_model import HuberRegressor  # slow to import

    logs = np.log(np.maximum(seconds, LEAST_SECONDS))
    sizes = np.log1p(lengths)
    usual, middle = np.median(logs), np.median(sizes)
    beside = logs.copy()
    for person in np.unique(people):
        own = people == person
        beside[own] -= np.median(logs[own])
    power = 0.0
    if np.ptp(sizes) > 0:
        model = HuberRegressor(alpha=PENALTY, max_iter=1000)
        model.fit((sizes - middle)[:, None], beside)
        # That a longer item takes less is chance.
        power = max(0.0, float(model.coef_[0]))
    return Durations(float(np.exp(usual)), float(np.exp(middle)), power)
