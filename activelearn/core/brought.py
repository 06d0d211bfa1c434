"""Numbers that a project brings, or has an encoder tell, beside its own features.

How long such vectors are, and where they lie, depends on who made them. So they are
centered on a sample of the project's items and scaled to a mean squared length of 1, times
a weight: one regularization then suits every encoder (docs/learning.md). Both are
frozen in the specification, so that a row never changes.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from activelearn.core.joined import Dense

Spec = dict[str, Any]
BroughtVectors = NDArray[np.float32]
# How much it counts beside the own features, by kind of data.
WEIGHTS: Final = {"text": 2.0, "image": 1.0}
# Items of the sample.
SAMPLE: Final = 500
# What rounding leaves of one number; it is written into every file.
DIGITS: Final = 5


class NothingSaidError(ValueError):
    """A sample of which nothing is said, or the same of each item."""


def fitted(given: Spec, kind: str, vectors: BroughtVectors) -> Spec:
    """Return the encoder's part of a specification, by what it tells of a sample.

    vectors: (n, d), rows of NaN where nothing is said. given: what names the encoder. Raises NothingSaidError where that tells no two items apart.
    """
    known = vectors[np.isfinite(vectors).all(axis=1)].astype(np.float64)
    if len(known) < 2:
        raise NothingSaidError(given["name"])
    center = known.mean(axis=0)
    length = float(np.sqrt(((known - center) ** 2).sum(axis=1).mean()))
    if length <= 1e-9 * max(1.0, float(np.abs(center).max())):
        raise NothingSaidError(given["name"])
    rounded = [float(f"{value:.{DIGITS}g}") for value in center.tolist()]
    return {
        **given,
        "dimensions": vectors.shape[1],
        "weight": WEIGHTS[kind],
        "center": rounded,
        "scale": float(f"{1 / length:.{DIGITS}g}"),
    }


def is_brought(spec: Spec) -> bool:
    """Whether a specification names an encoder that does not travel along."""
    return "center" in spec.get("encoder", {})


def own_part(spec: Spec) -> Spec:
    """Return a specification without the encoder that it names."""
    return {name: part for name, part in spec.items() if name != "encoder"}


def columns(vectors: BroughtVectors, encoder: Spec) -> Dense:
    """Return (n, d) centered, scaled and weighted; zeros where nothing is said.

    vectors: (n, d). Zero is where the middle of all items is: nothing is said of such a row.
    """
    away = vectors - np.array(encoder["center"], dtype=np.float32)
    away *= np.float32(encoder["scale"] * encoder["weight"])
    # What lies as far out as no float16 can say is as far out as it can.
    most = float(np.finfo(np.float16).max)
    away = np.clip(away, -most, most)
    away[~np.isfinite(vectors).all(axis=1)] = 0
    return away.astype(np.float16)
