"""Rows of features as the content of files."""

from __future__ import annotations

import io
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeAlias
from zipfile import ZIP_STORED, BadZipFile, ZipFile

import numpy as np
from numpy.lib import format as npy

from activelearn.core import dense, sparse
from activelearn.core import features as core
from activelearn.core.joined import Dense, JoinedRows

# Where the header of a file within a ZIP archive says how long its name and the rest of
# it are (APPNOTE 6.3.10, 4.3.7).
_LENGTHS: Final = 26


@dataclass(frozen=True)
class PackedArray:
    """Where an array lies in a file, as plain bytes."""

    start: int
    dtype: np.dtype[Any]
    shape: tuple[int, ...]


ArraysByName: TypeAlias = Mapping[str, PackedArray]


def packed(ids: core.Ids, rows: core.Rows) -> bytes:
    """Return the content of a file; ``unpacked`` reads it."""
    body = io.BytesIO()
    if isinstance(rows, JoinedRows):
        # Under a name of its own: files of rows without an encoder have none of it.
        rows, columns = rows.sparse, {"dense": rows.dense}
    else:
        # Of these an order of many items reads nothing else.
        columns = {"sketch": dense.sketched(rows)}
    np.savez(
        body,
        ids=ids,
        data=rows.data,
        indices=rows.indices,
        indptr=rows.indptr,
        shape=np.array(rows.shape),
        **columns,
    )
    return body.getvalue()


def unpacked(data: bytes, spec_hash: str) -> core.Table:
    """Return what a file of features holds."""
    # Without pickle: loading a file must not run what is in it.
    held = np.load(io.BytesIO(data), allow_pickle=False)
    return core.Table(held["ids"], rows_of(held), spec_hash)


def rows_of(held: Any) -> core.Rows:
    """Return the rows among the arrays of a file."""
    parts = (held["data"], held["indices"], held["indptr"])
    rows = sparse.csr_matrix(parts, shape=tuple(held["shape"]))
    return JoinedRows(rows, held["dense"]) if "dense" in held else rows


def arrays_in(data: bytes) -> ArraysByName:
    """Return where the arrays of a file's content lie; raises ValueError, BadZipFile."""
    arrays, body = {}, io.BytesIO(data)
    with ZipFile(body) as archive:
        for info in archive.infolist():
            if info.compress_type != ZIP_STORED:
                raise BadZipFile(info.filename)
            body.seek(info.header_offset + _LENGTHS)
            name, extra = struct.unpack("<HH", body.read(4))
            body.seek(name + extra, io.SEEK_CUR)
            npy.read_magic(body)
            shape, _, dtype = npy.read_array_header_1_0(body)
            where = PackedArray(body.tell(), dtype, shape)
            arrays[info.filename.removesuffix(".npy")] = where
    return arrays


def mapped(path: Path, array: PackedArray) -> Any:
    """Return an array of a file, of which only what is looked at is read.

    Raises OSError or ValueError where the file is gone or too short.
    """
    if 0 in array.shape:
        return np.zeros(array.shape, array.dtype)
    return np.memmap(path, array.dtype, "r", array.start, array.shape)


def dense_in(path: Path, arrays: ArraysByName) -> Dense | None:
    """Return the dense columns of a file; None of one of before, which has none."""
    for name in ("dense", "sketch"):
        if name in arrays:
            columns: Dense = mapped(path, arrays[name])
            return columns
    return None
