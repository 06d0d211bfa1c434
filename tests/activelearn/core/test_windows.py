"""Windows of labels: which is better where the world changes, and none where it does not."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import sparse

from activelearn.core import windows
from activelearn.core.windows import MomentLabels, WindowTask


def task(
    turns: float | None,
    labels: int = 1200,
    seed: int = 5,
    steps: list[int] | None = None,
) -> WindowTask:
    """Labels by the sign of a column, which turns round after a share of them."""
    rng = np.random.default_rng(seed)
    rows = rng.normal(size=(labels, 3))
    moments = np.arange(labels, dtype=np.float64)
    sign = np.where(moments < labels * (turns or 2), 1.0, -1.0)
    names = np.where(rows[:, 0] * sign + rng.normal(0, 0.3, labels) > 0, "a", "b")
    held = rng.random(labels) < 0.25

    def part(mask: NDArray[np.bool_]) -> MomentLabels:
        targets = [(str(name),) for name in names[mask]]
        return MomentLabels(sparse.csr_matrix(rows[mask]), targets, moments[mask])

    def step() -> None:
        if steps is not None:
            steps.append(1)

    tested = part(held)
    groups = np.arange(len(tested.targets))
    return WindowTask(part(~held), tested, groups, is_multi=False, step=step)


def test_where_the_world_has_turned_round_the_newest_labels_are_better() -> None:
    test = windows.back_test(task(turns=0.6))

    assert test is not None
    assert test.figures[test.best].window.kind == "newest"
    assert test.figures[test.best].window.share == 0.125
    assert test.figures[0].accuracy.value < 0.6 < test.figures[test.best].accuracy.value
    # What the old half says is wrong by now.
    assert test.older.accuracy.value < 0.5


@pytest.mark.parametrize("seed", range(8))
def test_where_nothing_changes_no_window_is_better_than_all_labels(seed: int) -> None:
    test = windows.back_test(task(turns=None, seed=seed))

    assert test is not None
    assert test.best == 0


def test_each_window_learns_only_from_what_came_before() -> None:
    # It turns round with the last of five blocks: nothing that came before knows of it.
    test = windows.back_test(task(turns=0.88))

    assert test is not None
    for figure in test.figures:
        assert 0.65 < figure.accuracy.value < 0.8


def test_of_too_few_labels_nothing_is_told() -> None:
    assert windows.back_test(task(turns=0.5, labels=150)) is None
    empty = MomentLabels(sparse.csr_matrix((0, 3)), [], np.zeros(0))
    nothing = WindowTask(empty, empty, np.zeros(0, dtype=np.int64), is_multi=False)
    assert windows.back_test(nothing) is None


def test_before_each_fit_it_may_be_stopped() -> None:
    steps: list[int] = []

    windows.back_test(task(turns=None, steps=steps))

    assert len(steps) == windows.BLOCKS * (len(windows.OTHERS) + 2)


def test_labels_that_are_all_the_same_are_windows_too() -> None:
    same = task(turns=None)
    names = [("a",)] * len(same.taught.targets)
    taught = MomentLabels(same.taught.rows, names, same.taught.moments)

    test = windows.back_test(
        WindowTask(taught, same.tested, same.groups, is_multi=False)
    )

    assert test is not None
    assert test.best == 0
