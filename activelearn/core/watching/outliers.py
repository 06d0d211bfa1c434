"""Items unlike all that a model was made with, in groups: there may be a class to add."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

Array = NDArray[np.float64]
Places = NDArray[np.int64]
QUANTILE: Final = 0.995
# As many that are alike may be a class.
ALIKE: Final = 10
_NEIGHBOR: Final = 5


@dataclass(frozen=True)
class Outliers:
    """places: (n,) of the outliers, the farthest first. groups: of at least ten alike."""

    places: Places
    groups: list[Places]


def outliers(learned: Array, rows: Array) -> Outliers:
    """Return which rows (m, d) are farther from what was learned (n, d) than nearly all.

    The distance to the fifth nearest row of what was learned is larger than for 99.5 % of
    these themselves (Ramaswamy, Rastogi and Shim 2000, SIGMOD, 427–438). Outliers are
    alike where less than the median of these distances lies between them.
    """
    if len(learned) <= _NEIGHBOR or not len(rows):
        return Outliers(np.zeros(0, np.int64), [])
    with threadpool_limits(limits=1):
        return _outliers(learned, rows)


def _outliers(learned: Array, rows: Array) -> Outliers:
    from sklearn.neighbors import NearestNeighbors

    near = NearestNeighbors(n_neighbors=_NEIGHBOR).fit(learned)
    # Without an argument a row is no neighbor of itself.
    own = near.kneighbors()[0][:, -1]
    far = near.kneighbors(rows)[0][:, -1]
    places = np.flatnonzero(far > np.quantile(own, QUANTILE)).astype(np.int64)
    places = places[np.argsort(-far[places], kind="stable")]
    if len(places) < ALIKE:
        return Outliers(places, [])
    return Outliers(places, _groups(rows, places, float(np.median(own))))


def _groups(rows: Array, places: Places, reach: float) -> list[Places]:
    from sklearn.cluster import DBSCAN

    model: Any = DBSCAN(eps=max(reach, 1e-9), min_samples=_NEIGHBOR)
    marks = model.fit_predict(rows[places])
    groups = [places[marks == mark] for mark in range(int(marks.max()) + 1)]
    return sorted((g for g in groups if len(g) >= ALIKE), key=len, reverse=True)
