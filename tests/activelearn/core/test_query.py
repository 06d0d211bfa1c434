"""Uncertainty and batches, through the one door to modAL."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from activelearn.core import query

weights = st.lists(
    st.lists(st.floats(0.01, 1), min_size=3, max_size=3), min_size=1, max_size=9
)


def shares(rows: list[list[float]]) -> query.Array:
    table = np.array(rows)
    return table / table.sum(axis=1, keepdims=True)


@given(weights)
def test_uncertainty_stays_between_zero_and_one(rows: list[list[float]]) -> None:
    for strategy in query.STRATEGIES:
        scores = query.uncertainty(shares(rows), is_multi=False, strategy=strategy)
        assert ((scores >= -1e-9) & (scores <= 1 + 1e-9)).all()


@given(
    st.lists(st.lists(st.floats(0, 1), min_size=3, max_size=3), min_size=1, max_size=9)
)
def test_c11_of_several_labels_the_likeliest_sets_are_compared(
    rows: list[list[float]],
) -> None:
    scores = query.uncertainty(np.array(rows), is_multi=True)
    unlikely = query.uncertainty(
        np.array(rows), is_multi=True, strategy="least_confidence"
    )

    for row, score, least in zip(rows, scores, unlikely, strict=True):
        sets = sorted(
            (
                math.prod(
                    p if has else 1 - p for p, has in zip(row, chosen, strict=True)
                )
                for chosen in itertools.product((True, False), repeat=3)
            ),
            reverse=True,
        )
        assert score == pytest.approx(1 - (sets[0] - sets[1]) ** (1 / 3), abs=1e-4)
        assert least == pytest.approx(1 - sets[0] ** (1 / 3))


@given(st.floats(0, 1))
def test_c11_of_one_label_that_may_be_absent_it_is_the_usual_margin(p: float) -> None:
    for strategy in query.OF_SETS:
        scores = query.uncertainty(
            np.array([[p], [0.5], [1.0]]), is_multi=True, strategy=strategy
        )
        assert scores[1:].tolist() == pytest.approx(
            [1 if strategy != "least_confidence" else 0.5, 0]
        )
        if strategy == "margin":
            assert scores[0] == pytest.approx(1 - abs(2 * p - 1))


@pytest.mark.parametrize("strategy", sorted(query.OF_SETS))
def test_c11_of_several_labels_every_unsure_one_counts(strategy: str) -> None:
    table = np.array([[0.6, 0.99, 0.99], [0.6, 0.7, 0.3], [0.99, 0.99, 0.01]])

    scores = query.uncertainty(table, is_multi=True, strategy=strategy)

    # The first two have the same nearest label, and not the same doubt.
    assert scores[1] > scores[0] > scores[2]
    with pytest.raises(ValueError, match="finite"):
        query.uncertainty(table * np.nan, is_multi=True, strategy=strategy)


def test_the_closest_race_is_the_least_sure() -> None:
    table = np.array([[0.9, 0.05, 0.05], [0.4, 0.39, 0.21], [0.6, 0.3, 0.1]])

    assert query.margin(table).argmax() == 1
    assert query.entropy(table).argmax() == 1
    assert query.least_confidence(table).argmax() == 1


def test_probabilities_that_are_not_numbers_are_refused() -> None:
    with pytest.raises(ValueError, match="finite"):
        query.margin(np.array([[np.nan, 1.0]]))


def test_ties_are_broken_by_the_generator_and_not_by_position() -> None:
    scores = np.zeros(50)

    picks = [
        tuple(query.least_sure(scores, 3, np.random.default_rng(n))) for n in range(5)
    ]

    assert len(set(picks)) > 1


@given(st.lists(st.floats(0, 1), min_size=1, max_size=30), st.integers(1, 40))
def test_no_score_left_out_is_above_one_that_is_taken(
    scores: list[float], count: int
) -> None:
    table = np.array(scores)

    places = query.least_sure(table, count, np.random.default_rng(0))

    assert len(set(places.tolist())) == len(places) == min(count, len(scores))
    left = np.delete(table, places)
    assert not len(left) or left.max() <= table[places].min()


def test_a_ranked_batch_begins_with_the_least_sure_and_avoids_twins() -> None:
    points = np.array([[0.0, 0.0], [0.0, 0.01], [9.0, 9.0], [0.02, 0.0], [5.0, 0.0]])
    scores = np.array([0.9, 0.89, 0.5, 0.88, 0.4])
    labeled = np.zeros((1, 2))

    order = query.ranked_batch(points, scores, labeled, 3)

    assert order[0] == 0
    assert set(order[1:3]) == {2, 4}
    assert sorted(order) == [0, 1, 2, 3, 4]


@given(st.integers(1, 12), st.integers(0, 3), st.integers(1, 14), st.integers(0, 99))
def test_a_ranked_batch_orders_all_of_its_short_list(
    n: int, labeled: int, count: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    points, known = rng.normal(size=(n, 2)), rng.normal(size=(labeled, 2))

    order = query.ranked_batch(points, scores := rng.random(n), known, count)

    assert sorted(order) == list(range(n))
    assert order[0] == scores.argmax()


def test_a_ranked_batch_refuses_what_it_cannot_measure() -> None:
    with pytest.raises(ValueError, match="finite"):
        query.ranked_batch(np.array([[np.nan]]), np.ones(1), np.ones((1, 1)), 1)


def test_members_that_say_the_same_do_not_disagree() -> None:
    table = shares([[1, 2, 3], [5, 1, 1]])

    assert np.allclose(query.disagreement(np.array([table, table, table])), 0)


def test_disagreement_is_the_divergence_of_the_farthest_member() -> None:
    # Of two members that are sure of different labels, each is log 2 from the mean.
    sure = np.array([[[1.0, 0.0]], [[0.0, 1.0]]])
    unlike = np.array([[[0.9, 0.1]], [[0.5, 0.5]]])

    assert query.disagreement(sure) == pytest.approx([1])
    farthest = 0.9 * math.log(0.9 / 0.7) + 0.1 * math.log(0.1 / 0.3)
    assert query.disagreement(unlike) == pytest.approx([farthest / math.log(2)])


@pytest.mark.parametrize(
    "tables", [np.ones((1, 2, 2)), np.ones((2, 2)), np.full((2, 1, 2), np.nan)]
)
def test_what_are_no_votes_is_refused(tables: query.Array) -> None:
    with pytest.raises(ValueError, match="Votes must be"):
        query.disagreement(tables)
