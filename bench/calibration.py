"""How far confidences are from what is right, before and after a calibration.

On each data set that is at hand a model learns as in the product: from 100 random labels
and 300 that it was least sure of. Calibrations are then fitted on so many random labels,
and judged on the items that are left.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from activelearn.core import calibrated, query, training
from activelearn.core.evaluation import Probabilities
from bench import sets
from bench.row import row

FIRST: Final = 100
ROUNDS: Final = 3
BATCH: Final = 100
RANDOM_LABELS: Final = (50, 100, 200, 500)
DRAWS: Final = 5
# learning.md's bar: from 200 random labels.
GOAL: Final = 0.03


def measured(name: str) -> dict[int, tuple[float, float, float]]:
    """Return by number of random labels: error before, after, share that was taken."""
    rows, truth = sets.loaded(name)
    rng = np.random.default_rng(1)
    order = rng.permutation(len(truth))
    known, rest = order[:FIRST], order[FIRST:]
    pool, held_out = rest[: len(rest) // 2], rest[len(rest) // 2 :]
    for _ in range(ROUNDS):
        scores = query.margin(_fit(rows, truth, known).probabilities(rows[pool]))
        picked = query.least_sure(scores, BATCH, rng)
        known = np.concatenate([known, pool[picked]])
        pool = np.delete(pool, picked)
    model = _fit(rows, truth, known)
    outcomes = {}
    for count in RANDOM_LABELS:
        if count > len(held_out) // 2:
            break
        draws = [
            _draw(model, rows, truth, rng.permutation(held_out), count)
            for _ in range(DRAWS)
        ]
        before, after, taken = np.mean(draws, axis=0)
        outcomes[count] = (float(before), float(after), float(taken))
    return outcomes


def _fit(rows: Any, truth: list[tuple[str, ...]], known: Any) -> training.LinearModel:
    places = np.sort(known)
    return training.fit(rows[places], [truth[p] for p in places], is_multi=False)


def _draw(
    model: training.LinearModel,
    rows: Any,
    truth: list[tuple[str, ...]],
    held_out: Any,
    count: int,
) -> tuple[float, float, bool]:
    own, test = held_out[:count], held_out[count:]
    other, trial = calibrated.calibrated(
        model, rows[own], [truth[p] for p in own], np.arange(count)
    )
    errors = [
        calibrated.reliability(
            Probabilities(each.labels, each.probabilities(rows[test]), is_multi=False),
            [truth[p] for p in test],
            np.arange(len(test)),
        ).ece.value
        for each in (model, other)
    ]
    return errors[0], errors[1], trial.helps


def rows(only: str = "") -> list[dict[str, Any]]:
    """Measure each set that is at hand."""
    results = []
    for name in sets.NAMES:
        is_wanted = only in {"", "calibration", f"calibration-{name}"}
        if not is_wanted or not sets.is_at_hand(name):
            continue
        outcomes = measured(name)
        best = outcomes.get(200, list(outcomes.values())[-1])
        detail = "; ".join(
            f"{count}: {before:.3f} → {after:.3f}, taken {taken:.0%}"
            for count, (before, after, taken) in outcomes.items()
        )
        results.append(row(f"calibration-{name}", best[1], "ECE", GOAL, detail))
    return results
