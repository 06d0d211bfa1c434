"""Figures of a model on items that it never saw."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from activelearn.core import evaluation


def test_s32_a_score_is_what_the_textbook_says() -> None:
    score = evaluation.score(
        [("a",), ("a",), ("b",), ("b",)], [("a",), ("b",), ("b",), ("b",)]
    )

    assert score.accuracy == 0.75
    by_label = {label.label: label for label in score.labels}
    assert (by_label["a"].precision, by_label["a"].recall) == (1, 0.5)
    assert score.macro_f1 == pytest.approx((2 / 3 + 0.8) / 2)
    assert evaluation.majority([("b",), ("a",), ("b",)]) == ("b",)


LABELS = st.lists(st.sampled_from("abc"), max_size=3, unique=True).map(
    lambda names: tuple(sorted(names))
)


@given(st.lists(st.tuples(LABELS, LABELS), min_size=1, max_size=20))
def test_every_figure_is_a_share(pairs: list[tuple[evaluation.Labels, ...]]) -> None:
    truth, predicted = [a for a, _ in pairs], [b for _, b in pairs]

    score = evaluation.score(truth, predicted)

    figures = [score.accuracy, score.macro_f1]
    figures += [f for of in score.labels for f in (of.precision, of.recall, of.f1)]
    assert all(0 <= figure <= 1 for figure in figures)
    assert score.hits == [a == b for a, b in pairs]
    assert score.accuracy == sum(score.hits) / len(pairs)
    assert sum(label.support for label in score.labels) == sum(map(len, truth))


@given(st.lists(LABELS, min_size=1, max_size=20))
def test_the_truth_itself_has_full_marks(truth: list[evaluation.Labels]) -> None:
    score = evaluation.score(truth, truth)

    assert (score.accuracy, score.macro_f1) == (1, 1)


def test_without_items_there_is_no_score() -> None:
    with pytest.raises(ValueError, match="needs items"):
        evaluation.score([], [])
    with pytest.raises(ValueError, match="prediction for each"):
        evaluation.score([("a",)], [])
