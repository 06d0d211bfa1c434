"""Vector scaling: each label's scores stretched and moved for themselves.

A temperature makes all labels surer or less sure together; where a model is too sure of
some labels and not of others, each needs its own (Guo et al. 2017, ICML, 1321–1330). It
has two numbers for each label, so it takes more labels, and it is held near the
temperature: its scales and shifts have normal priors around that.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from activelearn.core.intervals import Array, Bools

# Random labels for each label of the project below which it is not tried.
FEWEST_EACH: Final = 10
# Standard deviations of the priors: of the logarithm of a scale, and of a shift.
SPREAD_OF_SCALE: Final = 0.3
SPREAD_OF_SHIFT: Final = 0.5

Vectors = tuple[tuple[float, ...], tuple[float, ...]]


def fewest(label_count: int) -> int:
    """Return from how many labels on it is tried; 0 where it never is."""
    # Of two labels, only the difference of their scores counts: a temperature does.
    return FEWEST_EACH * label_count if label_count > 2 else 0


def centered(scores: Array) -> Array:
    """Return scores (n, n_labels) that sum to 0 in each row, as those of a fit do.

    Adding a number to a row changes no probability, but it would change those of scores
    that are stretched label by label.
    """
    return np.asarray(scores - scores.mean(axis=1, keepdims=True))


def fitted(scores: Array, has: Bools, scale: float) -> Vectors:
    """Return the scales and shifts (n_labels,) under which the labels are likeliest.

    scores: (n, n_labels), centered. has: (n, n_labels). Items with a label that the model
    does not know say nothing here. scale: of all labels together, the inverse of a
    temperature.
    """
    from scipy import optimize  # slow to import

    known = has.any(axis=1)
    rows, right = scores[known], has[known]
    count = scores.shape[1]

    def loss(given: Array) -> tuple[float, Array]:
        logs, shift = given[:count], given[count:]
        stretched = rows * (scale * np.exp(logs))
        z = stretched + shift
        z -= z.max(axis=1, keepdims=True)
        raised = np.exp(z)
        total = raised.sum(axis=1, keepdims=True)
        value = np.log(total).sum() - z[right].sum()
        gap = raised / total - right
        slopes = np.concatenate([(gap * stretched).sum(axis=0), gap.sum(axis=0)])
        return float(value) + (given**2 / spreads).sum() / 2, slopes + given / spreads

    spreads = np.repeat([SPREAD_OF_SCALE**2, SPREAD_OF_SHIFT**2], count)
    best = optimize.minimize(loss, np.zeros(2 * count), jac=True, method="L-BFGS-B")
    scales = (scale * np.exp(best.x[:count])).tolist()
    shifts = best.x[count:].tolist()
    return tuple(scales), tuple(shifts)


def is_better(before: Array, after: Array) -> bool:
    """Whether losses (n,) of a vector are lower by more than their standard error.

    Without that margin a few labels too many are moved before others by chance.
    """
    gains = before - after
    error = float(gains.std(ddof=1)) / math.sqrt(len(gains))
    return float(gains.mean()) > error
