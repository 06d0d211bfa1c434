"""Votes as counts: how many items have the same answers, whoever gave them.

An answer is all the labels of one vote, sorted; names are never joined into one text, for
a label may be called “a, b”. Many items have the same answers, so a table is small however
many items and labels there are.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Answer: TypeAlias = tuple[str, ...]
Array: TypeAlias = NDArray[np.float64]
# What an item was answered, and by how many votes; sorted.
Pattern: TypeAlias = tuple[tuple[Answer, int], ...]


@dataclass(frozen=True)
class Rating:
    """One annotator's answer to one item."""

    item: Hashable
    annotator: Hashable
    answer: Answer


@dataclass(frozen=True)
class PatternTable:
    """Items by what they were answered; each has two votes at least.

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
    def answers(self) -> list[Answer]:
        """Return the answers that were given, sorted."""
        return sorted({answer for pattern in self.patterns for answer, _ in pattern})

    @cached_property
    def cells(self) -> tuple[NDArray[np.int64], NDArray[np.int64], Array]:
        """Return three (n_cells,): a pattern's place, an answer's place, the votes."""
        place = {answer: column for column, answer in enumerate(self.answers)}
        cells = [
            (row, place[answer], count)
            for row, pattern in enumerate(self.patterns)
            for answer, count in pattern
        ]
        rows, columns, counts = zip(*cells, strict=True) if cells else ((), (), ())
        return (
            np.array(rows, dtype=np.int64),
            np.array(columns, dtype=np.int64),
            np.array(counts, dtype=np.float64),
        )

    def by_answer(self, weights: Array) -> Array:
        """Return (n_answers,): the votes for each, of so many items of each pattern."""
        rows, columns, counts = self.cells
        each = weights[rows] * counts
        votes = np.bincount(columns, weights=each, minlength=len(self.answers))
        return votes.astype(np.float64)


def table_of(votes: Iterable[Rating]) -> PatternTable:
    """Return the table of some votes."""
    answers: dict[Hashable, list[Answer]] = defaultdict(list)
    for vote in votes:
        answers[vote.item].append(vote.answer)
    items = Counter(
        tuple(sorted(Counter(given).items()))
        for given in answers.values()
        if len(given) >= 2
    )
    patterns = sorted(items)
    return PatternTable(
        patterns, np.array([items[p] for p in patterns], dtype=np.float64)
    )


def first_votes(votes: Sequence[Rating], most: int) -> list[Rating]:
    """Return the first votes on each item, at most so many, in the order of ``votes``.

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
