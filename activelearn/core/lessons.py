"""What a fit is taught of a snapshot: rows with one target each, and their weights."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from activelearn.core.evaluation import Labels

ShareByLabel = Mapping[str, float]


@dataclass(frozen=True)
class Example:
    """A labeled item; weight: above 0, beside the others'.

    shares: of each label, in [0, 1], where no single label is right; they are taught
    instead of the labels. Of one label per item they are probabilities, of several each
    label has its own.
    """

    labels: Labels
    weight: float = 1.0
    shares: ShareByLabel | None = None


@dataclass(frozen=True)
class Lessons:
    """The rows of a fit, in order.

    places: (n,) which example each row is. targets: (n,) its labels. weights: (n,) with
    a mean of 1 over the examples; None where all are 1.
    """

    places: list[int]
    targets: list[Labels]
    weights: list[float] | None


def taught(examples: Sequence[Example], *, is_multi: bool) -> Lessons:
    """Return the rows that teach the examples: one each, or one for each target it has.

    A row that stands for a share of an example has that share of its weight.
    """
    mean = sum(example.weight for example in examples) / max(1, len(examples))
    rows = [
        (place, labels, share * example.weight / mean)
        for place, example in enumerate(examples)
        for labels, share in _targets(example, is_multi=is_multi)
    ]
    weights = [weight for _, _, weight in rows]
    # Within rounding: weights that are all alike are none.
    is_plain = all(abs(weight - 1) < 1e-9 for weight in weights)
    return Lessons(
        [place for place, _, _ in rows],
        [labels for _, labels, _ in rows],
        None if is_plain else weights,
    )


def _targets(example: Example, *, is_multi: bool) -> Iterator[tuple[Labels, float]]:
    """Return the targets of an example and their shares, which sum to 1."""
    shares = {
        name: share for name, share in (example.shares or {}).items() if share > 0
    }
    if not shares:
        yield example.labels, 1.0
    elif is_multi:
        yield from _sets(shares)
    else:
        total = sum(shares.values())
        for name, share in sorted(shares.items()):
            yield (name,), share / total


def _sets(shares: ShareByLabel) -> Iterator[tuple[Labels, float]]:
    """Return sets of labels with shares such that each label is in its own share."""
    # The labels above each height: what lies between two heights has the same ones.
    heights = sorted({0.0, 1.0, *shares.values()})
    for low, high in pairwise(heights):
        names = tuple(sorted(name for name, share in shares.items() if share >= high))
        yield names, high - low
