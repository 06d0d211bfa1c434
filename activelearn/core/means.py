"""How near an item is to the mean of each label: what few labels tell best.

With one or two labels of a class a regression has hardly anything to weigh, and the mean
of a class (Rocchio 1971; of encoded items Snell et al. 2017, arXiv 1703.05175) predicts
better; with many it predicts worse. So its scores are added to those of the regression
(a product of experts: Hinton 2002, Neural Computation 14:1771–1800), in full up to four
labels a class and less and less up to twelve. The sum is linear as well.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
# How much a cosine counts beside the log odds; what it does: docs/learning.md.
SCALE: Final = 10.0
# Labels a class up to which they count in full, and from which on not at all.
FULL, NONE = 4, 12


def scale_of(count: int, classes: int) -> float:
    """Return how much the means count with so few labels of so few classes."""
    share = (NONE - count / classes) / (NONE - FULL)
    return SCALE * min(1.0, max(0.0, share))


def scores_of_means(
    rows: Array, classes: NDArray[np.int64], counted: Array, scale: float
) -> tuple[Array, Array]:
    """Return weights (n_classes, d) and bias (n_classes,) of a linear score.

    rows: (n, d) what an encoder tells of labeled items; classes: (n,) from 0 on, each at
    least once; counted: (n,) how much each item counts. The score is the cosine between
    an item and the mean of a class, both seen from the mean of all, times ``scale``; of
    all items, the usual length is taken.
    """
    center = np.average(rows, axis=0, weights=counted)
    centered = rows - center
    usual = np.average(np.linalg.norm(centered, axis=1), weights=counted)
    indicators = (classes == np.arange(classes.max() + 1)[:, None]) * counted
    means = indicators @ centered / indicators.sum(axis=1, keepdims=True)
    lengths = np.linalg.norm(means, axis=1, keepdims=True)
    # A mean in the middle of all is on no side: what is left of it is rounding.
    is_apart = lengths > 1e-9 * usual
    means = np.divide(means, lengths, out=np.zeros_like(means), where=is_apart)
    weights = means * (scale / usual if usual > 0 else 0.0)
    return weights, -weights @ center
