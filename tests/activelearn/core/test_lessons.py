"""What is taught of labels that weigh more, and of items without a single right answer."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from activelearn.core import training
from activelearn.core.lessons import Example, taught

X, Y = ("x",), ("y",)


def test_labels_that_weigh_the_same_are_taught_without_weights() -> None:
    lessons = taught([Example(X, 2.0), Example(Y, 2.0)], is_multi=False)

    assert (lessons.places, lessons.targets) == ([0, 1], [X, Y])
    assert lessons.weights is None


def test_weights_count_beside_each_other() -> None:
    lessons = taught([Example(X, 3.0), Example(Y, 1.0)], is_multi=False)

    assert lessons.weights == [1.5, 0.5]


def test_c9_an_item_without_a_single_answer_is_taught_by_its_shares() -> None:
    examples = [Example(X), Example(X, shares={"x": 0.25, "y": 0.75, "z": 0.0})]

    lessons = taught(examples, is_multi=False)

    assert lessons.places == [0, 1, 1]
    assert lessons.targets == [X, X, Y]
    assert lessons.weights == [1, 0.25, 0.75]


def test_of_several_labels_each_has_its_own_share() -> None:
    shares = {"x": 0.75, "y": 0.5, "z": 1.0}

    lessons = taught([Example(X, shares=shares)], is_multi=True)

    assert lessons.weights is not None
    rows = list(zip(lessons.targets, lessons.weights, strict=True))
    for name, share in shares.items():
        assert sum(weight for names, weight in rows if name in names) == share
    assert sum(lessons.weights) == 1
    assert [names for names, _ in rows] == [("x", "y", "z"), ("x", "z"), ("z",)]


@pytest.mark.parametrize("is_multi", [False, True])
def test_a_weight_of_two_is_the_same_row_twice(*, is_multi: bool) -> None:
    rng = np.random.default_rng(0)
    rows = sparse.csr_matrix(rng.normal(size=(40, 3)))
    truth = [X if row[0] > 0 else Y for row in rows.toarray()]
    twice = [*range(40), 7, 9]
    weights = [1.0 + (place in (7, 9)) for place in range(40)]

    model = training.fit(rows, truth, is_multi=is_multi, weights=weights)
    other = training.fit(rows[twice], [truth[p] for p in twice], is_multi=is_multi)

    gap = model.probabilities(rows) - other.probabilities(rows)
    assert np.abs(gap).max() < 1e-3
    plain = training.fit(rows, truth, is_multi=is_multi)
    assert np.abs(plain.probabilities(rows) - model.probabilities(rows)).max() > 1e-3
