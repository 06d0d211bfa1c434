"""The files of features are one table, of which only some stay in memory."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np
import pytest
from scipy import sparse

from activelearn.core import dense
from activelearn.core.joined import JoinedRows, csr_of
from activelearn.core.representations import part_of
from activelearn.core.strategies import ordering
from activelearn.services.features import files, packing, shards
from activelearn.services.features.shards import FiledRows, PartOfRows
from activelearn.services.ordering import ranking
from labeling.errors import DamagedFileError
from tests.activelearn.test_loop import UNMIXED, answer, wine


def part(number: int, items: int, columns: int = 500) -> Any:
    return sparse.random(
        items, columns, density=0.1, format="csr", dtype=np.float32, random_state=number
    )


def saved(rows: Any) -> str:
    """Write a file of rows; return its name."""
    ids = np.arange(rows.shape[0])
    return files.save("features", packing.packed(ids, rows))


def filed(parts: list[Any], room: int = shards.ROOM) -> FiledRows:
    rows = FiledRows(room)
    for each in parts:
        rows.add(saved(each), each.shape[0])
    return rows


# Every file in memory; the first one alone; none.
ROOMS: Final = (shards.ROOM, 2000, 0)
SIZES: Final = (3, 4, 1, 0, 5)


@pytest.mark.parametrize("room", ROOMS)
@pytest.mark.parametrize(
    "places",
    [
        slice(None),
        [0, 1, 2, 7, 8, 12],
        [12, 0, 5, 5, 3, -1],
        np.arange(13) % 2 == 0,
        np.array([], dtype=np.int64),
        4,
    ],
)
def test_rows_at_places_are_those_of_the_matrix_of_all(places: Any, room: int) -> None:
    parts = [part(number, size) for number, size in enumerate(SIZES)]
    whole = sparse.vstack(parts, format="csr")

    rows = filed(parts, room)

    assert rows.shape == whole.shape
    given, wanted = rows[places], whole[places]
    assert given.shape == wanted.shape
    for name in ("data", "indices", "indptr"):
        assert np.array_equal(getattr(given, name), getattr(wanted, name))
        assert getattr(given, name).dtype == getattr(wanted, name).dtype


def joined(number: int, items: int) -> JoinedRows:
    """Return rows of which an encoder has given columns, too."""
    dense = np.random.default_rng(number).normal(size=(items, 7)).astype(np.float16)
    return JoinedRows(part(number, items), dense)


@pytest.mark.parametrize("room", ROOMS)
@pytest.mark.parametrize("places", [slice(None), [12, 0, 5, 5, 3], slice(0), [4]])
def test_dense_columns_stand_beside_their_rows(places: Any, room: int) -> None:
    parts = [joined(number, size) for number, size in enumerate(SIZES)]
    dense = np.concatenate([each.dense for each in parts])
    plain = sparse.vstack([each.sparse for each in parts], format="csr")

    rows = filed(parts, room)

    assert rows.shape == (13, 507)
    assert (rows[places].dense == dense[places]).all()
    assert (rows[places].sparse != plain[places]).nnz == 0


@pytest.mark.parametrize(("name", "width"), [("hashed", 500), ("encoded", 7)])
@pytest.mark.parametrize("room", ROOMS)
def test_a_part_of_the_columns_is_read_of_the_same_files(
    name: str, width: int, room: int
) -> None:
    parts = [joined(number, size) for number, size in enumerate(SIZES)]
    wanted = np.concatenate(
        [csr_of(part_of(each, name)).toarray() for each in parts if each.shape[0]]
    )

    rows = PartOfRows(filed(parts, room), partial(part_of, name=name))

    assert rows.shape == rows[:].shape == (13, width)
    assert (csr_of(rows[:]).toarray() == wanted).all()
    assert (csr_of(rows[[5, 2]]).toarray() == wanted[[5, 2]]).all()
    assert rows[:0].shape == (0, width)


def test_a_file_of_rows_without_an_encoder_has_nothing_of_it() -> None:
    plain = part(0, 3)

    data = packing.packed(np.arange(3), plain)

    assert b"dense" not in data
    assert (packing.unpacked(data, "x").rows != plain).nnz == 0


def without_sketch(rows: Any) -> str:
    """Write a file as an earlier release did; return its name."""
    body = io.BytesIO()
    names = ("data", "indices", "indptr", "shape")
    arrays: dict[str, Any] = {name: np.array(getattr(rows, name)) for name in names}
    np.savez(body, ids=np.arange(rows.shape[0]), **arrays)
    return files.save("features", body.getvalue())


@pytest.mark.parametrize(
    "places", [slice(None), [12, 0, 5, 5, 3, -1], np.zeros(0, dtype=np.int64), [4]]
)
@pytest.mark.parametrize("room", ROOMS)
def test_dense_columns_are_read_alone_of_new_and_old_files(
    places: Any, room: int
) -> None:
    told = [joined(number, size) for number, size in enumerate(SIZES)]
    wide = [part(number, size, columns=900) for number, size in enumerate(SIZES)]
    older = FiledRows(room)
    for each in wide:
        older.add(without_sketch(each), each.shape[0])

    newer = filed(wide, room)
    of_encoder, of_words = filed(told, room).dense[places], newer.dense

    whole = np.concatenate([each.dense for each in told])
    assert (of_encoder == whole[places]).all()
    sketch = dense.sketched(sparse.vstack(wide, format="csr"))[places]
    assert (of_words[places] == sketch).all()
    # The other columns were not read for that.
    assert (newer._kept, newer._last) == ({}, (-1, None))
    assert (older.dense[places] == sketch).all()
    assert sketch.dtype == of_words[places].dtype == np.float16


@pytest.mark.parametrize("harm", ["gone", "changed", "cut"])
def test_dense_columns_of_a_damaged_file_are_not_given(harm: str) -> None:
    rows = filed([joined(number, 40) for number in range(2)])
    assert rows.dense[:].shape == (80, 7)
    path = files.path_of("features", saved(joined(1, 40)))
    data = bytearray(path.read_bytes())
    data[packing.arrays_in(bytes(data))["dense"].start + 4] ^= 1
    path.unlink()
    if harm != "gone":
        path.write_bytes(data if harm == "changed" else data[:-400])

    assert rows.dense[:40].shape == (40, 7)
    with pytest.raises(DamagedFileError):
        rows.dense[30:50]


def test_a_file_is_proved_once_as_long_as_nobody_writes_it() -> None:
    name, shards_read = saved(joined(3, 5)), shards._proved.cache_info

    before = shards_read().misses
    for _ in range(3):
        assert shards.ids_in(name).tolist() == [0, 1, 2, 3, 4]
    assert shards_read().misses == before + 1
    files.path_of("features", name).touch()
    assert len(shards.ids_in(name)) == 5

    assert shards_read().misses == before + 2


def test_no_files_are_a_table_without_rows() -> None:
    rows = FiledRows()

    assert rows.shape == rows[:].shape == (0, 1)


def test_a_place_beyond_the_rows_is_an_error() -> None:
    with pytest.raises(IndexError):
        filed([part(1, 3)])[[3]]


@pytest.mark.parametrize("harm", ["gone", "changed", "cut"])
def test_a_file_that_is_damaged_after_it_was_read_gives_no_rows(harm: str) -> None:
    rows = filed([part(number, 40) for number in range(3)], 0)
    path: Path = files.path_of("features", saved(part(1, 40)))
    data = bytearray(path.read_bytes())
    if harm == "gone":
        path.unlink()
    elif harm == "changed":
        # Amid the values of the rows: what says where they begin stays as it was.
        data[packing.arrays_in(bytes(data))["data"].start + 40] ^= 1
        path.write_bytes(data)
    else:
        path.write_bytes(data[: len(data) // 2])

    assert rows[:40].shape == (40, 500)
    with pytest.raises(DamagedFileError):
        rows[30:50]


@pytest.mark.django_db
@pytest.mark.parametrize(("labels", "exact"), [(0, 10**9), (40, 10**9), (40, 0)])
def test_an_order_is_the_same_whether_the_rows_are_in_memory_or_not(
    labels: int, exact: int
) -> None:
    project, truth = wine(**UNMIXED)
    ranking.rank(project)
    answer(project, truth, labels)
    material = ranking.material_of(project)
    # Without room for a regression the dense columns are read, of which a file has a copy.
    policy = ranking.policy_of(project, ordering.OrderLimits(exact=exact))
    whole = material.table.rows[:]
    parts = [whole[start : start + 20] for start in range(0, whole.shape[0], 20)]

    in_memory, read_again = (
        ordering.chosen(
            replace(material, table=replace(material.table, rows=rows)), policy
        )
        for rows in (whole, filed(parts, 0))
    )

    rankings = [
        order.placed(np.random.default_rng(0)) for order in (in_memory, read_again)
    ]
    assert rankings[0] == rankings[1]
    assert in_memory.strategy == ("balanced" if labels else "cold")
    assert len(in_memory.choices) > 20


# Forty files of eight megabytes, read one after the other, then used ten rows at a time.
GROWING: Final = """
import sys
from pathlib import Path
import django
from django.conf import settings
django.setup()
settings.LEARN_ROOT = sys.argv[1]
import numpy as np
from scipy import sparse
from activelearn.services.features import files, packing, shards

def peak():
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if "VmHWM" in line) / 1024

def part(number):
    values, columns = np.full(2**20, number, np.float32), np.ones(2**20, np.int32)
    starts = np.arange(0, 2**20 + 1, 2**10)
    return sparse.csr_matrix((values, columns, starts), shape=(2**10, 2**10))

def saved(number):
    return files.save("features", packing.packed(np.arange(2**10), part(number)))

names = [saved(number) for number in range(40)]
# What it took to write them is no measure of reading them.
Path("/proc/self/clear_refs").write_text("5")
before, rows = peak(), shards.FiledRows(room=80 * 2**20)
for number, name in enumerate(names):
    rows.add(name, 2**10)
for start in range(0, 40 * 2**10, 2**9):
    some = rows[start : start + 2**9]
    assert (some.data == start // 2**10).all()
print(peak() - before)
"""


def test_of_many_files_only_the_first_ones_stay_in_memory(tmp_path: Path) -> None:
    # A process of its own: what this one had before is no measure of it.
    made = subprocess.run(
        [sys.executable, "-c", GROWING, str(tmp_path)],
        check=True,
        capture_output=True,
        text=True,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "config.settings"},
    )

    # All of them are 320 megabytes.
    assert 80 <= float(made.stdout) < 140
