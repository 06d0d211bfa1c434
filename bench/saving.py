"""What the learner saves as it is served: labels, of random order and of earlier features.

``python -m bench saving`` takes hours for all sets, so ``make bench`` leaves it out. What is
measured after each draw stands in ``bench-saving.json``. A project of today asks by ``auto``
and chooses what its items are read by; beside it random order, which chooses that as well, and
random order of what items were read by before there were encoders: hashed words, pixels and
edges, and tables with C = 10. One person labels as of ``bench.learning``: some twenty items
are held, and an order is due with ten more labels.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np

from activelearn.core import representations, training
from activelearn.core.strategies import ordering
from bench import curves, sets
from bench.learning import Curve, Person, Task, curve, policy_of
from bench.representations import chosen_curve, first, ratio, read_as

PICTURE: Final = Path("bench-saving.svg")
KEPT: Final = Path("bench-saving.json")
NAMES: Final = (
    "penguins",
    "telco_churn",
    "nsmc_korean",
    "naijasenti",
    "sign_digits",
    "shape_images",
    "hwu64",
    "banking77",
)
ITEMS: Final = 4000
SEEDS: Final = 5
LOOKS: Final = (20, 30, 40, 50, 65, 80, 100, 125, 150, 200, 250, 300, 400, 500, 600)
# Of random order of the same rows and of random order of earlier features, over all sets;
# and of the first on no set more than random order.
GOAL: Final = 0.57
GOAL_OF_ALL: Final = 0.35
MOST: Final = 1.0

CurvesByArm = dict[str, list[Curve]]


@dataclass(frozen=True)
class SetToRead:
    """The rows of a set, as they are read today, and what is right."""

    name: str
    rows: Any
    truth: sets.Truth
    groups: Sequence[str]

    @classmethod
    def of(cls, name: str) -> SetToRead:
        """Return a set, a random sample of many."""
        rows, truth = sets.loaded(name)
        return cls(name, rows[:ITEMS], truth[:ITEMS], sets.groups_of(name)[:ITEMS])

    def drawn(self, seed: int, *, as_before: bool = False) -> Task:
        """Return a task of this set, with today's rows or those of before the encoders."""
        rows, kind = self.rows, sets.kind_of(self.name)
        if as_before and kind != "table":
            rows = representations.part_of(rows, "own")
        task = Task.drawn(rows, self.truth, seed, self.groups)
        return replace(task, strength=self.policy(seed, as_before=as_before).strength)

    def policy(self, seed: int, *, as_before: bool = False) -> ordering.Policy:
        """Return how a project with this set orders."""
        policy = policy_of(self.name, self.truth, seed)
        if as_before:
            return replace(policy, strength=training.STRENGTH)
        return policy


def rows(only: str = "") -> list[dict[str, Any]]:
    """Measure each set that is at hand, one draw after the other, and draw the curves."""
    wanted = [
        name
        for name in NAMES
        if only in {"saving", f"saving-{name}"} and sets.is_at_hand(name)
    ]
    for name in wanted:
        for seed, arms in enumerate(measured(name)):
            keep(name, seed, arms)
    made = {name: arms for name, arms in kept().items() if name in wanted}
    return reported(made) if made else []


def reported(made: Mapping[str, CurvesByArm]) -> list[dict[str, Any]]:
    """Return a row for each set and one for all, and draw them. made: by set."""
    PICTURE.write_text(curves.svg(panels(made)), encoding="utf-8")
    ratios = {name: ratios_of(arms) for name, arms in made.items()}
    return [*(_row(name, made[name], ratios[name]) for name in made), _over_all(ratios)]


def measured(name: str) -> Iterator[dict[str, Curve]]:
    """Yield of each draw the curves of today, of random order and of before."""
    read = SetToRead.of(name)
    for seed in range(SEEDS):
        yield {
            "queue": _today(read, seed, is_random=False),
            "random": _today(read, seed, is_random=True),
            "before": list(
                curve(
                    read.drawn(seed, as_before=True),
                    read.policy(seed, as_before=True),
                    is_random=True,
                    looks=LOOKS,
                )
            ),
        }


def _today(read: SetToRead, seed: int, *, is_random: bool) -> Curve:
    task, policy = read.drawn(seed), read.policy(seed)
    kind = sets.kind_of(read.name)
    if kind == "table":
        return list(curve(task, policy, is_random=is_random, looks=LOOKS))
    begun = first(read.name)
    person = Person(read_as(task, begun), policy, is_random)
    return list(chosen_curve(person, task, kind, begun, LOOKS))


def keep(name: str, seed: int, arms: Mapping[str, Curve]) -> None:
    """Write the curves of one draw beside those that are there."""
    every = kept()
    for arm, looks in arms.items():
        made = every.setdefault(name, {}).setdefault(arm, [])
        made[seed:] = [looks]
    KEPT.write_text(json.dumps(every) + "\n", encoding="utf-8")


def kept() -> dict[str, CurvesByArm]:
    """Return by set and arm the curves of each draw that has been measured."""
    if not KEPT.exists():
        return {}
    return dict(json.loads(KEPT.read_text(encoding="utf-8")))


def ratios_of(arms: CurvesByArm) -> dict[str, float]:
    """Return the labels of today's order over those of random order, and of before."""
    return {base: ratio(arms["queue"], arms[base]) for base in ("random", "before")}


def panels(made: Mapping[str, CurvesByArm]) -> dict[str, dict[str, list[Curve]]]:
    """Return by set and arm the mean curve of all draws."""
    return {
        name: {arm: [_mean_of(looks)] for arm, looks in arms.items()}
        for name, arms in made.items()
    }


def _mean_of(made: Sequence[Curve]) -> Curve:
    """Return the mean accuracy at each look that all draws have."""
    looks = np.array([each[: min(map(len, made))] for each in made])
    return [(round(labels), float(value)) for labels, value in looks.mean(axis=0)]


def _row(name: str, arms: CurvesByArm, ratios: Mapping[str, float]) -> dict[str, Any]:
    ends = {arm: _mean_of(looks)[-1][1] for arm, looks in arms.items()}
    last = _mean_of(arms["queue"])[-1][0]
    each = ", ".join(
        f"{ratio([ours], [theirs]):.2f}"
        for ours, theirs in zip(arms["queue"], arms["random"], strict=True)
    )
    return {
        "name": f"saving-{name}",
        "value": round(ratios["random"], 2),
        "unit": "× random",
        "target": MOST,
        "met": ratios["random"] <= MOST,
        "detail": f"labels of random order ({each}); of earlier features in random order"
        f" {ratios['before']:.2f}; accuracy at {last}: {ends['queue']:.3f}, random"
        f" {ends['random']:.3f}, before {ends['before']:.3f}; {len(arms['queue'])} draws",
    }


def _over_all(ratios: Mapping[str, Mapping[str, float]]) -> dict[str, Any]:
    mean, of_before = (
        float(np.exp(np.mean(np.log([each[base] for each in ratios.values()]))))
        for base in ("random", "before")
    )
    worst = max(each["random"] for each in ratios.values())
    return {
        "name": "saving",
        "value": round(mean, 2),
        "unit": "× random",
        "target": GOAL,
        "met": mean <= GOAL and of_before <= GOAL_OF_ALL and worst <= MOST,
        "detail": f"geometric mean over {len(ratios)} sets, the worst {worst:.2f}; of"
        f" earlier features in random order {of_before:.2f} (target {GOAL_OF_ALL})",
    }
