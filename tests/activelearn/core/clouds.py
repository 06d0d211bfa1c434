"""Rows that a model can tell apart: three clouds of points."""

from __future__ import annotations

import numpy as np
from scipy import sparse


def clouds() -> tuple[sparse.csr_matrix, list[tuple[str, ...]]]:
    """Return 60 rows with 4 columns, and the label of each: 20 of a, of b and of c."""
    rng = np.random.default_rng(0)
    rows = np.vstack([rng.normal(place, 0.3, (20, 4)) for place in (0, 2, 4)])
    return sparse.csr_matrix(rows), [(name,) for name in "abc" for _ in range(20)]
