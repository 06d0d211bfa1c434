"""How far confidences are from what is right, before and after a calibration.

On each data set that is at hand a model learns as in the product: from 100 random labels
and 300 that it was least sure of. Calibrations are then fitted on these numbers of held-out labels,
without and with the random ones among those that it learned from (predicted by models of
the other folds), and judged on the items that are left.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from activelearn.core import calibrated, crossfit, query, training
from activelearn.core.evaluation import Probabilities
from bench import sets
from bench.row import row

FIRST: Final = 100
ROUNDS: Final = 3
BATCH: Final = 100
RANDOM_LABELS: Final = (0, 25, 50, 100, 200, 500)
DRAWS: Final = 5
# learning.md's bar: from 200 random labels.
GOAL: Final = 0.03


@dataclass(frozen=True)
class Outcome:
    """Means over the draws.

    before, after, with_arm: expected calibration error as fitted, calibrated on held-out
    labels, and on the random arm as well. taken, vector: shares of the draws.
    """

    before: float
    after: float
    taken: float
    with_arm: float
    arm_taken: float
    vector: float


def measured(name: str) -> dict[int, Outcome]:
    """Return by number of held-out labels how far confidences are from what is right."""
    rows, truth = sets.loaded(name)
    rng = np.random.default_rng(1)
    known, held_out = learned_from(rows, truth, rng)
    model = fit(rows, truth, known)
    learned = Learned(model, rows, truth, _arm(model, rows, truth, known))
    outcomes = {}
    for count in RANDOM_LABELS:
        if count > len(held_out) // 2:
            break
        draws = [_draw(learned, rng.permutation(held_out), count) for _ in range(DRAWS)]
        outcomes[count] = Outcome(*map(float, np.mean(draws, axis=0)))
    return outcomes


def learned_from(
    rows: Any, truth: list[tuple[str, ...]], rng: np.random.Generator
) -> tuple[Any, Any]:
    """Return the places of what a model learns from as in the product, and of a random half.

    It learns from 100 random ones of the other half, and three times 100 that the model of
    before was least sure of.
    """
    order = rng.permutation(len(truth))
    known, rest = order[:FIRST], order[FIRST:]
    pool, held_out = rest[: len(rest) // 2], rest[len(rest) // 2 :]
    for _ in range(ROUNDS):
        scores = query.margin(fit(rows, truth, known).probabilities(rows[pool]))
        picked = query.least_sure(scores, BATCH, rng)
        known = np.concatenate([known, pool[picked]])
        pool = np.delete(pool, picked)
    return known, held_out


@dataclass(frozen=True)
class Learned:
    """A model with the data, and what models of parts say of its random labels."""

    model: training.LinearModel
    rows: Any
    truth: list[tuple[str, ...]]
    arm: crossfit.CrossFit


def _arm(
    model: training.LinearModel, rows: Any, truth: list[tuple[str, ...]], known: Any
) -> crossfit.CrossFit:
    targets = [truth[p] for p in known]

    def refit(places: list[int]) -> training.LinearModel:
        return fit(rows, truth, known[places])

    lot = crossfit.Lot(known.tolist(), rows[known], targets, np.arange(len(known)))
    return crossfit.crossed(refit, lot, model.labels).of(known[:FIRST].tolist())


def fit(rows: Any, truth: list[tuple[str, ...]], known: Any) -> training.LinearModel:
    """Return the model of the items at some places."""
    places = np.sort(known)
    return training.fit(rows[places], [truth[p] for p in places], is_multi=False)


def _draw(learned: Learned, held_out: Any, count: int) -> list[float]:
    own, test = held_out[:count], held_out[count:]
    model, rows, truth = learned.model, learned.rows, learned.truth
    labels = [truth[p] for p in own]
    known = calibrated.Scored.of(model, rows[own], labels, np.arange(count))
    arm = [truth[p] for p in learned.arm.ids]
    both = known.joined(learned.arm.scores, arm, np.arange(count + len(arm)))
    alone, first = calibrated.calibrated(model, known)
    joined, second = calibrated.calibrated(model, both)
    answers = [truth[p] for p in test]
    errors = [
        calibrated.reliability(
            Probabilities(each.labels, each.probabilities(rows[test]), is_multi=False),
            answers,
            np.arange(len(test)),
        ).ece.value
        for each in (model, alone, joined)
    ]
    is_vector = second.helps and second.method == "vector"
    return [
        errors[0],
        errors[1],
        first.helps,
        errors[2],
        second.helps,
        is_vector,
    ]


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
            f"{count}: {o.before:.3f} → {o.after:.3f}, taken {o.taken:.0%}; with the arm "
            f"{o.with_arm:.3f}, taken {o.arm_taken:.0%}, vector {o.vector:.0%}"
            for count, o in outcomes.items()
        )
        results.append(row(f"calibration-{name}", best.with_arm, "ECE", GOAL, detail))
    return results
