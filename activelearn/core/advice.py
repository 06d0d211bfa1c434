"""What a forecast of the learning curve advises, and how many labels an aim takes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from activelearn.core.forecast import CurvePoint, Forecast

# What as many labels again have to bring, or they hardly help.
WORTH: Final = 0.01
# How near to people's own accuracy a plateau is theirs.
NEAR_PEOPLE: Final = 0.02

# This number of versions in a row that were no better say that another will not be, either.
FAILED: Final = 3

Advice = Literal["go on", "stop", "features", "labels"]


@dataclass(frozen=True)
class Needed:
    """How many labels an accuracy is expected to take, all together.

    low, high: between which it is; each None beyond eight times the labels of now.
    """

    value: int | None
    low: int | None
    high: int | None


def needed(ahead: Sequence[CurvePoint], accuracy: float) -> Needed:
    """Return how many labels an accuracy is expected to take.

    The interval is between where the upper end of the expected accuracy reaches it, and
    where the lower one does.
    """
    return Needed(
        _reached(ahead, [point.accuracy.value for point in ahead], accuracy),
        _reached(ahead, [point.accuracy.high for point in ahead], accuracy),
        _reached(ahead, [point.accuracy.low for point in ahead], accuracy),
    )


def _reached(
    ahead: Sequence[CurvePoint], values: Sequence[float], accuracy: float
) -> int | None:
    """Return with how many labels values first reach an accuracy, between points too."""
    logs = np.log([point.labels for point in ahead])
    rising = np.maximum.accumulate(np.array(values))
    if rising[-1] < accuracy:
        return None
    # Rising a little at least: where it is level, the first point of it counts.
    return round(
        float(
            np.exp(np.interp(accuracy, rising + np.arange(len(rising)) * 1e-12, logs))
        )
    )


def advised(forecast: Forecast, aim: float, people: float | None) -> Advice:
    """Return what is to be done.

    aim: the accuracy that is to be reached, 0 for none. people: how often people are right
    on the held-out items, None where that is unknown.
    """
    if aim and forecast.now.low >= aim:
        return "stop"
    if forecast.gain >= WORTH:
        return "go on"
    if people is not None and forecast.plateau >= people - NEAR_PEOPLE:
        # The model does as people do: it learns nothing better from their labels.
        return "labels"
    return "features" if aim and forecast.now.value < aim else "stop"


def has_ended(forecast: Forecast, aim: float, advice: Advice, failed: int) -> bool:
    """Whether going on as it is leads no further, and the aim is not reached.

    failed: versions in a row that were judged against what serves and were no better. aim:
    0 for none.
    """
    is_reached = bool(aim) and forecast.now.low >= aim
    return failed >= FAILED and advice != "go on" and not is_reached
