"""The files of features become one table, which is all that stays in memory."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterable
from typing import Final

import numpy as np
import pytest
from scipy import sparse

from activelearn.core.features import Table
from activelearn.core.joined import JoinedRows
from activelearn.services.features import packing


def part(first: int, items: int) -> Table:
    rows = sparse.random(
        items, 500, density=0.1, format="csr", dtype=np.float32, random_state=first
    )
    return Table(np.arange(first, first + items), rows, "x")


def joined(parts: Iterable[Table]) -> Table:
    whole = packing.GrowingTable()
    for each in parts:
        whole.add(each)
    return whole.table("x")


@pytest.mark.parametrize("sizes", [[5], [3, 4, 1], [2, 0, 3]])
def test_the_rows_stand_in_the_order_of_the_files(sizes: list[int]) -> None:
    parts = [part(10 * number, size) for number, size in enumerate(sizes)]
    whole = sparse.vstack([each.rows for each in parts], format="csr")
    ids = [pk for each in parts for pk in each.ids.tolist()]

    table = joined(parts)

    assert table.ids.tolist() == ids
    assert (table.rows != whole).nnz == 0
    assert table.rows.dtype == whole.dtype
    assert table.rows.indices.dtype == whole.indices.dtype


def told(first: int, items: int) -> Table:
    """Return a part that an encoder has told about."""
    plain = part(first, items)
    dense = np.random.default_rng(first).normal(size=(items, 7)).astype(np.float16)
    return Table(plain.ids, JoinedRows(plain.rows, dense), "x")


@pytest.mark.parametrize("sizes", [[5], [3, 4, 1], [2, 0, 3], [0]])
def test_what_an_encoder_tells_stands_beside_its_row(sizes: list[int]) -> None:
    parts = [told(10 * number, size) for number, size in enumerate(sizes)]
    files = [packing.packed(each.ids, each.rows) for each in parts]

    table = joined(packing.unpacked(data, "x") for data in files)

    assert table.rows.shape == (sum(sizes), 507)
    wanted = np.concatenate([each.rows.dense for each in parts])
    assert (table.rows.dense == wanted).all()
    whole = sparse.vstack([each.rows.sparse for each in parts], format="csr")
    assert (table.rows.sparse != whole).nnz == 0


def test_a_file_of_rows_without_an_encoder_has_nothing_of_it() -> None:
    plain = part(0, 3)

    data = packing.packed(plain.ids, plain.rows)

    assert b"dense" not in data
    assert (packing.unpacked(data, "x").rows != plain.rows).nnz == 0


def test_no_files_are_a_table_without_rows() -> None:
    table = joined([])

    assert (table.ids.tolist(), table.rows.shape) == ([], (0, 1))


# Forty files of eight megabytes, read one after the other.
GROWING: Final = """
from pathlib import Path
import django
django.setup()
import numpy as np
from scipy import sparse
from activelearn.core.features import Table
from activelearn.services.features import packing

def peak():
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if "VmHWM" in line) / 1024

def part(first):
    values, columns = np.ones(2**20, np.float32), np.zeros(2**20, np.int32)
    starts = np.arange(0, 2**20 + 1, 2**10)
    rows = sparse.csr_matrix((values, columns, starts), shape=(2**10, 2**10))
    return Table(np.arange(first, first + 2**10), rows, "x")

before, whole = peak(), packing.GrowingTable()
for number in range(40):
    whole.add(part(number * 2**10))
table = whole.table("x")
assert table.rows.nnz == 40 * 2**20
print(peak() - before)
"""


def test_no_file_stands_beside_the_whole() -> None:
    # A process of its own: what this one had before is no measure of it.
    made = subprocess.run(
        [sys.executable, "-c", GROWING],
        check=True,
        capture_output=True,
        text=True,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "config.settings"},
    )

    # Both at once would take twice the 320 megabytes.
    assert 320 <= float(made.stdout) < 420
