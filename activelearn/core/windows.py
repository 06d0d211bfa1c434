"""Which labels to learn from where the world changes: a back-test of training windows.

The labels stand in the order in which they came. The newest tested ones are cut into
blocks; before each, models of several windows of what was labeled until then are fitted,
and say what the block's labels would have been. So each window is judged on what came
after it, as it would have been (prequential evaluation in blocks: Gama, Sebastião and
Rodrigues 2013, Machine Learning 90:317–346).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Final, Literal

import numpy as np

from activelearn.core import gate, training
from activelearn.core.evaluation import Labels, judged
from activelearn.core.features import Rows
from activelearn.core.intervals import Array, Bools, Estimate, Groups, proportion

WindowKind = Literal["all", "newest", "half_life", "older_half"]
BLOCKS: Final = 5
# Of the tested labels, the newest share is cut into the blocks: before is what teaches.
TESTED: Final = 0.6
FEWEST_IN_BLOCK: Final = 20
FEWEST_TESTED: Final = 100
# Fewer labels teach no model that is worth a comparison.
FEWEST_TAUGHT: Final = 50
# Of more labels as many are drawn, and keep their order: a fit takes its time.
MOST: Final = 5000
# The error of all comparisons with all labels together, one-sided.
ALPHA: Final = 0.05


@dataclass(frozen=True)
class TrainingWindow:
    """Labels to learn from: the newest share of them, or all of them with less weight.

    Of a half-life, ``share`` is of the time from the first label to the last.
    """

    kind: WindowKind
    share: float = 1.0


ALL: Final = TrainingWindow("all")
OTHERS: Final = (
    TrainingWindow("newest", 0.5),
    TrainingWindow("newest", 0.25),
    TrainingWindow("newest", 0.125),
    TrainingWindow("half_life", 0.25),
)
# What the newest half is compared with: as many labels, but old ones.
OLDER: Final = TrainingWindow("older_half", 0.5)


@dataclass(frozen=True)
class MomentLabels:
    """Labels in the order of their moments: rows (n, n_features), n sets, (n,) seconds."""

    rows: Rows
    targets: Sequence[Labels]
    moments: Array


@dataclass(frozen=True)
class WindowTask:
    """What teaches, what is tested, and what the tested items' groups are, (n_tested,).

    ``step`` is called before each fit; what it raises ends this.
    """

    taught: MomentLabels
    tested: MomentLabels
    groups: Groups
    is_multi: bool
    step: Callable[[], object] = lambda: None
    strength: float = training.STRENGTH


@dataclass(frozen=True)
class WindowFigure:
    """A window's accuracy; of the tested labels, those that only it or only all has right.

    lower: the bound on its gain over all labels, a share; above 0, it is better.
    """

    window: TrainingWindow
    accuracy: Estimate
    better: int = 0
    worse: int = 0
    lower: float = 0.0


@dataclass(frozen=True)
class BackTest:
    """The windows' figures, that of all labels first, then of the older half.

    best: the place of the window that is better for sure, by the largest gain; 0 where
    none is.
    """

    tested: int
    figures: list[WindowFigure]
    older: WindowFigure
    best: int


def back_test(task: WindowTask) -> BackTest | None:
    """Return how good each window would have been; None where too few labels tell."""
    blocks = _blocks(task)
    if blocks is None:
        return None
    windows = (ALL, *OTHERS, OLDER)
    hits = {window: np.zeros(0, dtype=np.bool_) for window in windows}
    for block in blocks:
        known = int(np.searchsorted(task.taught.moments, task.tested.moments[block[0]]))
        for window in windows:
            task.step()
            right = _hits(task, window, known, block)
            hits[window] = np.concatenate([hits[window], right])
    groups = task.groups[np.concatenate(blocks)]
    z = NormalDist().inv_cdf(1 - ALPHA / len(OTHERS))
    figures = [
        _figure(window, hits[window], hits[ALL], groups, z) for window in windows
    ]
    *compared, older = figures
    better = [place for place, figure in enumerate(compared) if figure.lower > 0]
    best = max(better, key=lambda place: compared[place].accuracy.value, default=0)
    return BackTest(len(groups), compared, older, best)


def _blocks(task: WindowTask) -> list[np.ndarray] | None:
    """Return the places of each block's tested labels; None where they are too few.

    What was labeled before the first block has to be enough to teach.
    """
    moments = task.tested.moments
    known = np.searchsorted(task.taught.moments, moments)
    # Two halves at least, or the windows would all be the same.
    ready = np.flatnonzero(known >= 2 * FEWEST_TAUGHT)
    first = (
        max(len(moments) - round(TESTED * len(moments)), ready[0]) if len(ready) else 0
    )
    places = np.arange(first, len(moments))
    if not len(ready) or len(places) < max(FEWEST_TESTED, BLOCKS * FEWEST_IN_BLOCK):
        return None
    return np.array_split(places, BLOCKS)


def _hits(
    task: WindowTask, window: TrainingWindow, known: int, block: np.ndarray
) -> Bools:
    """Return (n_block,): what a window of the first ``known`` labels has right."""
    size = max(FEWEST_TAUGHT, round(window.share * known))
    start, end = {"newest": (known - size, known), "older_half": (0, size)}.get(
        window.kind, (0, known)
    )
    targets = list(task.taught.targets[start:end])
    weights = None
    if window.kind == "half_life":
        moments = task.taught.moments[start:end]
        half = window.share * (moments[-1] - moments[0])
        weights = (
            (0.5 ** ((moments[-1] - moments) / half)).tolist() if half > 0 else None
        )
    rows = task.tested.rows[block]
    truth = [task.tested.targets[place] for place in block.tolist()]
    try:
        terms = training.FitTerms(task.is_multi, strength=task.strength)
        model = training.fit_by(terms, task.taught.rows[start:end], targets, weights)
    except ValueError:
        # All have the same labels, and so has all that they predict.
        predicted = [tuple(targets[0])] * len(truth)
    else:
        predicted = training.predicted_labels(model, model.probabilities(rows))
    return np.array(judged(truth, predicted).hits, dtype=np.bool_)


def _figure(
    window: TrainingWindow, hits: Bools, of_all: Bools, groups: Groups, z: float
) -> WindowFigure:
    better, worse = int((hits & ~of_all).sum()), int((~hits & of_all).sum())
    lower = gate.lower_bound(better, worse, len(hits), z) if window != ALL else 0.0
    return WindowFigure(window, proportion(hits, groups), better, worse, lower)
