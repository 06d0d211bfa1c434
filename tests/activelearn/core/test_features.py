"""Texts, pictures and tables become rows of numbers."""

from __future__ import annotations

import io
import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from scipy import sparse

from activelearn.core import features


@given(st.lists(st.text(max_size=30), min_size=1, max_size=5))
def test_texts_become_finite_rows_of_one_width(texts: list[str]) -> None:
    rows = features.text_rows(texts, features.TEXT_SPEC)

    assert rows.shape == (len(texts), 2**17 + 2**16)
    assert np.isfinite(rows.data).all()


def test_a_picture_becomes_a_row_and_nonsense_does_not() -> None:
    body = io.BytesIO()
    Image.new("L", (9, 7), 50).save(body, "PNG")

    row = features.image_row(body.getvalue(), features.IMAGE_SPEC)

    assert np.isfinite(row).all()
    with pytest.raises(ValueError, match="Not a picture"):
        features.image_row(b"<svg/>", features.IMAGE_SPEC)


def test_a_table_knows_numbers_categories_and_what_is_missing() -> None:
    rows: list[dict[str, object]] = [
        {"n": "1", "c": "red"},
        {"n": 3, "c": "blue"},
        {"n": None, "c": ""},
    ]
    spec = features.table_spec(rows)

    table = features.table_rows([*rows, {"n": "x", "c": "green"}], spec).toarray()

    assert [column["type"] for column in spec["columns"]] == ["category", "number"]
    assert np.isfinite(table).all()
    assert table[2, -1] == table[3, -1] == 1


CELL = (
    st.none()
    | st.floats()
    | st.sampled_from([1e308, -1e308, 5e-324])
    | st.sampled_from([math.nan, math.inf])
    | st.text(max_size=5)
)


@given(st.lists(st.fixed_dictionaries({"a": CELL, "b": CELL}), min_size=1, max_size=9))
def test_a_table_of_anything_becomes_finite_rows(
    rows: list[dict[str, object]],
) -> None:
    table = features.table_rows([*rows, {}], features.table_spec(rows))

    assert table.shape[0] == len(rows) + 1
    assert np.isfinite(table.data).all()
    # As JSON that PostgreSQL takes.
    json.dumps(features.table_spec(rows), allow_nan=False)


def test_a_number_that_cannot_be_computed_with_costs_the_others_nothing() -> None:
    ordinary: list[dict[str, object]] = [{"n": number} for number in range(20)]
    spec = features.table_spec([*ordinary, {"n": 1e308}])

    table = features.table_rows([{"n": 0}, {"n": 19}, {"n": 1e308}], spec).toarray()

    assert spec["columns"] == features.table_spec(ordinary)["columns"]
    assert table[1, 0] - table[0, 0] == pytest.approx(3.295, abs=0.01)
    assert table[2, 0] == 10


def test_rows_are_in_the_order_of_the_items_that_are_named() -> None:
    table = features.Table(np.array([3, 5, 8]), sparse.csr_matrix(np.eye(3)))

    assert table.rows_of([8, 3]).toarray().argmax(axis=1).tolist() == [2, 0]
    assert table.covered([9, 8, 4, 3]) == [8, 3]
