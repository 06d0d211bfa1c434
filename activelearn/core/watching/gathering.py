"""What is known of a window of items: counts and moments that can be added up.

All of it is of bounded size, whatever the window holds, and two windows make one: so
several processes count for themselves, and whoever looks adds up.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
# Bins of the histogram of confidences, in [0, 1].
BINS: Final = 20
# Names of classes and of measures that a window keeps; a sixty-fifth joins the rest.
MOST_NAMES: Final = 64
REST: Final = ""


@dataclass(frozen=True)
class Moments:
    """Size, mean, and sum of squared distances from the mean, of values as they came.

    Welford 1962, Technometrics 4:419–420; added up as by Chan, Golub and LeVeque 1983,
    The American Statistician 37:242–247.
    """

    size: int = 0
    mean: float = 0.0
    squares: float = 0.0
    low: float = 0.0
    high: float = 0.0

    @classmethod
    def of(cls, values: Iterable[float]) -> Moments:
        """Return the moments of values; what is no finite number is left out."""
        array = np.asarray(list(values), dtype=np.float64)
        array = array[np.isfinite(array)]
        if not array.size:
            return cls()
        mean = float(array.mean())
        squares = float(((array - mean) ** 2).sum())
        return cls(array.size, mean, squares, float(array.min()), float(array.max()))

    def __add__(self, other: Moments) -> Moments:
        """Return the moments of both sets of values together."""
        if not self.size or not other.size:
            return self if self.size else other
        size, apart = self.size + other.size, other.mean - self.mean
        return Moments(
            size,
            self.mean + apart * other.size / size,
            self.squares + other.squares + apart**2 * self.size * other.size / size,
            min(self.low, other.low),
            max(self.high, other.high),
        )

    @property
    def deviation(self) -> float:
        """The standard deviation of a sample; 0 of fewer than two values."""
        return math.sqrt(self.squares / (self.size - 1)) if self.size > 1 else 0.0


@dataclass(frozen=True)
class Gathered:
    """A window: how many items, their measures, and what was said of them.

    classes: how often each label was predicted. confidences: (BINS,) counts over [0, 1].
    reviews: of how many people were asked.
    """

    size: int = 0
    inputs: dict[str, Moments] = field(default_factory=dict)
    classes: dict[str, int] = field(default_factory=dict)
    confidences: list[int] = field(default_factory=lambda: [0] * BINS)
    confidence: Moments = field(default_factory=Moments)
    reviews: int = 0

    def __add__(self, other: Gathered) -> Gathered:
        """Return the window of both."""
        inputs = dict(self.inputs)
        for name, moments in other.inputs.items():
            if name in inputs or len(inputs) < MOST_NAMES:
                inputs[name] = inputs.get(name, Moments()) + moments
        both = zip(self.confidences, other.confidences, strict=True)
        return Gathered(
            self.size + other.size,
            inputs,
            _added(self.classes, other.classes),
            [mine + theirs for mine, theirs in both],
            self.confidence + other.confidence,
            self.reviews + other.reviews,
        )

    @property
    def review_rate(self) -> float:
        """The share of which people were asked, in [0, 1]."""
        return self.reviews / self.size if self.size else 0.0


def gathered(
    labels: Sequence[Iterable[str]],
    confidences: Array,
    reviews: int,
    inputs: Mapping[str, Iterable[float]],
) -> Gathered:
    """Return the window of a batch.

    labels: of each of n items those that were predicted. confidences: (n,) in [0, 1].
    """
    counts: dict[str, int] = {}
    for each in labels:
        for label in each or [REST]:
            counts[label] = counts.get(label, 0) + 1
    edges = np.clip((np.asarray(confidences) * BINS).astype(np.int64), 0, BINS - 1)
    measures = list(inputs.items())[:MOST_NAMES]
    return Gathered(
        len(labels),
        {name: Moments.of(values) for name, values in measures},
        _added({}, counts),
        np.bincount(edges, minlength=BINS).tolist(),
        Moments.of(confidences),
        reviews,
    )


def _added(mine: Mapping[str, int], theirs: Mapping[str, int]) -> dict[str, int]:
    """Return the sums, of at most 64 names; the others are the rest."""
    sums = dict(mine)
    for name, count in theirs.items():
        kept = name if name in sums or len(sums) < MOST_NAMES else REST
        sums[kept] = sums.get(kept, 0) + count
    return sums


@dataclass
class Reservoir:
    """A random sample of bounded size of rows that come one after another.

    Vitter 1985, ACM TOMS 11:37–57, algorithm R. most: rows at the end.
    """

    most: int
    random: np.random.Generator
    seen: int = 0
    rows: list[Array] = field(default_factory=list)
    names: list[str] = field(default_factory=list)

    def places(self, count: int) -> list[tuple[int, int]]:
        """Return which of the next rows are kept, each with its place in the sample.

        The place is the length of the sample where the row is added to its end.
        """
        kept = []
        filled = len(self.rows)
        for offset in range(count):
            self.seen += 1
            if filled < self.most:
                kept.append((offset, filled))
                filled += 1
            elif (place := int(self.random.integers(self.seen))) < self.most:
                kept.append((offset, place))
        return kept

    def keep(self, place: int, row: Array, name: str) -> None:
        """Put a row (d,) and its predicted label at a place of the sample."""
        if place == len(self.rows):
            self.rows.append(row)
            self.names.append(name)
        else:
            self.rows[place], self.names[place] = row, name
