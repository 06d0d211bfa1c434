"""Older models answer in the labels of today."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from activelearn.core.training import LinearModel
from activelearn.core.translation import NoLabelLeftError, translated

LABELS = ("a", "b", "c", "d")


def model(*, is_multi: bool = False, scale: float = 1.0) -> LinearModel:
    weights = np.random.default_rng(3).normal(size=(4, 3)) * scale
    return LinearModel(LABELS, weights, np.zeros(4), np.arange(3), is_multi)


ROWS = sparse.csr_matrix(np.random.default_rng(4).normal(size=(9, 3)))


def columns(answering: Any) -> dict[str, list[float]]:
    table = answering.probabilities(ROWS)
    return {label: table[:, at].tolist() for at, label in enumerate(answering.labels)}


def test_nothing_changed_is_the_same_to_the_bit() -> None:
    same = translated(model(), {}, LABELS)

    assert same.labels == LABELS
    assert (same.probabilities(ROWS) == model().probabilities(ROWS)).all()
    assert (same.leanings(ROWS) == model().leanings(ROWS)).all()


def test_a_label_of_another_name_keeps_its_probabilities() -> None:
    before = columns(model())

    after = columns(translated(model(), {"a": "z"}, ["z", "b", "c", "d"]))

    assert after["z"] == pytest.approx(before["a"])
    assert after["b"] == pytest.approx(before["b"])


def test_two_labels_that_swap_their_names_swap_their_probabilities() -> None:
    before = columns(model())

    after = columns(translated(model(), {"a": "b", "b": "a"}, LABELS))

    assert after["b"] == pytest.approx(before["a"])
    assert after["a"] == pytest.approx(before["b"])


def test_probabilities_of_labels_that_became_one_add_up() -> None:
    before = model().probabilities(ROWS)

    after = columns(translated(model(), {"a": "b"}, ["b", "c", "d"]))

    assert after["b"] == pytest.approx((before[:, 0] + before[:, 1]).tolist())
    assert after["c"] == pytest.approx(before[:, 2].tolist())


def test_independent_labels_that_became_one_are_there_when_one_of_them_is() -> None:
    before = model(is_multi=True).probabilities(ROWS)

    after = columns(translated(model(is_multi=True), {"a": "b"}, ["b", "c", "d"]))

    neither = (1 - before[:, 0]) * (1 - before[:, 1])
    assert after["b"] == pytest.approx((1 - neither).tolist())


def test_a_retired_label_is_answered_no_more() -> None:
    before = model().probabilities(ROWS)

    after = columns(translated(model(), {}, ["b", "c", "d"]))

    rest = before[:, 1:].sum(axis=1)
    assert after["b"] == pytest.approx((before[:, 1] / rest).tolist())


def test_a_split_label_is_what_the_change_names_and_never_the_new_one() -> None:
    before = columns(model())

    after = columns(translated(model(), {"a": "a1"}, ["a1", "a2", "b", "c", "d"]))

    assert after["a1"] == pytest.approx(before["a"])
    assert "a2" not in after


def test_a_model_that_was_sure_of_a_retired_label_is_sure_of_nothing() -> None:
    sure = LinearModel(
        ("a", "b", "c"), np.array([[0.0], [0], [0]]), np.array([2000.0, 0, 0]),
        np.arange(1),
    )  # fmt: skip

    table = translated(sure, {}, ["b", "c"]).probabilities(sparse.csr_matrix((1, 1)))

    assert table.tolist() == [[0.5, 0.5]]


def test_a_model_without_a_label_of_today_is_refused() -> None:
    with pytest.raises(NoLabelLeftError):
        translated(model(), {"a": "gone"}, ["new", "newer"])


def test_words_speak_for_the_label_that_theirs_became() -> None:
    before = model().leanings(ROWS)

    after = translated(model(), {"a": "b"}, ["b", "c", "d"]).leanings(ROWS)

    assert (after[:, 0] == before[:, :2].max(axis=1)).all()
    assert (after[:, 1:] == before[:, 2:]).all()


NAMES = st.sampled_from(["a", "b", "c", "d", "e", "f"])


@given(
    moves=st.dictionaries(st.sampled_from(LABELS), NAMES),
    today=st.sets(NAMES, min_size=1),
    scale=st.sampled_from([0.0, 1.0, 50.0, 1e4]),
    is_multi=st.booleans(),
)
def test_whatever_changed_the_answers_are_probabilities_of_labels_of_today(
    *, moves: dict[str, str], today: set[str], scale: float, is_multi: bool
) -> None:
    try:
        after = translated(model(is_multi=is_multi, scale=scale), moves, today)
    except NoLabelLeftError:
        assert not {moves.get(name, name) for name in LABELS} & today
        return

    table = after.probabilities(ROWS)

    assert set(after.labels) <= today
    assert table.shape == (9, len(after.labels))
    assert (table >= 0).all()
    assert (table <= 1 + 1e-12).all()
    if not is_multi:
        assert table.sum(axis=1) == pytest.approx(np.ones(9))
