"""Class means: near items of few labels are told apart by them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from activelearn.core import means, training
from activelearn.core.joined import JoinedRows


@pytest.mark.parametrize(
    ("count", "classes", "scale"),
    [(2, 2, 10.0), (8, 2, 10.0), (16, 2, 5.0), (24, 2, 0.0), (999, 2, 0.0)],
)
def test_the_means_count_less_the_more_labels_there_are(
    count: int, classes: int, scale: float
) -> None:
    assert means.scale_of(count, classes) == pytest.approx(scale)


def test_a_score_is_the_cosine_seen_from_the_middle() -> None:
    rows = np.array([[3.0, 1.0], [5.0, 1.0], [4.0, 0.0], [4.0, 2.0]])

    weights, bias = means.scores_of_means(
        rows, np.array([0, 1, 2, 2]), np.ones(4), scale=10
    )

    # The middle is (4, 1), all are one away from it; the third class has no side.
    assert weights.tolist() == [[-10, 0], [10, 0], [0, 0]]
    assert (rows @ weights.T + bias)[:2].tolist() == [[10, -10, 0], [-10, 10, 0]]


@given(st.integers(1, 12), st.integers(1, 4), st.integers(0, 99))
def test_a_row_that_counts_twice_is_as_if_it_were_there_twice(
    n: int, classes: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    rows = np.round(rng.normal(size=(n + classes, 3)), 2)
    which = np.concatenate([np.arange(classes), rng.integers(classes, size=n)])
    twice = np.ones(len(rows))
    twice[-1] = 2

    counted = means.scores_of_means(rows, which, twice, 1.0)
    again = means.scores_of_means(
        np.vstack([rows, rows[-1:]]),
        np.append(which, which[-1]),
        np.ones(len(rows) + 1),
        1.0,
    )

    for values, same in zip(counted, again, strict=True):
        assert np.isfinite(values).all()
        assert np.allclose(values, same, atol=1e-6)


def joined(
    count: int, *, classes: int = 30
) -> tuple[JoinedRows, list[tuple[str, ...]]]:
    """Return items whose classes are apart in what the encoder tells, among noise."""
    rng = np.random.default_rng(0)
    centers = rng.normal(size=(classes, 40))
    which = np.arange(count) % classes
    told = centers[which] + 1.7 * rng.normal(size=(count, 40))
    told *= 2 / np.linalg.norm(told, axis=1, keepdims=True)
    words = sparse.random(count, 500, density=0.02, random_state=1, format="csr")
    rows = JoinedRows(words.astype(np.float32), told.astype(np.float16))
    return rows, [(f"label {which[place]:02}",) for place in range(count)]


def accuracy(rows: object, targets: list[tuple[str, ...]], taught: int) -> float:
    model = training.fit(rows[:taught], targets[:taught], is_multi=False)  # type: ignore[index]
    shown = training.predicted_labels(model, model.probabilities(rows[taught:]))  # type: ignore[index]
    pairs = zip(shown, targets[taught:], strict=True)
    return float(np.mean([labels == wanted for labels, wanted in pairs]))


def test_with_two_labels_a_class_more_is_right_with_the_means() -> None:
    rows, targets = joined(1260)

    with_means, without = (accuracy(each, targets, 60) for each in (rows, rows.csr()))

    assert with_means > without + 0.04


def test_with_enough_labels_the_model_is_the_regression_alone() -> None:
    rows, targets = joined(400, classes=4)

    both = [training.fit(each, targets, is_multi=False) for each in (rows, rows.csr())]

    assert np.array_equal(both[0].weights, both[1].weights)
    assert np.array_equal(both[0].bias, both[1].bias)
