"""Small models of an arm of labels: what they have right, and how much is luck."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from activelearn.core import training
from activelearn.core.evaluation import Labels, judged
from activelearn.core.features import Rows
from activelearn.core.intervals import Bools, Groups

# How often an arm is halved to see how much hangs on which labels it happens to have.
HALVINGS: Final = 6


@dataclass(frozen=True)
class LabeledArm:
    """Labels in the order in which they came: rows (n, n_features), n sets of labels."""

    rows: Rows
    targets: Sequence[Labels]

    def at(self, places: NDArray[np.int64]) -> LabeledArm:
        """Return the labels at some places."""
        return LabeledArm(self.rows[places], [self.targets[n] for n in places.tolist()])


@dataclass(frozen=True)
class MeterTask:
    """Held-out items, on which all models answer: rows (n, n_features), n sets of labels.

    groups: (n,). ``step`` is called before each fit; what it raises ends the look.
    """

    rows: Rows
    targets: Sequence[Labels]
    groups: Groups
    is_multi: bool
    seed: int
    step: Callable[[], object] = lambda: None
    strength: float = training.STRENGTH


def hits_of(arm: LabeledArm, task: MeterTask, sizes: Sequence[int]) -> Bools:
    """Return (n_sizes, n_held_out): what models of each size have right."""
    hits = []
    for size in sizes:
        task.step()
        predicted = _predicted(arm.rows[:size], arm.targets[:size], task)
        hits.append(judged(task.targets, predicted).hits)
    return np.array(hits, dtype=np.bool_)


def _predicted(rows: Rows, targets: Sequence[Labels], task: MeterTask) -> list[Labels]:
    try:
        terms = training.FitTerms(task.is_multi, strength=task.strength)
        model = training.fit_by(terms, rows, targets)
    except ValueError:
        # All have the same labels, and so has all that they predict.
        return [tuple(targets[0])] * len(task.targets)
    return training.predicted_labels(model, model.probabilities(task.rows))


def luck_of(arm: LabeledArm, task: MeterTask) -> float:
    """Return the variance of an arm's accuracy by which labels it happens to have.

    Halves of it differ by that: a quarter of their mean squared difference (the delete-half
    jackknife: Shao and Wu 1989, Annals of Statistics 17:1176–1197), without what the items
    add to it. Another seed, other halves.
    """
    rng = np.random.default_rng(task.seed)
    squares = []
    for _ in range(HALVINGS):
        halves = np.array_split(rng.permutation(len(arm.targets)), 2)
        parts = [arm.at(np.sort(half)) for half in halves]
        first, second = (
            hits_of(part, task, [len(part.targets)])[0].astype(np.float64)
            for part in parts
        )
        gaps = first - second
        squares.append(gaps.mean() ** 2 - (gaps**2).mean() / len(gaps))
    return max(0.0, float(np.mean(squares))) / 4
