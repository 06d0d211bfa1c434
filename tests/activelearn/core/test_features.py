"""Texts, pictures and tables become rows of numbers."""

from __future__ import annotations

import io

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


FIRST_TABLE: features.Spec = {
    "kind": "table",
    "version": 1,
    "columns": [
        {"name": "c", "type": "category", "values": ["blue", "red"]},
        {"name": "n", "type": "number", "mean": 2.0, "scale": 1.0},
    ],
}


def test_a_model_of_an_earlier_release_reads_its_tables_as_it_did() -> None:
    rows: list[dict[str, object]] = [
        {"n": "1", "c": "red"},
        {"n": 1e308, "c": "green"},
        {"c": ""},
    ]

    table = features.table_rows(rows, FIRST_TABLE).toarray()

    assert table.tolist() == [[0, 1, 0, -1, 0], [0, 0, 1, 10, 0], [0, 0, 1, 0, 1]]
    assert features.width(FIRST_TABLE) == 5


def test_rows_are_in_the_order_of_the_items_that_are_named() -> None:
    table = features.Table(np.array([3, 5, 8]), sparse.csr_matrix(np.eye(3)))

    assert table.rows_of([8, 3]).toarray().argmax(axis=1).tolist() == [2, 0]
    assert table.covered([9, 8, 4, 3]) == [8, 3]
