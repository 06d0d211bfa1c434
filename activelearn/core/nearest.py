"""Items that are like some examples, which take turns: for labels that are rare."""

from __future__ import annotations

from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from activelearn.core.joined import JoinedRows, csr_of

Places = NDArray[np.int64]
Rows: TypeAlias = Any  # scipy.sparse.csr_matrix, which has no types, or JoinedRows
# Rows whose distances are in memory at once.
AT_ONCE: Final = 20_000


def in_turn(
    rows: Rows, places: Places, examples: Rows, count: int, *, at_once: int = AT_ONCE
) -> Places:
    """Return at most ``count`` of the places (n,): those nearest to the examples.

    examples: (m, n_features), at least one. The nearest one of each comes first, then the
    second of each, and so on, by Euclidean distance; of rows that an encoder has told
    about, of its columns alone. Raises ValueError without any example.
    """
    if not examples.shape[0]:
        raise ValueError("There is no example to be like.")
    kept, apart = [np.zeros(0, np.int64)], [np.zeros((0, examples.shape[0]))]
    for part in np.split(places, range(at_once, len(places), at_once)):
        if not len(part):
            continue
        distances = _distances(rows[part], examples)
        near = np.unique(np.argsort(distances, axis=0, kind="stable")[:count])
        kept.append(part[near])
        apart.append(distances[near])
    candidates, distances = np.concatenate(kept), np.vstack(apart)
    # Row by row: what is nearest to each, then what is second; each row adds one or more.
    ranked = candidates[np.argsort(distances, axis=0, kind="stable")[:count]]
    in_turns = list(dict.fromkeys(ranked.ravel().tolist()))
    return np.array(in_turns[:count], dtype=np.int64)


def _distances(rows: Rows, examples: Rows) -> NDArray[np.float64]:
    """Return (n, m)."""
    from sklearn.metrics.pairwise import euclidean_distances

    with threadpool_limits(limits=1):
        return np.asarray(euclidean_distances(_points(rows), _points(examples)))


def _points(rows: Rows) -> Any:
    if isinstance(rows, JoinedRows):
        return rows.dense.astype(np.float64)
    return csr_of(rows)
