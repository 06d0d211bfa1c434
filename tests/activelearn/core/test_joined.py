"""Sparse and dense columns side by side are as one sparse matrix, and smaller."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from activelearn.core import baselines, diversity, features, training
from activelearn.core.joined import JoinedRows, csr_of

TEXTS = (
    "my card was swallowed by the machine",
    "the machine kept my debit card",
    "where is the parcel that I have ordered",
    "my order has not been delivered yet",
)


def joined(n: int, seed: int = 0, hashed: int = 30, told: int = 4) -> JoinedRows:
    rng = np.random.default_rng(seed)
    rows: Any = sparse.random(
        n, hashed, density=0.2, format="csr", dtype=np.float32, random_state=seed
    )
    return JoinedRows(rows, rng.normal(size=(n, told)).astype(np.float16))


@pytest.mark.parametrize(
    "places",
    [
        [3, 0, 0],
        np.array([5, 2]),
        np.array([True, False, True, False, False, False]),
        slice(1, 4),
        np.zeros(0, dtype=np.int64),
    ],
    ids=["list", "array", "mask", "slice", "none"],
)
def test_some_rows_are_those_of_the_whole(places: Any) -> None:
    rows = joined(6)

    some = rows[places]

    assert (some.csr().toarray() == rows.csr().toarray()[places]).all()
    assert some.dense.dtype == np.float16


@given(st.sets(st.integers(0, 33)))
def test_some_columns_are_those_of_the_whole(chosen: set[int]) -> None:
    rows, columns = joined(6), np.array(sorted(chosen), dtype=np.int64)

    some = rows[:, columns]

    assert some.shape == (6, len(chosen))
    assert (some.csr().toarray() == rows.csr().toarray()[:, columns]).all()


@pytest.mark.parametrize("n", [0, 1, 5000])
def test_a_product_is_that_of_the_whole(n: int) -> None:
    rows = joined(n)
    weights = np.random.default_rng(1).normal(size=(34, 3))

    assert np.allclose(rows @ weights, rows.csr().toarray() @ weights, atol=1e-5)


def test_a_fit_and_what_it_predicts_are_those_of_the_sparse_matrix() -> None:
    rows = joined(60)
    targets = [("x",) if value > 0 else ("y",) for value in rows.dense[:, 1]]

    model = training.fit(rows, targets, is_multi=False)
    plain = training.fit(rows.csr(), targets, is_multi=False)

    assert model.weights.tolist() == plain.weights.tolist()
    told, wanted = model.probabilities(rows), plain.probabilities(rows.csr())
    assert np.allclose(told, wanted, atol=1e-6)
    assert training.predicted_labels(model, told) == targets


def test_where_no_column_is_left_out_a_model_reads_the_rows_as_they_are() -> None:
    rows = joined(60, hashed=3)
    targets = [("x",) if value > 0 else ("y",) for value in rows.dense[:, 1]]

    model = training.fit(rows, targets, is_multi=False)

    assert len(model.columns) == rows.shape[1]
    assert training.predicted_labels(model, model.probabilities(rows)) == targets


def test_the_nearest_example_is_that_of_the_sparse_matrix() -> None:
    rows, examples = joined(20), joined(9, seed=1)
    labels = [(str(place),) for place in range(9)]

    assert baselines.nearest(rows, examples, labels) == baselines.nearest(
        rows.csr(), examples.csr(), labels
    )


@pytest.mark.parametrize(("n", "size"), [(80, 50), (30, 30), (1, 60)])
def test_points_are_made_of_what_the_encoder_tells(n: int, size: int) -> None:
    rows = joined(n, told=60)

    points = diversity.compact(rows, 0)

    assert points.shape == (n, size)
    other = JoinedRows(joined(n, seed=7).sparse, rows.dense)
    assert (diversity.compact(other, 0) == points).all()


def test_texts_become_hashed_words_and_what_an_encoder_tells() -> None:
    rows = features.text_rows(TEXTS, features.JOINED_TEXT_SPEC)

    assert rows.shape == (4, features.width(features.JOINED_TEXT_SPEC))
    hashed = features.text_rows(TEXTS, features.TEXT_SPEC)
    assert (rows.sparse != hashed).nnz == 0
    # Both hashed halves are of unit length; the encoder has twice that of both together.
    assert np.allclose((rows.dense.astype(np.float64) ** 2).sum(axis=1), 4, atol=0.01)
    assert np.allclose(hashed.multiply(hashed).sum(axis=1), 2, atol=1e-5)
    away = ((rows.dense[:1].astype(np.float64) - rows.dense[1:]) ** 2).sum(axis=1)
    assert away.argmin() == 0


def test_an_encoder_alone_has_no_other_column() -> None:
    rows = features.text_rows(TEXTS, features.ENCODED_TEXT_SPEC)
    targets = [("card",), ("card",), ("post",), ("post",)]

    assert rows.shape == (4, 256) == (4, features.width(features.ENCODED_TEXT_SPEC))
    model = training.fit(rows, targets, is_multi=False)
    assert training.predicted_labels(model, model.probabilities(rows)) == targets
    assert (
        rows.dense == features.text_rows(TEXTS, features.JOINED_TEXT_SPEC).dense
    ).all()


@pytest.mark.parametrize(
    "other", [{"sha256": "0" * 64}, {"name": "larger"}], ids=["hash", "name"]
)
def test_an_encoder_of_another_program_is_no_specification_of_ours(
    other: dict[str, str],
) -> None:
    spec = features.JOINED_TEXT_SPEC
    named = {**spec["encoder"], **other}

    with pytest.raises(features.UnknownSpecError, match=named["name"]):
        features.width({**spec, "encoder": named})


def test_old_and_new_specifications_have_names_that_never_change() -> None:
    named = [
        features.hash_of(spec)[:12]
        for spec in (features.TEXT_SPEC, features.JOINED_TEXT_SPEC)
    ]

    # Stored models name these: what they stand for must go on to be computed.
    assert named == ["7e40583fce61", "bb79e88d6221"]


def test_rows_without_an_encoder_stay_what_they_are() -> None:
    rows = features.text_rows(TEXTS, features.TEXT_SPEC)

    assert csr_of(rows) is rows
