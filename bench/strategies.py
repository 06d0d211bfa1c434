"""Strategies side by side: labels that each needs, of those of random order.

``python -m bench strategies`` compares all of them on every set at hand; that takes an
hour, so ``make bench`` leaves it out. Each arm is the product's own queue, as of
``bench.learning``, on rows as a project reads them that begins; the base is random order
of the same rows. Beside them: random order of hashed words, as it was before the encoder.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np

from activelearn.core import representations
from activelearn.core.strategies import STRATEGIES
from bench import dots, sets
from bench.learning import Curve, Task, curve, policy_of
from bench.representations import first, ratio

PICTURE: Final = Path("bench-strategies.svg")
NAMES: Final = (
    "hwu64",
    "banking77",
    "nsmc_korean",
    "naijasenti",
    "sign_digits",
    "digits",
    "telco_churn",
    "penguins",
)
ITEMS: Final = 2500
SEEDS: Final = 2
LOOKS: Final = (20, 30, 40, 50, 65, 80, 100, 125, 150, 200)
# Of random order of the same rows, over all sets; and on no set more than random order.
GOAL: Final = 0.57
MOST: Final = 1.0

CurvesByArm = dict[str, list[Curve]]


def rows(only: str = "") -> list[dict[str, Any]]:
    """Compare the strategies on each set that is at hand, and draw what they need."""
    wanted = [
        name
        for name in NAMES
        if only in {"strategies", f"strategies-{name}"} and sets.is_at_hand(name)
    ]
    if not wanted:
        return []
    arms = {name: measured(name) for name in wanted}
    return reported(arms)


def measured(name: str) -> CurvesByArm:
    """Return the curves of each strategy, of random order, and of that of hashed words."""
    values, truth = sets.loaded(name)
    values, truth = values[:ITEMS], truth[:ITEMS]
    bases = {"hashed": values}
    if name in sets.TEXTS:
        bases = {"hashed": representations.part_of(values, "hashed")}
        values = representations.part_of(values, first(name))
    arms: CurvesByArm = {"hashed": [], "random": [], **{arm: [] for arm in STRATEGIES}}
    for seed in range(SEEDS):
        for arm, made in arms.items():
            policy = policy_of(name, truth, seed)
            if arm in STRATEGIES:
                policy = replace(policy, strategy=arm)
            read = bases.get(arm, values)
            task = replace(Task.drawn(read, truth, seed), strength=policy.strength)
            is_random = arm not in STRATEGIES
            made.append(list(curve(task, policy, is_random=is_random, looks=LOOKS)))
    return arms


def reported(arms: Mapping[str, CurvesByArm]) -> list[dict[str, Any]]:
    """Return a row for each set and one for all, and draw them. arms: by set."""
    needed = {
        name: {arm: ratio(by_arm[arm], by_arm["random"]) for arm in by_arm}
        for name, by_arm in arms.items()
    }
    drawn = {
        name: {arm: value for arm, value in ratios.items() if arm in STRATEGIES}
        for name, ratios in needed.items()
    }
    PICTURE.write_text(dots.svg(drawn, "auto"), encoding="utf-8")
    by_set = [_row(name, ratios) for name, ratios in needed.items()]
    return [*by_set, _over_all(list(needed.values()))]


def _row(name: str, ratios: Mapping[str, float]) -> dict[str, Any]:
    ours = ratios["auto"]
    best = min((ratios[arm], arm) for arm in STRATEGIES)
    others = ", ".join(f"{arm} {ratios[arm]:.2f}" for arm in STRATEGIES)
    return {
        "name": f"strategies-{name}",
        "value": round(ours, 2),
        "unit": "× random",
        "target": MOST,
        "met": ours <= MOST,
        "detail": f"labels of random order of the same rows: {others}; best"
        f" {best[1]}; of hashed words in random order {ours / ratios['hashed']:.2f};"
        f" {SEEDS} draws, up to {LOOKS[-1]} labels",
    }


def _over_all(ratios: Sequence[Mapping[str, float]]) -> dict[str, Any]:
    means = {
        arm: float(np.exp(np.mean(np.log([each[arm] for each in ratios]))))
        for arm in STRATEGIES
    }
    worst = {arm: max(each[arm] for each in ratios) for arm in STRATEGIES}
    others = ", ".join(f"{arm} {means[arm]:.2f} ({worst[arm]:.2f})" for arm in means)
    return {
        "name": "strategies",
        "value": round(means["auto"], 2),
        "unit": "× random",
        "target": GOAL,
        "met": means["auto"] <= GOAL and worst["auto"] <= MOST,
        "detail": f"geometric mean over {len(ratios)} sets (and the worst): {others}",
    }
