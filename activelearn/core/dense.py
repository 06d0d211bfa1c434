"""Rows of which a few dense columns are read: for models that have to be quick.

Where an encoder tells of the rows, its columns are these. Others become a count sketch
(Charikar, Chen and Farach-Colton 2002, ICALP, 693–703): each column is added to one of a
few, or subtracted from it, by its hash. The expected product of two sketches is that of
their rows, so rows that are alike stay alike; and a sketch never has to be learned, so it
is kept with the rows.
"""

from __future__ import annotations

from typing import Any, Final, TypeAlias

import numpy as np

from activelearn.core import sparse
from activelearn.core.joined import Dense, JoinedRows, Sparse

Rows: TypeAlias = Any  # scipy.sparse.csr_matrix, which has no types, or JoinedRows
# Columns of a sketch.
WIDTH: Final = 512
# The hash of a column. What is kept was made with it.
SEED: Final = 0


def sketched(rows: Sparse) -> Dense:
    """Return (n_rows, at most 512): a sketch of sparse rows (n_rows, n_features).

    Rows of no more columns than a sketch has stay as they are.
    """
    # Imported where it is used: web and scheduler save its 130 MiB.
    from sklearn.utils import murmurhash3_32

    if rows.shape[1] <= WIDTH:
        return np.asarray(rows.toarray(), dtype=np.float16)
    columns = np.arange(rows.shape[1], dtype=np.int32)
    hashes = murmurhash3_32(columns, seed=SEED, positive=True)
    signs = np.where(hashes & 1, 1, -1).astype(np.float32)
    places = ((hashes >> 1) % WIDTH).astype(np.int32)
    # Columns of one place meet in it: a matrix with doubles adds them up.
    parts = (rows.data * signs[rows.indices], places[rows.indices], rows.indptr)
    added = sparse.csr_matrix(parts, shape=(rows.shape[0], WIDTH))
    return np.asarray(added.toarray(), dtype=np.float16)


def columns_of(rows: Rows) -> Dense:
    """Return (n_rows, d) the dense columns of rows: the encoder's, or a sketch."""
    return rows.dense if isinstance(rows, JoinedRows) else sketched(rows)


class DenseRows:
    """Rows with nothing but their dense columns, taken where they are asked for."""

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
        return JoinedRows(nothing, dense)
