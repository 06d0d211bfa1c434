"""A model is fitted from rows and predicts with its arrays alone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from activelearn.core import artifact, training
from tests.activelearn.core.clouds import clouds


@pytest.mark.parametrize("count", [40, 60])
def test_the_same_input_gives_the_same_bytes_and_the_right_answers(count: int) -> None:
    rows, truth = clouds()
    fitted = [
        training.fit(rows[:count], truth[:count], is_multi=False, seed=3)
        for _ in range(2)
    ]

    first, second = (artifact.dump(model, {"kind": "x"}) for model in fitted)

    assert first == second
    table = fitted[0].probabilities(rows[:count])
    assert table.sum(axis=1) == pytest.approx(1)
    assert training.predicted_labels(fitted[0], table) == truth[:count]


def test_one_label_is_not_enough_to_train() -> None:
    rows, _ = clouds()

    with pytest.raises(training.TooFewLabelsError):
        training.fit(rows, [("a",)] * 60, is_multi=False)


def test_several_labels_are_told_apart_one_by_one() -> None:
    rows, truth = clouds()
    both = [("a", "x") if a == ("a",) else ("x",) if a == ("b",) else () for a in truth]

    model = training.fit(rows, both, is_multi=True)

    assert training.predicted_labels(model, model.probabilities(rows)) == both


def test_a_label_that_every_item_has_teaches_nothing() -> None:
    rows, _ = clouds()

    with pytest.raises(training.NeverAbsentError):
        training.fit(rows, [("a",)] * 60, is_multi=True)


def test_c11_a_label_that_every_item_has_is_known_and_nearly_sure() -> None:
    rows, truth = clouds()
    always = [("always", *names) for names in truth]

    model = training.fit(rows, always, is_multi=True)

    table = model.probabilities(rows)
    place = model.labels.index("always")
    assert table[:, place] == pytest.approx(61 / 62)
    said = training.predicted_labels(model, table)
    assert all("always" in names for names in said)
    assert said[:20] == [("a", "always")] * 20


def test_c11_without_any_label_there_is_nothing_to_tell_apart() -> None:
    rows, _ = clouds()

    with pytest.raises(training.NeverAbsentError):
        training.fit(rows, [()] * 60, is_multi=True)


@given(
    row=st.lists(st.floats(-1e6, 1e6), min_size=4, max_size=4), is_multi=st.booleans()
)
def test_probabilities_are_probabilities_however_far_a_row_is(
    row: list[float], *, is_multi: bool
) -> None:
    rows, truth = clouds()
    model = training.fit(rows, truth, is_multi=is_multi)

    table = model.probabilities(sparse.csr_matrix([row]))

    assert table.shape == (1, 3)
    assert ((table >= 0) & (table <= 1)).all()
    assert is_multi or table.sum() == pytest.approx(1)


def test_a_model_keeps_only_the_features_it_has_seen() -> None:
    rows = sparse.csr_matrix(
        ([1.0, 1.0, 1.0], ([0, 1, 2], [3, 90_000, 3])), (3, 100_000)
    )

    model = training.fit(rows, [("x",), ("y",), ("x",)], is_multi=False)

    assert model.columns.tolist() == [3, 90_000]
    assert model.weights.shape == (2, 2)
    unseen = sparse.csr_matrix((1, 100_000))
    assert model.probabilities(unseen).shape == (1, 2)
