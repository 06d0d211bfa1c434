"""Batches of unlike items, and a start without any label."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from activelearn.core import diversity


def test_columns_without_a_value_change_no_coordinate() -> None:
    few = sparse.random(80, 120, density=0.3, random_state=1, format="csr")
    many = sparse.hstack([few, sparse.csr_matrix((80, 5000))], format="csr")

    assert np.array_equal(diversity.compact(many, 7), diversity.compact(few, 7))


def test_a_batch_starts_with_the_least_sure_and_covers_the_groups() -> None:
    points = np.repeat([[0.0, 0], [9, 9], [0, 9]], 10, axis=0)
    scores = np.linspace(1, 0.1, 30)

    order = diversity.spread(points, scores, 3, seed=1)

    assert order[0] == 0
    assert {place // 10 for place in order[:3]} == {0, 1, 2}
    assert sorted(order) == list(range(30))


@given(st.integers(1, 20), st.integers(1, 22), st.integers(0, 99))
def test_a_spread_batch_orders_all_of_its_short_list(
    n: int, count: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    points, scores = rng.normal(size=(n, 2)), rng.random(n)

    order = diversity.spread(points, scores, count, seed)

    assert sorted(order) == list(range(n))
    assert order[0] == scores.argmax()


def test_typical_points_come_one_from_each_cluster() -> None:
    points = np.repeat([[0.0, 0], [9, 9], [0, 9]], [12, 6, 3], axis=0)

    none_known = np.zeros(21, dtype=bool)
    places = diversity.typical(points, 3, 1, none_known)
    rest = diversity.typical(points, 3, 1, np.arange(21) == 14)

    assert [12 if p < 12 else 18 if p < 18 else 21 for p in places] == [12, 18, 21]
    assert rest.tolist() == places[[0, 2]].tolist()
    assert not len(diversity.typical(points, 3, 1, ~none_known))


def test_of_few_points_all_are_typical() -> None:
    known = np.array([False, True])
    assert diversity.typical(np.zeros((2, 3)), 5, 1, known).tolist() == [0]
