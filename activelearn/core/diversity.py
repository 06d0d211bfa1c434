"""Batches of items that are unlike each other, and a start without any label."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from activelearn.core.joined import JoinedRows

Array = NDArray[np.float64]
Places = NDArray[np.int64]
Rows: TypeAlias = Any  # scipy.sparse.csr_matrix, which has no types, or JoinedRows
DIMENSIONS = 50


def compact(rows: Rows, seed: int) -> Array:
    """Return (n_rows, at most 50) dense coordinates in which similar rows are near.

    Of rows that an encoder has told about, its columns alone: what it has found alike is,
    while the same hashed words are often those that stand everywhere.
    """
    if isinstance(rows, JoinedRows):
        return _of_dense(rows.dense.astype(np.float64), seed)
    return _of_sparse(rows, seed)


def _of_sparse(rows: Rows, seed: int) -> Array:
    # scikit-learn is imported where it is used: web and scheduler save its 130 MiB.
    from sklearn.decomposition import TruncatedSVD
    from sklearn.random_projection import SparseRandomProjection

    smallest = min(rows.shape) - 1
    if smallest < 2:
        return np.asarray(rows.todense(), dtype=np.float64)
    if rows.shape[1] > DIMENSIONS:
        # Columns without a value change no coordinate; most columns of hashed text are so.
        rows = rows[:, np.unique(rows.indices)]
    with threadpool_limits(limits=1):
        if rows.shape[1] <= DIMENSIONS:
            return np.asarray(rows.todense(), dtype=np.float64)
        size = min(DIMENSIONS, smallest)
        if rows.shape[0] > 20_000:
            projection = SparseRandomProjection(size, random_state=seed)
            return np.asarray(projection.fit_transform(rows).todense())
        return np.asarray(TruncatedSVD(size, random_state=seed).fit_transform(rows))


def _of_dense(values: Array, seed: int) -> Array:
    from sklearn.decomposition import PCA

    size = min(DIMENSIONS, *values.shape)
    if size < 2:
        return values
    with threadpool_limits(limits=1):
        return np.asarray(PCA(size, random_state=seed).fit_transform(values))


def spread(points: Array, scores: Array, count: int, seed: int) -> Places:
    """Return ``count`` places in serving order, the highest score first.

    points: (n, d) of a short list, scores: (n,). k-means with the scores as weights
    makes ``count`` groups and takes the point nearest to each center; the rest of the
    short list follows by score.
    """
    from sklearn.cluster import KMeans

    n = len(points)
    best_first = np.argsort(-scores, kind="stable")
    if count >= n:
        return best_first
    with threadpool_limits(limits=1):
        means = KMeans(count, n_init=1, max_iter=20, random_state=seed)
        # A weight of 0 would be no point at all; where all are 0, k-means fails.
        groups = means.fit_predict(points, sample_weight=np.maximum(scores, 1e-6))
    away = np.linalg.norm(points - means.cluster_centers_[groups], axis=1)
    nearest: dict[int, int] = {}
    for place in np.argsort(away, kind="stable"):
        nearest.setdefault(int(groups[place]), int(place))
    chosen = [int(best_first[0])]
    ranked = sorted(nearest.values(), key=lambda place: -scores[place])
    chosen += [place for place in ranked if place != chosen[0]][: count - 1]
    taken = set(chosen)
    rest = [int(place) for place in best_first if int(place) not in taken]
    return np.array(chosen + rest)


def typical(
    points: Array,
    count: int,
    seed: int,
    is_known: NDArray[np.bool_],
    *,
    behind: bool = False,
) -> Places:
    """Return a typical point of each cluster in which none is known, largest first.

    points: (n, d), of which ``count`` clusters are made; is_known: (n,). For the start with
    few labels: the point nearest to the center of its cluster is typical of it. behind:
    whether the other clusters follow, those first in which the fewest are known.
    """
    from sklearn.cluster import KMeans

    n = len(points)
    if count >= n:
        return np.flatnonzero(~is_known)
    with threadpool_limits(limits=1):
        means = KMeans(count, n_init=1, max_iter=30, random_state=seed)
        groups = means.fit_predict(points)
    away = np.linalg.norm(points - means.cluster_centers_[groups], axis=1)
    sizes = np.bincount(groups, minlength=count)
    known = np.bincount(groups[is_known], minlength=count)
    order = np.lexsort((-sizes, known))
    wanted = order if behind else order[known[order] == 0]
    best = [np.flatnonzero((groups == group) & ~is_known) for group in wanted]
    nearest = [members[away[members].argmin()] for members in best if len(members)]
    return np.array(nearest, dtype=np.int64)
