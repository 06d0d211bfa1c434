"""The quick model: known values, what is rare, what cannot be told apart."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

from activelearn.core import discriminant, training
from activelearn.core.joined import JoinedRows
from activelearn.core.training import NeverAbsentError, TooFewLabelsError


def rows_of(values: Any) -> JoinedRows:
    dense = np.asarray(values, dtype=np.float16)
    return JoinedRows(sparse.csr_matrix((len(dense), 0), dtype=np.float32), dense)


def clouds(each: int, classes: int = 3, *, seed: int = 0) -> tuple[JoinedRows, Any]:
    """Return rows of classes whose clouds are long in one direction, and their labels."""
    rng = np.random.default_rng(seed)
    which = np.tile(np.arange(classes), each)
    values = rng.normal(size=(len(which), 4)) * [5, 1, 1, 1]
    values[:, 1] += 4 * which
    return rows_of(values), [(f"label {number}",) for number in which]


def hits(model: Any, rows: JoinedRows, labels: Any) -> float:
    shown = training.predicted_labels(model, model.probabilities(rows))
    return float(
        np.mean([own == right for own, right in zip(shown, labels, strict=True)])
    )


def test_with_many_labels_it_is_scikit_learns_analysis() -> None:
    rows, labels = clouds(4000)

    model = discriminant.fit(rows, labels, is_multi=False)

    names = [name for (name,) in labels]
    known = LinearDiscriminantAnalysis(priors=[1 / 3] * 3).fit(rows.dense, names)
    assert model.labels == tuple(known.classes_)
    wanted = known.predict_proba(rows.dense)
    # Up to the one label and the few that both parts are drawn by.
    assert np.abs(model.probabilities(rows) - wanted).max() < 0.01


def test_one_label_of_each_of_two_lies_between_them() -> None:
    model = discriminant.fit(rows_of([[-1.0], [1.0]]), [("a",), ("b",)], is_multi=False)

    # Means drawn to ±1/2; one column's label of variance 1 alone tells the shape.
    assert model.weights.tolist() == [[-0.5], [0.5]]
    assert model.bias.tolist() == [-0.125, -0.125]
    table = model.probabilities(rows_of([[0.0], [2.0]]))
    assert table[0].tolist() == [0.5, 0.5]
    assert table[1, 1] == pytest.approx(1 / (1 + np.exp(-2)))


def test_what_a_cloud_is_long_in_does_not_count() -> None:
    rows, labels = clouds(60)
    later, truth = clouds(200, seed=1)

    assert hits(discriminant.fit(rows, labels, is_multi=False), later, truth) > 0.93


def test_a_label_counts_alike_however_rare_it_is() -> None:
    rows, labels = clouds(400, classes=2)
    few = [n for n, (name,) in enumerate(labels) if name == "label 0" or n < 20]
    later, truth = clouds(300, classes=2, seed=1)

    model = discriminant.fit(rows[few], [labels[n] for n in few], is_multi=False)

    rare = [n for n, (name,) in enumerate(truth) if name == "label 1"]
    assert hits(model, later[rare], [truth[n] for n in rare]) > 0.9


def test_several_labels_are_told_each_from_the_items_without_it() -> None:
    rng = np.random.default_rng(0)
    values = rng.normal(size=(900, 6))
    has = values[:, :2] + 0.3 * rng.normal(size=(900, 2)) > [0.0, 1.0]
    targets = [
        tuple(name for name, own in zip("ab", row, strict=True) if own) for row in has
    ]

    model = discriminant.fit(rows_of(values[:600]), targets[:600], is_multi=True)
    regression = training.fit(
        sparse.csr_matrix(values[:600]), targets[:600], is_multi=True
    )

    assert model.labels == ("a", "b")
    table = model.probabilities(rows_of(values[600:]))
    right = float(((table >= 0.5) == has[600:]).mean())
    known = regression.probabilities(sparse.csr_matrix(values[600:]))
    assert right > float(((known >= 0.5) == has[600:]).mean()) - 0.02
    # As common as it is, and as sure as the regression is.
    assert table.mean(axis=0) == pytest.approx(has.mean(axis=0), abs=0.05)
    assert np.abs(table - known).mean() < 0.06


def test_a_label_that_every_item_has_is_as_likely_as_they_are_many() -> None:
    targets = [("all",), ("all", "some"), ("all",)]

    model = discriminant.fit(rows_of(np.eye(3)), targets, is_multi=True)

    table = model.probabilities(rows_of([[0.3, 0.2, 0.1]]))
    assert table[0, 0] == pytest.approx(4 / 5)


@pytest.mark.parametrize(
    ("targets", "is_multi", "refusal"),
    [
        ([("a",), ("a",)], False, TooFewLabelsError),
        ([("a",), ("a",)], True, NeverAbsentError),
        ([(), ()], True, NeverAbsentError),
    ],
)
def test_where_nothing_is_to_be_told_apart_there_is_no_model(
    targets: Any, refusal: type[ValueError], *, is_multi: bool
) -> None:
    with pytest.raises(refusal):
        discriminant.fit(rows_of(np.eye(2)), targets, is_multi=is_multi)


@given(
    size=st.integers(2, 30),
    classes=st.integers(1, 40),
    seed=st.integers(0, 99),
    is_multi=st.booleans(),
)
def test_whatever_is_labeled_probabilities_are_finite_and_the_same_again(
    size: int, classes: int, seed: int, *, is_multi: bool
) -> None:
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(size, 5)) * rng.integers(0, 2, size=(1, 5))
    targets = [(f"{number}",) for number in rng.integers(classes, size=size)]
    try:
        model = discriminant.fit(rows_of(values), targets, is_multi=is_multi)
    except ValueError:
        assert len(set(targets)) == 1
        return

    table = model.probabilities(rows_of(values))

    again = discriminant.fit(rows_of(values), targets, is_multi=is_multi)
    assert table.dtype == np.float32
    assert np.isfinite(table).all()
    assert is_multi or np.allclose(table.sum(axis=1), 1, atol=1e-5)
    assert (again.probabilities(rows_of(values)) == table).all()
