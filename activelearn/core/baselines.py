"""What a model is to be compared with: the nearest example, and people."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy import sparse

from activelearn.core.evaluation import Labels
from activelearn.core.features import Rows

# So many items are compared with all examples at once.
CHUNK: Final = 256


def nearest(rows: Rows, examples: Rows, labels: Sequence[Labels]) -> list[Labels]:
    """Return for each row the labels of the example at the smallest angle to it.

    rows: (n, n_features), examples: (m, n_features). Of several as near, the first is
    taken (Cover and Hart 1967, IEEE Trans. Inf. Theory 13:21–27). Raises ValueError
    without any example.
    """
    if not labels:
        raise ValueError("The nearest example needs examples.")
    known = _unit(examples).T.tocsc()
    nearby: list[Labels] = []
    for start in range(0, rows.shape[0], CHUNK):
        likeness = (_unit(rows[start : start + CHUNK]) @ known).toarray()
        nearby += [labels[place] for place in likeness.argmax(axis=1)]
    return nearby


def _unit(rows: Rows) -> Rows:
    lengths = sparse.linalg.norm(rows, axis=1)
    scale = np.divide(1.0, lengths, out=np.zeros_like(lengths), where=lengths > 0)
    return sparse.diags(scale) @ rows


@dataclass(frozen=True)
class Person:
    """The vote of one person on an item, and what the others or an expert make of it."""

    item: int
    labels: Labels
    truth: Labels
    by_expert: bool


def people(
    votes: Mapping[int, Sequence[Labels]], experts: Mapping[int, Labels]
) -> Iterator[Person]:
    """Yield every vote that something is known against.

    votes: of each item, one per person. experts: the labels of the items that an expert
    has decided, which count there; elsewhere what most of the other people chose. A vote
    whose others are at a tie, or that has none, is left out.
    """
    for item, given in votes.items():
        for place, own in enumerate(given):
            if item in experts:
                yield Person(item, own, experts[item], by_expert=True)
            elif truth := _agreed([*given[:place], *given[place + 1 :]]):
                yield Person(item, own, truth[0], by_expert=False)


def _agreed(votes: Sequence[Labels]) -> list[Labels]:
    """Return the labels that more people chose than any other, or nothing."""
    ranked = Counter(votes).most_common(2)
    is_clear = len(ranked) == 1 or (ranked and ranked[0][1] > ranked[1][1])
    return [ranked[0][0]] if ranked and is_clear else []
