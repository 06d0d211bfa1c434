"""Rows of which a few dense columns are read: for models that have to be quick.

Where an encoder tells of the rows, its columns are these, up to 512. More of them, and the
columns of rows without an encoder, become a count sketch
(Charikar, Chen and Farach-Colton 2002, ICALP, 693–703): each column is added to one of a
few, or subtracted from it, by its hash. The expected product of two sketches is that of
their rows, so rows that are alike stay alike; and a sketch never has to be learned, so it
is kept with the rows.
"""

from __future__ import annotations

from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from activelearn.core import sparse
from activelearn.core.joined import AT_ONCE, Dense, JoinedRows, Sparse

Rows: TypeAlias = Any  # scipy.sparse.csr_matrix, which has no types, or JoinedRows
# Columns of a sketch.
WIDTH: Final = 512
# The hash of a column. What is kept was made with it.
SEED: Final = 0


def sketched(rows: Sparse) -> Dense:
    """Return (n_rows, at most 512): a sketch of sparse rows (n_rows, n_features).

    Rows of no more columns than a sketch has stay as they are.
    """
    if rows.shape[1] <= WIDTH:
        return np.asarray(rows.toarray(), dtype=np.float16)
    places, signs = _hashed(rows.shape[1])
    # Columns of one place meet in it: a matrix with doubles adds them up.
    parts = (rows.data * signs[rows.indices], places[rows.indices], rows.indptr)
    added = sparse.csr_matrix(parts, shape=(rows.shape[0], WIDTH))
    return np.asarray(added.toarray(), dtype=np.float16)


def narrowed(columns: Dense) -> Dense:
    """Return (n_rows, at most 512): a sketch of dense columns (n_rows, d).

    A model of 4,096 columns, as vectors from outside may have, would take gigabytes.
    """
    size, width = columns.shape
    if width <= WIDTH:
        return columns
    places, signs = _hashed(width)
    one_each = (signs, places, np.arange(width + 1))
    sketch = sparse.csr_matrix(one_each, shape=(width, WIDTH))
    narrow = np.empty((size, WIDTH), dtype=np.float16)
    most = float(np.finfo(np.float16).max)
    for start in range(0, size, AT_ONCE):
        part = columns[start : start + AT_ONCE].astype(np.float32) @ sketch
        narrow[start : start + AT_ONCE] = np.clip(part, -most, most)
    return narrow


def _hashed(width: int) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """Return (width,) the place of each column in a sketch, and its sign."""
    # Imported where it is used: web and scheduler save its 130 MiB.
    from sklearn.utils import murmurhash3_32

    hashes = murmurhash3_32(np.arange(width, dtype=np.int32), seed=SEED, positive=True)
    signs = np.where(hashes & 1, 1, -1).astype(np.float32)
    return ((hashes >> 1) % WIDTH).astype(np.int32), signs


def columns_of(rows: Rows) -> Dense:
    """Return (n_rows, d) the dense columns of rows: the encoder's, or a sketch."""
    return rows.dense if isinstance(rows, JoinedRows) else sketched(rows)


class DenseRows:
    """Rows with nothing but their dense columns, taken where they are asked for.

    Of more than 512 of them, a sketch.
    """

    def __init__(self, rows: Any) -> None:
        self._rows = rows

    @property
    def shape(self) -> tuple[int, int]:
        """How many rows there are, and how many columns each has."""
        return self._rows.shape[0], self[:0].shape[1]

    def __getitem__(self, places: Any) -> JoinedRows:
        """Return the rows at some places; raises what the rows raise."""
        # What keeps dense columns apart need not read the others.
        is_apart = hasattr(self._rows, "dense")
        dense = self._rows.dense[places] if is_apart else columns_of(self._rows[places])
        nothing = sparse.csr_matrix((len(dense), 0), dtype=np.float32)
        return JoinedRows(nothing, narrowed(dense))
