"""Whether a model errs more often than it did, by labels of items that chance drew."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from activelearn.core import intervals
from activelearn.core.intervals import Estimate

WARN: Final = 6.0
ALARM: Final = 8.0
# The rise of the error that is to be noticed soonest.
RISE: Final = 0.05
# Where no error was seen yet, or each, the logarithms would have no end.
_LEAST: Final = 0.005
State = Literal["quiet", "warn", "alarm"]


@dataclass(frozen=True)
class OutcomeTest:
    """What labeled outcomes say of a model.

    highest: of the sum at its highest. since: the place of the first outcome after which it
    only grew to where it passed the limit, 0 where it is quiet; passed: where it did.
    error: since then, or of all where it is quiet.
    """

    state: State
    highest: float
    since: int
    passed: int
    before: float
    error: Estimate
    size: int


def errors_rise(wrong: Sequence[bool], before: float) -> OutcomeTest:
    """Return the cumulative sum test of a rise of the error by 5 points.

    wrong: (n,) in the order in which the labels came. before: the error on held-out items,
    in [0, 1]. Page 1954, Biometrika 41:100–115, with the log-likelihood ratios of a
    Bernoulli variable; the limits are h = 6 and h = 8.
    """
    low = min(max(before, _LEAST), 1 - RISE - _LEAST)
    up = math.log((low + RISE) / low)
    down = math.log((1 - low - RISE) / (1 - low))
    total, start = 0.0, 0
    highest, since, passed, warned = 0.0, 0, 0, False
    state: State = "quiet"
    for place, is_wrong in enumerate(wrong):
        if total == 0.0:
            start = place
        total = max(0.0, total + (up if is_wrong else down))
        highest = max(highest, total)
        if total >= WARN and not warned:
            state, warned, since, passed = "warn", True, start, place
        if total >= ALARM:
            state, since, passed = "alarm", start, place
            break
    part = wrong[since:] if state != "quiet" else wrong
    share = sum(part) / len(part) if part else 0.0
    error = intervals.wilson(share, len(part))
    return OutcomeTest(state, highest, since, passed, before, error, len(wrong))
