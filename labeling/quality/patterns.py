"""Votes as counts: how many items have the same votes, whoever gave them.

A category, as the literature calls it, is all the labels of one vote, sorted; names are
never joined into one text, for a label may be called “a, b”. Many items have the same
votes, so a table is small however many items and labels there are.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Labels: TypeAlias = tuple[str, ...]
Array: TypeAlias = NDArray[np.float64]
# The categories of an item and how many votes each has; sorted.
Pattern: TypeAlias = tuple[tuple[Labels, int], ...]


@dataclass(frozen=True)
class Rating:
    """The labels that one annotator gave one item."""

    item: Hashable
    annotator: Hashable
    labels: Labels


@dataclass(frozen=True)
class PatternTable:
    """Items by their votes; each has two at least.

    Items with fewer votes carry no information on agreement and are left out.
    patterns: (n_patterns,), items: (n_patterns,) how many items have each.
    """

    patterns: list[Pattern]
    items: Array

    @cached_property
    def sizes(self) -> Array:
        """Return (n_patterns,): the votes on an item of each pattern."""
        sizes = [sum(count for _, count in pattern) for pattern in self.patterns]
        return np.array(sizes, dtype=np.float64)

    @cached_property
    def categories(self) -> list[Labels]:
        """Return the categories that somebody chose, sorted."""
        return sorted({labels for pattern in self.patterns for labels, _ in pattern})

    @cached_property
    def cells(self) -> tuple[NDArray[np.int64], NDArray[np.int64], Array]:
        """Return three (n_cells,): a pattern's place, a category's place, the votes."""
        place = {labels: column for column, labels in enumerate(self.categories)}
        cells = [
            (row, place[labels], count)
            for row, pattern in enumerate(self.patterns)
            for labels, count in pattern
        ]
        rows, columns, counts = zip(*cells, strict=True) if cells else ((), (), ())
        return (
            np.array(rows, dtype=np.int64),
            np.array(columns, dtype=np.int64),
            np.array(counts, dtype=np.float64),
        )

    def by_category(self, weights: Array) -> Array:
        """Return (n_categories,): the votes for each, summed over the items of each pattern."""
        rows, columns, counts = self.cells
        each = weights[rows] * counts
        votes = np.bincount(columns, weights=each, minlength=len(self.categories))
        return votes.astype(np.float64)


def table_of(votes: Iterable[Rating]) -> PatternTable:
    """Return the table of some votes."""
    by_item: dict[Hashable, list[Labels]] = defaultdict(list)
    for vote in votes:
        by_item[vote.item].append(vote.labels)
    items = Counter(
        tuple(sorted(Counter(given).items()))
        for given in by_item.values()
        if len(given) >= 2
    )
    patterns = sorted(items)
    return PatternTable(
        patterns, np.array([items[p] for p in patterns], dtype=np.float64)
    )


def first_votes(votes: Sequence[Rating], most: int) -> list[Rating]:
    """Return the first votes on each item, at most a given number, in the order of ``votes``.

    Further votes are asked for where the first ones differ: to count them makes people
    look more of one mind than they are.
    """
    seen: Counter[Hashable] = Counter()
    kept = []
    for vote in votes:
        seen[vote.item] += 1
        if seen[vote.item] <= most:
            kept.append(vote)
    return kept
