"""What the meter says: of two arms that chance drew alike, and of the queue's own choice.

The first must hardly ever be told apart, however often it is looked at; of the second,
what is told is compared with nothing, for nobody knows better. The queue orders as a
project that changed no setting, without chance; the other arm is drawn from the whole
pool.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, Final

import numpy as np

from activelearn.core import meter
from activelearn.core.arm_models import LabeledArm, MeterTask
from bench import sets
from bench.learning import POLICY, Person, Task

NAMES: Final = ("digits", "telco_churn", "naijasenti", "nsmc_korean")
# Draws of chance against chance, of the queue against chance, and the last look of both.
ALIKE: Final = 10
CHOSEN: Final = 2
LAST: Final = 150
HELD_OUT: Final = 300


def rows(only: str = "") -> list[dict[str, Any]]:
    """Measure each set that is at hand."""
    results: list[dict[str, Any]] = []
    for name in NAMES:
        if only in {"", "meter", f"meter-{name}"} and sets.is_at_hand(name):
            results += _rows(name)
    return results


def _rows(name: str) -> Iterator[dict[str, Any]]:
    values, truth = sets.loaded(name)
    tasks = [Task.drawn(values, truth, seed) for seed in range(ALIKE)]
    alike = [
        list(_looks(task, *_halves(task, seed))) for seed, task in enumerate(tasks)
    ]
    wrong = sum(any(map(_is_clear, looks)) for looks in alike)
    yield {
        "name": f"meter-{name}",
        "value": round(wrong / ALIKE, 2),
        "unit": "told apart",
        "target": meter.ALPHA,
        "met": wrong / ALIKE <= meter.ALPHA,
        "detail": f"projects of {ALIKE} in which a look told two draws of chance apart,"
        f" looks at 20 to {LAST} labels, {HELD_OUT} held-out items; of the queue's choice: "
        + "; ".join(_of_queue(tasks[:CHOSEN])),
    }


def _is_clear(saving: meter.Saving) -> bool:
    return saving.verdict != "cannot tell"


def _halves(task: Task, seed: int) -> tuple[Sequence[int], Sequence[int]]:
    order = np.random.default_rng(seed + 100).permutation(task.pool).tolist()
    return order[::2], order[1::2]


def _of_queue(tasks: Sequence[Task]) -> Iterator[str]:
    for seed, task in enumerate(tasks):
        labels = len(set(task.truth))
        policy = replace(POLICY, label_count=labels, seed=seed, exploration_rate=0.0)
        person = Person(task, policy, is_random=False)
        while len(person.known) < LAST and person.answer():
            pass
        looks = _looks(task, list(person.known), _halves(task, seed)[0])
        clear = [look for look in looks if _is_clear(look)]
        yield ", ".join(_told(look) for look in clear) or "cannot tell"


def _told(look: meter.Saving) -> str:
    ends = " to ".join(
        "?" if end is None else f"{end:.0%}" for end in (look.low, look.high)
    )
    return f"at {look.labels} {look.verdict} {look.value:.0%} ({ends})"


def _looks(
    task: Task, ours: Sequence[int], others: Sequence[int]
) -> Iterator[meter.Saving]:
    """Yield the looks at two arms of items."""
    order = np.random.default_rng(0).permutation(task.held_out)
    held_out = order[:HELD_OUT].tolist()
    judge = MeterTask(
        task.table.rows[held_out],
        [task.truth[place] for place in held_out],
        np.arange(len(held_out)),
        is_multi=False,
        seed=1,
    )
    for rung in meter.RUNGS:
        if rung <= min(LAST, len(ours), len(others)):
            chosen, drawn = (_arm(task, side[:rung]) for side in (ours, others))
            yield meter.measured(chosen, drawn, judge)


def _arm(task: Task, items: Sequence[int]) -> LabeledArm:
    return LabeledArm(
        task.table.rows[np.array(items)], [task.truth[place] for place in items]
    )
