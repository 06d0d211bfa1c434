"""Rows whose first columns are sparse and whose last ones are dense.

Hashed words are nearly all zero and an encoder's numbers never are: as sparse columns each
of these would take eight bytes, as float16 it takes two. So both stand beside each other,
behind what a sparse matrix is asked for here: its shape, some of its rows or columns, and
its product with weights.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from activelearn.core import sparse

Sparse: TypeAlias = Any  # scipy.sparse.csr_matrix, which has no types
Dense: TypeAlias = NDArray[np.float16]
Array = NDArray[np.float64]
# Rows that are float64 at once, for a product.
AT_ONCE: Final = 4096


@dataclass(frozen=True)
class JoinedRows:
    """Rows (n, n_sparse + n_dense), the sparse columns first.

    sparse: (n, n_sparse) float32. dense: (n, n_dense) float16.
    """

    sparse: Sparse
    dense: Dense

    @property
    def shape(self) -> tuple[int, int]:
        """How many rows and columns there are."""
        return self.dense.shape[0], self.sparse.shape[1] + self.dense.shape[1]

    @property
    def nnz(self) -> int:
        """How many values are kept."""
        return int(self.sparse.nnz) + self.dense.size

    def __getitem__(self, places: Any) -> JoinedRows:
        """Return some rows, or with ``[:, columns]`` some columns, ascending, of all."""
        if not isinstance(places, tuple):
            return JoinedRows(self.sparse[places], self.dense[places])
        _, columns = places
        width = self.sparse.shape[1]
        first, last = np.split(columns, [np.searchsorted(columns, width)])
        dense = self.dense
        # The usual case takes them as they are: to index columns is slow.
        if len(last) < dense.shape[1]:
            dense = dense[:, last - width]
        return JoinedRows(self.sparse[:, first], dense)

    def __matmul__(self, weights: Array) -> Array:
        """Return the product (n, k) with weights (n_columns, k), in float64."""
        width = self.sparse.shape[1]
        product = np.asarray(self.sparse @ weights[:width], dtype=np.float64)
        for start in range(0, len(self.dense), AT_ONCE):
            part = self.dense[start : start + AT_ONCE].astype(np.float64)
            product[start : start + AT_ONCE] += part @ weights[width:]
        return product

    def csr(self) -> Sparse:
        """Return all of it as one sparse matrix, which takes several times as much."""
        dense = sparse.csr_matrix(self.dense.astype(np.float32))
        return sparse.hstack([self.sparse, dense], format="csr", dtype=np.float32)


def stacked(parts: Sequence[Any]) -> Any:
    """Return the rows of some parts, of one kind all, one behind the other."""
    if not isinstance(parts[0], JoinedRows):
        return sparse.vstack(parts, format="csr")
    return JoinedRows(
        sparse.vstack([part.sparse for part in parts], format="csr"),
        np.concatenate([part.dense for part in parts]),
    )


def nbytes_of(rows: Any) -> int:
    """Return how much memory the values of rows take."""
    if isinstance(rows, JoinedRows):
        return nbytes_of(rows.sparse) + rows.dense.nbytes
    return int(rows.data.nbytes + rows.indices.nbytes + rows.indptr.nbytes)


def csr_of(rows: Any) -> Sparse:
    """Return rows as one sparse matrix: themselves, if they are one."""
    return rows.csr() if isinstance(rows, JoinedRows) else rows
