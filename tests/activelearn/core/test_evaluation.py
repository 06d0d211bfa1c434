"""Figures of a model on items that it never saw."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics

from activelearn.core import evaluation
from activelearn.core.evaluation import Labels, Probabilities
from activelearn.core.sets import LabelChange, changes
from activelearn.core.sets import figures as sets_of


def made(
    seed: int, items: int = 300
) -> tuple[list[Labels], list[Labels], Probabilities]:
    """Return a skewed truth, guesses of it, and the guesses' probabilities."""
    rng = np.random.default_rng(seed)
    names = ("a", "b", "c", "d")
    truth = rng.choice(4, items, p=[0.7, 0.2, 0.08, 0.02])
    scores = rng.normal(size=(items, 4)) + 2 * np.eye(4)[truth]
    table = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    return (
        [(names[place],) for place in truth],
        [(names[place],) for place in table.argmax(axis=1)],
        Probabilities(names, table, is_multi=False),
    )


def test_s32_a_score_is_what_the_textbook_says() -> None:
    items = evaluation.judged(
        [("a",), ("a",), ("b",), ("b",)], [("a",), ("b",), ("b",), ("b",)]
    )
    given = Probabilities(("a", "b"), np.full((4, 2), 0.5), is_multi=False)

    figures = evaluation.figures(items, given)

    assert figures.summary.accuracy.value == 0.75
    by_label = {label.label: label for label in figures.labels}
    assert (by_label["a"].precision.value, by_label["a"].recall.value) == (1, 0.5)
    assert figures.summary.macro_f1.value == pytest.approx((2 / 3 + 0.8) / 2)
    assert figures.summary.balanced_accuracy.value == 0.75
    assert figures.log_loss is not None
    assert figures.log_loss.value == pytest.approx(np.log(2))
    assert items.hits == [True, False, True, True]
    assert evaluation.majority([("b",), ("a",), ("b",)]) == ("b",)
    assert evaluation.majority([("b",), ("a",)]) == ("a",)


@pytest.mark.parametrize("seed", range(3))
def test_figures_are_those_of_scikit_learn(seed: int) -> None:
    truth, predicted, given = made(seed)
    y, chosen = [a for (a,) in truth], [a for (a,) in predicted]

    figures = evaluation.figures(evaluation.judged(truth, predicted), given)

    summary = figures.summary
    assert summary.accuracy.value == pytest.approx(metrics.accuracy_score(y, chosen))
    assert summary.macro_f1.value == pytest.approx(
        metrics.f1_score(y, chosen, average="macro")
    )
    assert summary.balanced_accuracy.value == pytest.approx(
        metrics.balanced_accuracy_score(y, chosen)
    )
    assert figures.log_loss is not None
    assert figures.log_loss.value == pytest.approx(
        metrics.log_loss(y, given.table, labels=given.labels)
    )
    known = metrics.precision_recall_fscore_support(y, chosen, zero_division=0)
    for place, label in enumerate(figures.labels):
        assert [
            label.precision.value,
            label.recall.value,
            label.f1.value,
            label.support,
        ] == pytest.approx([column[place] for column in known])
        has = np.array([a == label.label for a in y])
        assert label.average_precision is not None
        assert label.average_precision.value == pytest.approx(
            metrics.average_precision_score(has, given.table[:, place])
        )
    matrix = metrics.confusion_matrix(y, chosen, labels=list(given.labels))
    assert {(c.truth, c.predicted): c.items for c in figures.confusions} == {
        (a, b): matrix[i, j]
        for i, a in enumerate(given.labels)
        for j, b in enumerate(given.labels)
        if matrix[i, j]
    }


def test_figures_of_several_labels_are_those_of_scikit_learn() -> None:
    rng = np.random.default_rng(5)
    names = ("x", "y", "z")
    has = rng.random((200, 3)) < [0.5, 0.2, 0.05]
    table = np.clip(0.5 * has + 0.6 * rng.random((200, 3)), 0, 1)
    truth, predicted = (
        [tuple(np.array(names)[row].tolist()) for row in rows]
        for rows in (has, table >= 0.5)
    )
    items = evaluation.judged(truth, predicted)

    figures = evaluation.figures(items, Probabilities(names, table, is_multi=True))

    assert figures.summary.accuracy.value == metrics.accuracy_score(has, table >= 0.5)
    assert figures.summary.macro_f1.value == pytest.approx(
        metrics.f1_score(has, table >= 0.5, average="macro")
    )
    each = [
        metrics.balanced_accuracy_score(has[:, n], table[:, n] >= 0.5) for n in range(3)
    ]
    assert figures.summary.balanced_accuracy.value == pytest.approx(np.mean(each))
    losses = [
        metrics.log_loss(has[:, n], table[:, n], labels=[False, True]) for n in range(3)
    ]
    assert figures.log_loss is not None
    assert figures.log_loss.value == pytest.approx(np.mean(losses))
    assert figures.confusions == []
    assert figures.sets is not None


def test_c11_figures_of_whole_sets_are_those_of_scikit_learn() -> None:
    rng = np.random.default_rng(6)
    names = ("x", "y", "z")
    has, chosen = (rng.random((200, 3)) < [0.5, 0.3, 0.2] for _ in range(2))
    truth, predicted = (
        [tuple(np.array(names)[row].tolist()) for row in rows] for rows in (has, chosen)
    )

    figures = sets_of(truth, predicted, np.arange(200), names)

    same = {"average": "samples", "zero_division": 1.0}
    assert figures.jaccard.value == pytest.approx(
        metrics.jaccard_score(has, chosen, **same)
    )
    assert figures.sample_f1.value == pytest.approx(
        metrics.f1_score(has, chosen, **same)
    )
    assert figures.micro_f1.value == pytest.approx(
        metrics.f1_score(has, chosen, average="micro")
    )
    assert figures.hamming_loss.value == pytest.approx(
        metrics.hamming_loss(has, chosen)
    )
    for figure in (
        figures.jaccard,
        figures.sample_f1,
        figures.micro_f1,
        figures.hamming_loss,
    ):
        assert figure.low < figure.value < figure.high


def test_c11_each_label_tells_what_a_version_fixes_and_breaks() -> None:
    truth: list[evaluation.Labels] = [("a", "b"), (), ("a",), ("c",)]
    before: list[evaluation.Labels] = [("a",), ("b",), ("a",), ()]
    now: list[evaluation.Labels] = [("b",), (), ("a",), ()]

    assert changes(truth, before, now) == [
        LabelChange("a", 0, 1),
        LabelChange("b", 2, 0),
    ]


def test_c11_items_without_any_label_are_right_where_none_is_said() -> None:
    truth: list[evaluation.Labels] = [(), (), ("a",)]
    chosen: list[evaluation.Labels] = [(), ("a",), ()]

    figures = sets_of(truth, chosen, np.arange(3), ("a", "b"))

    assert figures.jaccard.value == figures.sample_f1.value == pytest.approx(1 / 3)
    assert figures.micro_f1.value == 0
    assert figures.hamming_loss.value == pytest.approx(2 / 6)


def test_scores_that_are_equal_are_taken_together() -> None:
    has = np.array([True, False, True, False, True])
    scores = np.array([0.5, 0.5, 0.5, 0.9, 0.1])

    precision = evaluation.average_precision(has, scores)

    assert precision == pytest.approx(metrics.average_precision_score(has, scores))
    with pytest.raises(ValueError, match="needs an item"):
        evaluation.average_precision(np.zeros(3, dtype=bool), scores[:3])


def test_a_label_that_the_model_does_not_know_costs_what_there_is_to_lose() -> None:
    items = evaluation.judged([("new",), ("a",)], [("a",), ("a",)])
    given = Probabilities(
        ("a", "b"), np.array([[0.9, 0.1], [0.9, 0.1]]), is_multi=False
    )

    figures = evaluation.figures(items, given)

    assert figures.log_loss is not None
    expected = (-np.log(evaluation.FLOOR) - np.log(0.9)) / 2
    assert figures.log_loss.value == pytest.approx(expected)
    by_label = {label.label: label for label in figures.labels}
    assert by_label["new"].recall.value == 0
    assert by_label["new"].average_precision is not None
    assert by_label["new"].average_precision.value == 0.5


def test_an_interval_holds_the_true_figure_in_95_of_100_samples() -> None:
    truth, predicted, _ = made(0, items=40_000)
    whole = evaluation.summary(
        evaluation.judged(truth, predicted), is_multi=False, draws=50
    )
    rng = np.random.default_rng(1)
    held = []
    for _ in range(60):
        places = rng.choice(len(truth), 400, replace=False)
        items = evaluation.judged(
            [truth[n] for n in places], [predicted[n] for n in places]
        )
        part = evaluation.summary(items, is_multi=False, draws=200)
        held += [
            at.low <= of.value <= at.high
            for at, of in (
                (part.accuracy, whole.accuracy),
                (part.macro_f1, whole.macro_f1),
                (part.balanced_accuracy, whole.balanced_accuracy),
            )
        ]

    # 180 intervals, three to a sample: 95 % less what so few samples leave open.
    assert np.mean(held) >= 0.88


def test_items_of_one_group_make_figures_less_sure() -> None:
    truth, predicted, given = made(2, items=100)
    apart = evaluation.judged(truth * 5, predicted * 5)
    grouped = evaluation.judged(truth * 5, predicted * 5, list(range(100)) * 5)
    five_fold = Probabilities(
        given.labels, np.tile(given.table, (5, 1)), is_multi=False
    )

    sure = evaluation.figures(apart, five_fold)
    unsure = evaluation.figures(grouped, five_fold)

    for figure in ("accuracy", "macro_f1", "balanced_accuracy"):
        a, b = getattr(sure.summary, figure), getattr(unsure.summary, figure)
        assert a.value == b.value
        assert b.high - b.low > 1.7 * (a.high - a.low)
    assert sure.log_loss is not None
    assert unsure.log_loss is not None
    width = unsure.log_loss.high - unsure.log_loss.low
    assert width > 1.7 * (sure.log_loss.high - sure.log_loss.low)


LABELS = st.lists(st.sampled_from("abc"), max_size=3, unique=True).map(
    lambda names: tuple(sorted(names))
)


@given(st.lists(st.tuples(LABELS, LABELS), min_size=1, max_size=20))
def test_every_figure_is_a_share_within_its_interval(
    pairs: list[tuple[Labels, Labels]],
) -> None:
    truth, predicted = [a for a, _ in pairs], [b for _, b in pairs]
    items = evaluation.judged(truth, predicted)
    table = evaluation.indicators(predicted, "abc").astype(np.float64)

    figures = evaluation.figures(
        items, Probabilities(("a", "b", "c"), table, is_multi=True)
    )

    summary = figures.summary
    estimates = [summary.accuracy, summary.macro_f1, summary.balanced_accuracy]
    estimates += [x for of in figures.labels for x in (of.precision, of.recall, of.f1)]
    assert all(0 <= x.low <= x.value <= x.high <= 1 for x in estimates)
    assert items.hits == [a == b for a, b in pairs]
    assert summary.accuracy.value == sum(items.hits) / len(pairs)
    assert sum(label.support for label in figures.labels) == sum(map(len, truth))


@given(st.lists(LABELS, min_size=1, max_size=20))
def test_the_truth_itself_has_full_marks_and_is_not_sure(truth: list[Labels]) -> None:
    summary = evaluation.summary(evaluation.judged(truth, truth), is_multi=True)

    for figure in (summary.accuracy, summary.macro_f1, summary.balanced_accuracy):
        assert figure.value == 1
        assert figure.low < 1


def test_without_items_there_is_no_score() -> None:
    with pytest.raises(ValueError, match="needs items"):
        evaluation.judged([], [])
    with pytest.raises(ValueError, match="prediction for each"):
        evaluation.judged([("a",)], [])


def test_items_without_a_single_right_answer_count_in_the_log_loss_alone() -> None:
    sure = Probabilities(("a", "b"), np.array([[0.9, 0.1]] * 4), is_multi=False)
    items = evaluation.judged([("a",)] * 4, [("a",)] * 4)
    half = Probabilities(("a", "b"), np.array([[0.9, 0.1]] * 2), is_multi=False)
    undecided = evaluation.Undecided([{"a": 0.5, "b": 0.5}, {}], half, np.arange(6))

    figures = evaluation.figures(items, sure, undecided)

    assert figures.summary.items == 4
    assert figures.summary.accuracy.value == 1
    assert figures.undecided == 2
    both = -np.log(0.9) / 2 - np.log(0.1) / 2
    # Of the one without a vote nothing is known.
    assert figures.log_loss is not None
    assert figures.log_loss.value == pytest.approx((-4 * np.log(0.9) + both) / 5)
    alone = evaluation.log_loss(items, sure).value
    assert alone == pytest.approx(-np.log(0.9))


@pytest.mark.parametrize("is_multi", [False, True])
def test_a_share_of_one_is_a_label(*, is_multi: bool) -> None:
    table = np.array([[0.7, 0.3], [0.2, 0.8]])
    given = Probabilities(("a", "b"), table, is_multi)
    truth: list[Labels] = [("a",), ("new",)]

    soft = evaluation.soft_losses([{"a": 1.0}, {"new": 1.0}], given)

    assert soft == pytest.approx(evaluation.log_losses(truth, given))
