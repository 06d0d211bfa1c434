"""Rows of features as the content of files."""

from __future__ import annotations

import io
from typing import Any

import numpy as np

from activelearn.core import features as core
from activelearn.core import sparse
from activelearn.core.joined import JoinedRows


def packed(ids: core.Ids, rows: core.Rows) -> bytes:
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
    return core.Table(held["ids"], rows_of(held), spec_hash)


def rows_of(held: Any) -> core.Rows:
    """Return the rows among the arrays of a file."""
    parts = (held["data"], held["indices"], held["indptr"])
    rows = sparse.csr_matrix(parts, shape=tuple(held["shape"]))
    return JoinedRows(rows, held["dense"]) if "dense" in held else rows
