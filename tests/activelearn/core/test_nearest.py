"""Items that are like examples: the nearest of each in turn."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from activelearn.core.joined import JoinedRows
from activelearn.core.nearest import in_turn


def test_the_examples_take_turns() -> None:
    rows = sparse.csr_matrix([[0.0], [1], [2], [100], [103], [50]])
    examples = sparse.csr_matrix([[0.1], [101.0]])

    assert in_turn(rows, np.arange(6), examples, 4).tolist() == [0, 3, 1, 4]
    assert in_turn(rows, np.array([2, 5, 4]), examples, 9).tolist() == [2, 4, 5]


def test_what_an_encoder_tells_counts_alone() -> None:
    words = sparse.csr_matrix(np.eye(3, dtype=np.float32) * 9)
    rows = JoinedRows(words, np.array([[0.0], [5.0], [1.0]], dtype=np.float16))

    assert in_turn(rows, np.array([1, 2]), rows[np.array([0])], 2).tolist() == [2, 1]


@given(
    n=st.integers(0, 30),
    examples=st.integers(1, 4),
    count=st.integers(1, 12),
    at_once=st.integers(1, 40),
    seed=st.integers(0, 9),
)
def test_as_many_as_are_wanted_come_however_many_rows_are_looked_at_at_once(
    n: int, examples: int, count: int, at_once: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    rows = sparse.csr_matrix(rng.normal(size=(40, 3)))
    places, known = np.arange(n), rows[40 - examples :]

    near = in_turn(rows, places, known, count, at_once=at_once)

    assert near.tolist() == in_turn(rows, places, known, count).tolist()
    assert len(set(near.tolist())) == len(near) == min(n, count)
    assert set(near.tolist()) <= set(places.tolist())


def test_no_more_numbers_are_made_than_can_be_taken() -> None:
    rows = sparse.csr_matrix(np.random.default_rng(0).normal(size=(4000, 2)))
    examples, places = rows[:50], np.arange(4000)
    in_turn(rows, places[:9], examples, 9)

    tracemalloc.start()
    # In parts this small each row is a candidate: 200,000 distances.
    in_turn(rows, places, examples, 40, at_once=40)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    # The distances twice, and their order; every place as a number of its own is 13 MB.
    assert most < 9_000_000


def test_without_an_example_nothing_is_like_it() -> None:
    rows = sparse.csr_matrix(np.ones((3, 2)))

    with pytest.raises(ValueError, match="no example"):
        in_turn(rows, np.arange(3), rows[:0], 2)
