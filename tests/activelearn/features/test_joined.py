"""The files of features become one table, which is all that stays in memory."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from scipy import sparse

from activelearn.core.features import Table
from activelearn.services.features import store


def part(first: int, items: int) -> Table:
    rows = sparse.random(
        items, 500, density=0.1, format="csr", dtype=np.float32, random_state=first
    )
    return Table(np.arange(first, first + items), rows, "x")


@pytest.mark.parametrize("sizes", [[5], [3, 4, 1], [2, 0, 3]])
def test_the_rows_stand_in_the_order_of_the_files(sizes: list[int]) -> None:
    parts = [part(10 * number, size) for number, size in enumerate(sizes)]
    whole = sparse.vstack([each.rows for each in parts], format="csr")
    ids = [pk for each in parts for pk in each.ids.tolist()]

    table = store._joined(parts, "x")

    assert table.ids.tolist() == ids
    assert (table.rows != whole).nnz == 0
    assert table.rows.dtype == whole.dtype
    assert table.rows.indices.dtype == whole.indices.dtype


def test_what_is_copied_is_let_go() -> None:
    tracemalloc.start()
    try:
        parts = [part(1000 * number, 1000) for number in range(20)]
        before, _ = tracemalloc.get_traced_memory()

        table = store._joined(parts, "x")

        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    # The whole in place of its parts, and not beside them.
    assert table.rows.shape == (20_000, 500)
    assert after < 1.2 * before
