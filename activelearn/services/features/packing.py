"""Rows of features as the content of files, and many such files as one table."""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from activelearn.core import features as core
from activelearn.core import sparse
from activelearn.core.joined import Dense, JoinedRows

Ids = core.Ids
RowValues = npt.NDArray[np.float32]
RowColumns = npt.NDArray[np.int32]


def packed(ids: Ids, rows: core.Rows) -> bytes:
    """Return the content of a file; ``unpacked`` reads it."""
    body = io.BytesIO()
    dense = {}
    if isinstance(rows, JoinedRows):
        # Under a name of its own: files of rows without an encoder have none of it.
        rows, dense = rows.sparse, {"dense": rows.dense}
    np.savez(
        body,
        ids=ids,
        data=rows.data,
        indices=rows.indices,
        indptr=rows.indptr,
        shape=np.array(rows.shape),
        **dense,
    )
    return body.getvalue()


def unpacked(data: bytes, spec_hash: str) -> core.Table:
    """Return what a file of features holds."""
    # Without pickle: loading a file must not run what is in it.
    held = np.load(io.BytesIO(data), allow_pickle=False)
    parts = (held["data"], held["indices"], held["indptr"])
    rows = sparse.csr_matrix(parts, shape=tuple(held["shape"]))
    if "dense" in held:
        rows = JoinedRows(rows, held["dense"])
    return core.Table(held["ids"], rows, spec_hash)


@dataclass
class GrowingTable:
    """The rows of files, one after the other, as one table that grows.

    No part stands beside the whole: with a million texts that would take a gigabyte more.
    """

    ids: list[Ids] = field(default_factory=list)
    starts: list[Ids] = field(default_factory=list)
    values: RowValues = field(default_factory=lambda: np.empty(0, np.float32))
    columns: RowColumns = field(default_factory=lambda: np.empty(0, np.int32))
    dense: Dense | None = None
    entries: int = 0
    items: int = 0
    width: int = 1

    def add(self, part: core.Table) -> None:
        """Copy the rows of a file behind those before."""
        rows = part.rows
        if isinstance(rows, JoinedRows):
            # Before the items are counted: it stands behind those of earlier files.
            self._add_dense(rows.dense)
            rows = rows.sparse
        end = self.entries + rows.nnz
        if end > len(self.values):
            room = _room(end, len(self.values))
            for grown in (self.values, self.columns):
                grown.resize(room, refcheck=False)
        self.values[self.entries : end] = rows.data
        self.columns[self.entries : end] = rows.indices
        self.starts.append(rows.indptr[1:].astype(np.int64) + self.entries)
        self.ids.append(part.ids)
        self.entries, self.width = end, rows.shape[1]
        self.items += len(part.ids)

    def _add_dense(self, part: Dense) -> None:
        if self.dense is None:
            self.dense = np.empty((0, part.shape[1]), np.float16)
        end = self.items + len(part)
        if end > len(self.dense):
            shape = (_room(end, len(self.dense)), part.shape[1])
            self.dense.resize(shape, refcheck=False)
        self.dense[self.items : end] = part

    def table(self, name: str) -> core.Table:
        """Return the whole; nothing can be added any more."""
        for grown in (self.values, self.columns):
            grown.resize(self.entries, refcheck=False)
        starts = np.concatenate([np.zeros(1, np.int64), *self.starts])
        # The type is as narrow as it can be, as SciPy itself chooses it.
        kind = np.int32 if self.entries <= np.iinfo(np.int32).max else np.int64
        columns = self.columns.astype(kind, copy=False)
        rows: Any = sparse.csr_matrix(
            (self.values, columns, starts.astype(kind)),
            shape=(len(starts) - 1, self.width),
        )
        if self.dense is not None:
            self.dense.resize((self.items, self.dense.shape[1]), refcheck=False)
            rows = JoinedRows(rows, self.dense)
        return core.Table(
            np.concatenate([np.zeros(0, np.int64), *self.ids]), rows, name
        )


def _room(needed: int, there: int) -> int:
    """Return how much an array grows to: it is moved rarely, and never copied.

    The kernel moves large arrays to their new size.
    """
    return max(needed, int(1.1 * there))
