"""A few dense columns stand for all others: those of the encoder, or a sketch."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from activelearn.core import dense, diversity, features
from activelearn.core.dense import DenseRows
from activelearn.core.joined import JoinedRows
from activelearn.core.representations import part_of
from activelearn.services.features.shards import PartOfRows
from tests.activelearn.core.test_joined import TEXTS, joined


def test_each_column_has_its_place_and_sign_for_ever() -> None:
    sketch = dense.sketched(sparse.identity(2**17, format="csr", dtype=np.float32)[:4])

    # What is kept in files was made so: another place would make it worthless.
    places = np.nonzero(sketch)[1].tolist()
    assert places == [239, 21, 447, 184]
    assert sketch[range(4), places].tolist() == [-1, -1, 1, 1]


def test_columns_of_one_place_add_up_and_rows_keep_their_products() -> None:
    rng = np.random.default_rng(0)
    rows: Any = sparse.csr_matrix(rng.normal(size=(40, 20_000)).astype(np.float32))
    rows /= 100

    sketch = dense.sketched(rows).astype(np.float64)

    exact = (rows @ rows.T).toarray()
    # The error of a product has a variance of at most 2/512 of those of the lengths.
    error = (sketch @ sketch.T - exact) / exact.diagonal().mean()
    assert np.abs(error.mean()) < 0.01
    assert error.std() < 1.5 * np.sqrt(2 / dense.WIDTH)


@given(st.integers(0, 99))
def test_a_sketch_of_a_sum_is_the_sum_of_the_sketches(seed: int) -> None:
    first, second = (
        sparse.random(3, 900, density=0.05, format="csr", random_state=seed + more)
        for more in (0, 100)
    )

    both = dense.sketched(first + second)

    apart = dense.sketched(first) + dense.sketched(second)
    assert both.dtype == np.float16
    assert np.allclose(both, apart, atol=0.01)


@pytest.mark.parametrize("places", [slice(None), [3, 0, 0], np.zeros(0, dtype=int)])
def test_dense_columns_are_those_of_the_encoder_or_the_sketch(places: Any) -> None:
    rows = joined(6)

    told, of_words = DenseRows(rows)[places], DenseRows(rows.sparse)[places]

    assert (told.dense == rows.dense[places]).all()
    assert told.shape == (len(told.dense), 4)
    assert (of_words.dense == dense.sketched(rows.sparse[places])).all()
    assert DenseRows(rows).shape == (6, 4)
    # No more columns than a sketch has stay as they are.
    assert DenseRows(rows.sparse).shape == (6, 30)
    assert np.allclose(of_words.dense, rows.sparse[places].toarray(), atol=0.001)
    wide = joined(6, hashed=dense.WIDTH + 1)
    assert DenseRows(wide.sparse).shape == (6, dense.WIDTH)


def test_long_vectors_are_read_in_as_many_columns_as_a_sketch_has() -> None:
    rng = np.random.default_rng(0)
    brought = (rng.normal(size=(60, 4096)) / 32).astype(np.float16)
    brought[7, :] = np.finfo(np.float16).max
    rows = DenseRows(JoinedRows(sparse.csr_matrix((60, 3), dtype=np.float32), brought))

    few = rows[:].dense

    assert rows.shape == (60, dense.WIDTH)
    assert few.dtype == np.float16
    assert few.shape == (60, dense.WIDTH)
    assert np.isfinite(few).all()
    assert (rows[[9, 2]].dense == few[[9, 2]]).all()
    # What is alike stays alike: the error of a product is that of a sketch.
    usual = np.arange(60) != 7
    exact, sketch = (part[usual].astype(np.float64) for part in (brought, few))
    lengths = (exact**2).sum(axis=1).mean()
    error = (sketch @ sketch.T - exact @ exact.T) / lengths
    assert error.std() < 1.5 * np.sqrt(2 / dense.WIDTH)


def test_rows_that_keep_no_columns_apart_are_asked_for_all_of_them() -> None:
    rows = joined(6)
    part = PartOfRows(rows, partial(part_of, name="encoded"))

    assert (DenseRows(part)[[2, 1]].dense == rows.dense[[2, 1]]).all()


def test_what_is_found_alike_by_an_encoder_stays_so() -> None:
    rows = features.text_rows(TEXTS, features.JOINED_TEXT_SPEC)

    points = diversity.compact(DenseRows(rows)[:], 0)

    assert (points == diversity.compact(rows, 0)).all()
