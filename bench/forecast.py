"""How often a forecast of the learning curve holds what it promises: a back-test.

A forecast is made from some random labels and few held-out items, as in the product. Then
as many labels more are drawn as it looks ahead, and the accuracy on all held-out items is
the truth: the mean over draws, which are not those of the forecast.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from activelearn.core import forecast
from bench import sets
from bench.learning import Task

NAMES: Final = ("digits", "telco_churn", "nsmc_korean", "naijasenti", "hwu64")
LABELS: Final = (100, 200, 400)
TIMES: Final = (2, 4)
SEEDS: Final = 3
TRUE_DRAWS: Final = 2
HELD_OUT: Final = 200
GOAL: Final = 0.95


@dataclass(frozen=True)
class Outcome:
    """What was expected with so much more, beside what came; level: what was at first."""

    times: int
    value: float
    low: float
    high: float
    level: float
    truth: float

    @property
    def holds(self) -> bool:
        """Whether the interval holds the truth."""
        return self.low <= self.truth <= self.high


def rows(only: str = "") -> list[dict[str, Any]]:
    """Measure each set that is at hand, and all of them together."""
    if only not in {"", "forecast"} and not only.startswith("forecast-"):
        return []
    results, every = [], []
    for name in NAMES:
        if only in {"", "forecast", f"forecast-{name}"} and sets.is_at_hand(name):
            outcomes = list(_outcomes(name))
            results.append(_row(f"forecast-{name}", outcomes))
            every += outcomes
    if len(results) > 1:
        results.append(_row("forecast", every))
    return results


def _row(name: str, outcomes: list[Outcome]) -> dict[str, Any]:
    share = float(np.mean([outcome.holds for outcome in outcomes]))
    parts = []
    for times in TIMES:
        own = [outcome for outcome in outcomes if outcome.times == times]
        if own:
            off, level = (
                float(np.mean([abs(getattr(each, part) - each.truth) for each in own]))
                for part in ("value", "level")
            )
            half = float(np.mean([(each.high - each.low) / 2 for each in own]))
            parts.append(
                f"{times}×: off by {100 * off:.1f} points (no change: {100 * level:.1f}),"
                f" interval ± {100 * half:.1f}"
            )
    return {
        "name": name,
        "value": round(share, 3),
        "unit": "held",
        "target": GOAL,
        "met": share >= GOAL,
        "detail": f"of {len(outcomes)} intervals; {'; '.join(parts)}",
    }


def _outcomes(name: str) -> Iterator[Outcome]:
    values, truth = sets.loaded(name)
    for seed in range(SEEDS):
        task = Task.drawn(values, truth, seed + 50)
        rng = np.random.default_rng(seed)
        order = rng.permutation(task.pool)
        for labels in LABELS:
            made = forecast.forecast_of(_curve(task, order[:labels], seed), seed)
            for times in TIMES:
                if times * labels <= len(order):
                    ahead = made.ahead[forecast.AHEAD.index(float(times))].accuracy
                    came = _true(task, times * labels, rng)
                    now = made.now.value
                    yield Outcome(times, ahead.value, ahead.low, ahead.high, now, came)


def _curve(task: Task, places: Any, seed: int) -> forecast.LearningCurve:
    rows, drawn = (
        task.table.rows,
        np.random.default_rng(seed).permutation(task.held_out),
    )
    held_out = drawn[:HELD_OUT].tolist()
    return forecast.curve_of(
        forecast.CurveTask(
            rows[places],
            [task.truth[place] for place in places.tolist()],
            rows[held_out],
            [task.truth[place] for place in held_out],
            np.arange(len(held_out)),
            is_multi=False,
            seed=seed,
        )
    )


def _true(task: Task, labels: int, rng: np.random.Generator) -> float:
    draws = [
        task.accuracy(rng.permutation(task.pool)[:labels].tolist())
        for _ in range(TRUE_DRAWS)
    ]
    return float(np.mean(draws))
