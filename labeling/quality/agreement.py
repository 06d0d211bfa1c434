"""Agreement coefficients from tables of counts. No Django, no clock.

``counts`` is always (n_items, n_labels): how many votes of an item name a label.
Items with fewer than two votes carry no information on agreement and are left out.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

Counts = NDArray[np.int64]


@dataclass(frozen=True)
class Rating:
    """One annotator's answer to one item."""

    item: Hashable
    annotator: Hashable
    label: str


def counts_of(votes: Sequence[Rating]) -> tuple[Counts, list[str]]:
    """Return the table of counts and its labels, sorted by name."""
    items = {key: row for row, key in enumerate(dict.fromkeys(v.item for v in votes))}
    labels = sorted({vote.label for vote in votes})
    column = {label: place for place, label in enumerate(labels)}
    counts = np.zeros((len(items), len(labels)), dtype=np.int64)
    for vote in votes:
        counts[items[vote.item], column[vote.label]] += 1
    return counts, labels


def _pairable(counts: Counts) -> Counts:
    return counts[counts.sum(axis=1) >= 2]


def percent(counts: Counts) -> float | None:
    """Return the share of agreeing pairs of votes, or None without any pair.

    The mean over items of each item's share, as in Fleiss' observed agreement.
    """
    table = _pairable(counts)
    if not len(table):
        return None
    n = table.sum(axis=1)
    return float(np.mean((table * (table - 1)).sum(axis=1) / (n * (n - 1))))


def fleiss_kappa(counts: Counts) -> float | None:
    """Return Fleiss' kappa; None without pairs or where chance alone agrees fully.

    Fleiss (1971), with each item's own number of votes.
    """
    table = _pairable(counts)
    observed = percent(table)
    if observed is None:
        return None
    shares = table.sum(axis=0) / table.sum()
    chance = float((shares**2).sum())
    # Exactly 1 where one label has all votes: n / n rounds nowhere.
    return None if chance == 1 else (observed - chance) / (1 - chance)


def krippendorff_alpha(counts: Counts) -> float | None:
    """Return Krippendorff's alpha for nominal labels; None where it is not defined.

    Krippendorff (2011), "Computing Krippendorff's alpha-reliability": one minus
    observed over expected disagreement of the pairable values.
    """
    table = _pairable(counts)
    if not len(table):
        return None
    n = table.sum(axis=1)
    same = ((table * (table - 1)).sum(axis=1) / (n - 1)).sum()
    total = int(n.sum())
    by_label = table.sum(axis=0)
    expected = total * (total - 1) - int((by_label * (by_label - 1)).sum())
    if expected == 0:
        return None
    return float(1 - (total - same) * (total - 1) / expected)


def cohen_kappa(pairs: Iterable[tuple[str, str]]) -> float | None:
    """Return Cohen's kappa of two annotators from their answers to shared items.

    Cohen (1960); None without shared items or where chance alone agrees fully.
    """
    both = list(pairs)
    if not both:
        return None
    n = len(both)
    observed = sum(a == b for a, b in both) / n
    left: dict[str, int] = defaultdict(int)
    right: dict[str, int] = defaultdict(int)
    for a, b in both:
        left[a] += 1
        right[b] += 1
    chance = sum(left[label] * right[label] for label in left) / n**2
    return None if chance == 1 else (observed - chance) / (1 - chance)


@dataclass(frozen=True)
class PairAgreement:
    """Two annotators on the items both answered."""

    first: Hashable
    second: Hashable
    items: int
    agreeing: int
    kappa: float | None


def pairwise(votes: Sequence[Rating]) -> list[PairAgreement]:
    """Return the agreement of every two annotators who share an item."""
    shared: dict[tuple[Hashable, Hashable], list[tuple[str, str]]] = defaultdict(list)
    by_item: dict[Hashable, list[Rating]] = defaultdict(list)
    for vote in votes:
        by_item[vote.item].append(vote)
    for group in by_item.values():
        ordered = sorted(group, key=lambda vote: str(vote.annotator))
        for a, b in combinations(ordered, 2):
            shared[a.annotator, b.annotator].append((a.label, b.label))
    return [
        PairAgreement(
            first, second, len(both), sum(a == b for a, b in both), cohen_kappa(both)
        )
        for (first, second), both in sorted(
            shared.items(), key=lambda pair: (str(pair[0][0]), str(pair[0][1]))
        )
    ]


def bootstrap_interval(
    counts: Counts, rng: np.random.Generator, *, draws: int = 500
) -> tuple[float, float] | None:
    """Return the 95 % percentile interval of alpha over resampled items."""
    table = _pairable(counts)
    if len(table) < 2:
        return None
    alphas = [
        alpha
        for _ in range(draws)
        if (
            alpha := krippendorff_alpha(
                table[rng.integers(len(table), size=len(table))]
            )
        )
        is not None
    ]
    if not alphas:
        return None
    low, high = np.quantile(alphas, [0.025, 0.975])
    return float(low), float(high)
