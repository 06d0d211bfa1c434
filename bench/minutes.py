"""What the order by gain per minute saves: seconds to the same accuracy, of the plain order.

``python -m bench minutes``; it takes some minutes a set, so ``make bench`` leaves it out.
A person takes 1.5 seconds and 0.35 for each word, times chance; one vote in twenty has a
pause of a minute. The product learns from these votes what an item takes.
"""

from __future__ import annotations

from functools import partial
from typing import Any, Final

import numpy as np

from activelearn.core import durations, representations
from bench import sets
from bench.learning import Person, Task, policy_of
from bench.representations import first
from bench.row import row

NAMES: Final = ("naijasenti", "banking77", "hwu64", "nsmc_korean")
ITEMS: Final = 2500
SEEDS: Final = 4
LOOKS: Final = (20, 30, 40, 50, 65, 80, 100, 125, 150, 200, 250, 300)
# Levels between the accuracy at the fourth look and the lower one of both ends.
FROM: Final = 3
LEVELS: Final = 20
ALONE, A_WORD, SPREAD, PAUSE, PAUSES = 1.5, 0.35, 0.4, 60.0, 0.05
# It must not take longer than the plain order.
GOAL: Final = 1.0

Spent = list[tuple[float, float]]


def rows(only: str = "") -> list[dict[str, Any]]:
    """Measure each set that is at hand."""
    return [
        _row(name)
        for name in NAMES
        if only in {"minutes", f"minutes-{name}"} and sets.is_at_hand(name)
    ]


def _row(name: str) -> dict[str, Any]:
    values, truth = sets.loaded(name)
    texts = sets.texts(name)[:ITEMS]
    read = representations.part_of(values[:ITEMS], first(name))
    taken = ALONE + A_WORD * np.array([len(text.split()) for text in texts])
    lengths = np.array([float(len(text)) for text in texts])
    ratios = []
    for seed in range(SEEDS):
        task = Task.drawn(read, truth[:ITEMS], seed)
        rng = np.random.default_rng(seed)
        votes = taken * rng.lognormal(sigma=SPREAD, size=len(taken))
        votes += np.where(rng.random(len(taken)) < PAUSES, PAUSE, 0)
        plain, timed = (
            _spent(
                Person(task, policy_of(name, truth, seed), False, expect=expect), taken
            )
            for expect in (lambda _known: None, partial(_expected, lengths, votes))
        )
        ratios.append(_ratio(timed, plain))
    detail = ", ".join(f"{ratio:.2f}" for ratio in ratios)
    mean = float(np.exp(np.log(ratios).mean()))
    return row(f"minutes-{name}", mean, "× plain", GOAL, f"of {SEEDS} draws: {detail}")


def _expected(lengths: Any, votes: Any, known: list[int]) -> Any:
    """Return what items are expected to take, by their places and one person's votes."""
    learned = durations.fitted(
        lengths[known], votes[known], np.zeros(len(known), dtype=np.int64)
    )
    return learned.seconds(lengths).__getitem__ if learned else None


def _spent(person: Person, taken: Any) -> Spent:
    """Return the seconds spent on labels of the pool at each look, and the accuracy."""
    spent = []
    for look in LOOKS:
        while len(person.known) < look and person.answer():
            pass
        known = list(person.known)
        spent.append((float(taken[known].sum()), person.task.accuracy(known)))
    return spent


def _ratio(ours: Spent, base: Spent) -> float:
    """Return the geometric mean of seconds needed over those of the base."""
    most = min(max(accuracy for _, accuracy in side) for side in (ours, base))
    within = np.linspace(base[FROM][1], most, LEVELS)
    needed = []
    for side in (ours, base):
        seconds, accuracies = np.array(side).T
        # Rising a little at least: where it is flat, the first look of it counts.
        rising = np.maximum.accumulate(accuracies) + np.arange(len(side)) * 1e-9
        needed.append(np.interp(within, rising, np.log(seconds)))
    return float(np.exp((needed[0] - needed[1]).mean()))
