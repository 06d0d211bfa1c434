"""What a model is to be compared with: the nearest example, and people."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Final

import numpy as np
from numpy.typing import NDArray

from activelearn.core import evaluation, intervals, sparse
from activelearn.core.evaluation import LabelFigures, Labels
from activelearn.core.features import Rows
from activelearn.core.joined import JoinedRows

# How many items are compared with all examples at once.
CHUNK: Final = 256


def nearest(rows: Rows, examples: Rows, labels: Sequence[Labels]) -> list[Labels]:
    """Return for each row the labels of the example at the smallest angle to it.

    rows: (n, n_features), examples: (m, n_features). Of several as near, the first is
    taken (Cover and Hart 1967, IEEE Trans. Inf. Theory 13:21–27). Raises ValueError
    without any example.
    """
    if not labels:
        raise ValueError("The nearest example needs examples.")
    known, known_dense = _unit(examples)
    known = known.T.tocsc()
    nearby: list[Labels] = []
    for start in range(0, rows.shape[0], CHUNK):
        own, own_dense = _unit(rows[start : start + CHUNK])
        # As sparse columns, the dense ones would take a hundred times as long.
        likeness = (own @ known).toarray() + own_dense @ known_dense.T
        nearby += [labels[place] for place in likeness.argmax(axis=1)]
    return nearby


def _unit(rows: Rows) -> tuple[Rows, NDArray[np.float64]]:
    """Return the sparse and the dense columns of rows, each row at unit length."""
    dense = np.zeros((rows.shape[0], 0))
    if isinstance(rows, JoinedRows):
        rows, dense = rows.sparse, rows.dense.astype(np.float64)
    squares = sparse.linalg.norm(rows, axis=1) ** 2 + (dense**2).sum(axis=1)
    lengths = np.sqrt(squares)
    scale = np.divide(1.0, lengths, out=np.zeros_like(lengths), where=lengths > 0)
    return sparse.diags(scale) @ rows, dense * scale[:, None]


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


def people_by_label(
    votes: Mapping[int, Sequence[Labels]], experts: Mapping[int, Labels]
) -> list[LabelFigures]:
    """Return for each label how right one person is about it; items are votes.

    votes, experts: as of ``people``. Whether an item has a label, more than half of the
    other people say, whatever other labels they chose; at a tie about it a vote is left
    out for this label alone. So votes count of which no whole set of others agrees.
    """
    counts = {
        item: Counter(chain.from_iterable(given)) for item, given in votes.items()
    }
    names = {name for count in counts.values() for name in count}
    names |= {name for item in votes for name in experts.get(item, ())}
    rows: dict[str, list[tuple[int, bool, bool]]] = defaultdict(list)
    for item, given in votes.items():
        for own in given:
            for name in names:
                has = (
                    name in experts[item]
                    if item in experts
                    else _has(counts[item][name] - (name in own), len(given) - 1)
                )
                if has is not None:
                    rows[name].append((item, has, name in own))
    return [_figures(name, rows[name]) for name in sorted(rows)]


def _has(count: int, others: int) -> bool | None:
    """Return whether most of the others chose a label; None: at a tie, or nobody."""
    return None if 2 * count == others else 2 * count > others


def _figures(name: str, rows: Sequence[tuple[int, bool, bool]]) -> LabelFigures:
    items, has, named = zip(*rows, strict=True)
    sides = np.array(has, dtype=np.bool_), np.array(named, dtype=np.bool_)
    return evaluation.label_figures(name, sides, intervals.numbered(items))
