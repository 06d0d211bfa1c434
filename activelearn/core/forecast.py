"""Will more labels help? A learning curve over what is labeled, and where it leads.

Models of growing random subsets of the labels answer the held-out items. A power law with
an offset, a - b n^-c (Viering and Loog 2022, "The shape of learning curves", arXiv
2103.10948), is fitted to their accuracies and says what more labels are expected to bring.
The interval is that of curves whose held-out items and subsets are drawn anew, widened
until it held as often as it promises on the shared sets (docs/models.md).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from activelearn.core import training
from activelearn.core.evaluation import Labels, judged
from activelearn.core.features import Rows
from activelearn.core.intervals import Array, Bools, Estimate, Groups, proportion

# Of fewer the interval does not hold: the steepest part of the curve is still to come.
FEWEST_LABELS: Final = 100
FEWEST_HELD_OUT: Final = 30
# A new one is due with so large a share of labels more.
GROWTH: Final = 0.25
# Of more labels as many are drawn for the curve: a fit takes its time.
MOST: Final = 2000
STEP: Final = 2**-0.5
STEPS: Final = 7
SUBSETS: Final = 3
DRAWS: Final = 200
# How many times as wide as what the draws alone say.
WIDENED: Final = 1.5
# How many times the labels of now a forecast is made for: the steps of a curve go on.
AHEAD: Final = tuple(2 ** (step / 2) for step in range(7))
# How far below the best that was seen an offset may be: noise lets a curve fall.
SLACK: Final = 0.02


@dataclass(frozen=True)
class CurveTask:
    """What curves are made from, and the held-out items on which they are measured.

    rows: (n, n_features), by chance in no order; targets: n sets of labels. held_out,
    truth, groups: the same of the held-out items. ``step`` is called before each fit;
    what it raises ends this.
    """

    rows: Rows
    targets: Sequence[Labels]
    held_out: Rows
    truth: Sequence[Labels]
    groups: Groups
    is_multi: bool
    seed: int
    step: Callable[[], object] = lambda: None
    strength: float = training.STRENGTH


@dataclass(frozen=True)
class LearningCurve:
    """What models of random subsets have right.

    sizes: (n_sizes,), ascending, the last one with all labels. hits: (n_sizes, n_subsets,
    n_held_out); of all labels each subset is the same. groups: (n_held_out,). changing:
    the share of held-out items of which the model of all labels says something else than
    those of the size before.
    """

    sizes: NDArray[np.int64]
    hits: Bools
    groups: Groups
    changing: float


@dataclass(frozen=True)
class CurvePoint:
    """The accuracy on the held-out items with a number of labels."""

    labels: int
    accuracy: Estimate


@dataclass(frozen=True)
class Forecast:
    """Where a curve leads.

    labels: how many there are now; of more than ``MOST`` the curve measures as many.
    points: as measured, ascending; ahead: as expected, from the number of now to eight
    times as many. plateau: the accuracy that it comes near to.
    """

    labels: int
    held_out: int
    points: list[CurvePoint]
    ahead: list[CurvePoint]
    plateau: float
    changing: float

    @property
    def now(self) -> Estimate:
        """The accuracy with all labels, by the law where it was measured with fewer."""
        return self.points[-1].accuracy if self.is_measured else self.ahead[0].accuracy

    @property
    def is_measured(self) -> bool:
        """Whether the curve is measured up to the number of labels of now."""
        return self.points[-1].labels >= self.labels

    @property
    def twice(self) -> Estimate:
        """The accuracy that is expected with as many labels again."""
        return self.ahead[AHEAD.index(2.0)].accuracy

    @property
    def gain(self) -> float:
        """What as many labels again are expected to bring, by the same law."""
        return self.twice.value - self.ahead[0].accuracy.value


def sizes_of(labels: int) -> NDArray[np.int64]:
    """Return the sizes of the subsets, ascending."""
    steps = np.arange(STEPS - 1, -1, -1)
    return np.unique(np.maximum(2, np.round(labels * STEP**steps))).astype(np.int64)


def curve_of(task: CurveTask) -> LearningCurve:
    """Return the learning curve of a task's labels."""
    rng = np.random.default_rng(task.seed)
    sizes = sizes_of(len(task.targets))
    hits, predicted = [], []
    for size in sizes.tolist():
        subsets = SUBSETS if size < len(task.targets) else 1
        sides = [_predicted(task, rng, size) for _ in range(subsets)]
        predicted.append(sides)
        right = [judged(task.truth, labels).hits for labels in sides]
        hits.append(right * (SUBSETS // subsets))
    last = predicted[-1][0]
    moved = [
        np.mean([set(a) != set(b) for a, b in zip(last, before, strict=True)])
        for before in predicted[-2]
    ]
    return LearningCurve(
        sizes, np.array(hits, dtype=np.bool_), task.groups, float(np.mean(moved))
    )


def _predicted(task: CurveTask, rng: np.random.Generator, size: int) -> list[Labels]:
    task.step()
    places = np.sort(rng.permutation(len(task.targets))[:size])
    taught = [task.targets[place] for place in places.tolist()]
    try:
        terms = training.FitTerms(task.is_multi, strength=task.strength)
        model = training.fit_by(terms, task.rows[places], taught)
    except ValueError:
        # All have the same labels, and so has all that they predict.
        return [tuple(taught[0])] * len(task.truth)
    return training.predicted_labels(model, model.probabilities(task.held_out))


@dataclass(frozen=True)
class PowerLaw:
    """a - b n^-c."""

    a: float
    b: float
    c: float

    def at(self, labels: float) -> float:
        """Return the accuracy with a number of labels."""
        return self.a - self.b * labels**-self.c


def fitted(sizes: NDArray[np.int64], accuracies: Array) -> PowerLaw:
    """Return the power law nearest to accuracies (n_sizes,), each weighted by √n.

    The offset is no lower than the best that was seen, less ``SLACK`` (learning.md 5.2).
    """
    from scipy.optimize import least_squares  # slow to import

    n, roots = sizes.astype(np.float64), np.sqrt(np.sqrt(sizes))
    # In units of the largest size, all three are of one order.
    share = n / n[-1]

    def errors(x: Array) -> Any:
        return roots * (x[0] - x[1] * share ** -x[2] - accuracies)

    lowest = min(float(accuracies.max()) - SLACK, 0.98)
    first = float(accuracies[-1] - accuracies[0])
    start = [min(max(float(accuracies[-1]) + 0.02, lowest + 1e-3), 0.999), 0.05, 0.5]
    start[1] = min(max(first / 3, 1e-3), 0.9)
    bounds = ([lowest, 0.0, 0.05], [1.0, 1.0, 2.0])
    a, b, c = least_squares(errors, start, bounds=bounds).x
    return PowerLaw(float(a), float(b * n[-1] ** c), float(c))


def forecast_of(curve: LearningCurve, seed: int, labels: int | None = None) -> Forecast:
    """Return where a curve leads; labels: how many there are, where it has a part alone."""
    labels = labels or int(curve.sizes[-1])
    laws = drawn_laws(curve, seed)
    law = fitted(curve.sizes, curve.hits.mean(axis=(1, 2)))
    points = [
        CurvePoint(int(size), proportion(hits.mean(axis=0), curve.groups))
        for size, hits in zip(curve.sizes, curve.hits, strict=True)
    ]
    ahead = [
        CurvePoint(
            round(times * labels),
            widened(law.at(times * labels), [each.at(times * labels) for each in laws]),
        )
        for times in AHEAD
    ]
    held_out = curve.hits.shape[2]
    return Forecast(labels, held_out, points, ahead, law.a, curve.changing)


def drawn_laws(curve: LearningCurve, seed: int) -> list[PowerLaw]:
    """Return the laws of curves whose held-out groups and subsets are drawn anew."""
    rng = np.random.default_rng(seed)
    names, group_of = np.unique(curve.groups, return_inverse=True)
    places = np.arange(len(curve.sizes))
    laws = []
    for _ in range(DRAWS):
        times = rng.multinomial(len(names), np.full(len(names), 1 / len(names)))
        weights = times[group_of]
        subset = rng.integers(curve.hits.shape[1], size=len(places))
        hits = curve.hits[places, subset]
        laws.append(fitted(curve.sizes, hits @ weights / weights.sum()))
    return laws


def widened(value: float, drawn: Sequence[float]) -> Estimate:
    """Return a forecast with the middle 95 % of the draws, ``WIDENED``, within [0, 1]."""
    low, high = np.quantile(drawn, [0.025, 0.975])
    return Estimate(
        value,
        max(0.0, value - WIDENED * max(0.0, value - float(low))),
        min(1.0, value + WIDENED * max(0.0, float(high) - value)),
    )


def is_due(labels: int, before: int) -> bool:
    """Whether a forecast is due; ``before`` labels made the last one, 0 where none did."""
    return labels >= max(FEWEST_LABELS, (1 + GROWTH) * before)
