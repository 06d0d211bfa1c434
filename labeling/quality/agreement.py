"""Agreement coefficients from tables of votes. No Django, no clock."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any, Final, Literal

import numpy as np

from labeling.quality.patterns import Array, Labels, PatternTable, Rating
from labeling.quality.shares import wilson

# How far apart two votes are: "nominal" is the same or another one; "masi" is nearer
# where two sets have labels in common.
Distance = Literal["nominal", "masi"]
# Beyond this number of different sets, the expected disagreement is not drawn anew: the table of
# their distances would be too large, and it hardly varies.
MOST_DRAWN: Final = 1000
# How many rows of distances are in memory at once.
CHUNK: Final = 256


def percent(table: PatternTable) -> float | None:
    """Return the share of agreeing pairs of votes, or None without any pair.

    The mean over items of each item's share, as in Fleiss' observed agreement.
    """
    if not len(table.items):
        return None
    share = _agreeing(table) / (table.sizes * (table.sizes - 1))
    return float((table.items * share).sum() / table.items.sum())


def _agreeing(table: PatternTable) -> Array:
    """Return (n_patterns,): the ordered pairs of votes on an item that are the same."""
    rows, _, counts = table.cells
    pairs = counts * (counts - 1)
    same = np.bincount(rows, weights=pairs, minlength=len(table.patterns))
    return same.astype(np.float64)


def fleiss_kappa(table: PatternTable) -> float | None:
    """Return Fleiss' kappa; None without pairs or where chance alone agrees fully.

    Fleiss (1971), with each item's own number of votes.
    """
    observed = percent(table)
    if observed is None:
        return None
    votes = table.by_category(table.items)
    chance = float(((votes / votes.sum()) ** 2).sum())
    # Exactly 1 where one category has all votes: n / n rounds nowhere.
    return None if chance == 1 else (observed - chance) / (1 - chance)


def krippendorff_alpha(
    table: PatternTable, distance: Distance = "nominal"
) -> float | None:
    """Return Krippendorff's alpha; None where it is not defined.

    Krippendorff (2011), "Computing Krippendorff's alpha-reliability": one minus
    observed over expected disagreement of the pairable values. Of sets of labels the
    distance is MASI (Passonneau 2006, LREC, 831–836).
    """
    if not len(table.items):
        return None
    expected = _expectation(table, distance)(table.by_category(table.items))
    if expected == 0:
        return None
    observed = float((table.items * _disagreement(table, distance)).sum())
    total = float((table.items * table.sizes).sum())
    return 1 - observed * (total - 1) / expected


@dataclass(frozen=True)
class LabelAgreement:
    """A label against all others: the votes that name it, and alpha of naming it.

    alpha: None where it is not defined: no two votes on an item, or all name it.
    """

    label: str
    votes: int
    alpha: float | None


def by_label(table: PatternTable) -> list[LabelAgreement]:
    """Return the agreement on each label, sorted by name."""
    named: dict[str, float] = defaultdict(float)
    apart: dict[str, float] = defaultdict(float)
    for items, size, pattern in zip(
        table.items, table.sizes, table.patterns, strict=True
    ):
        has: dict[str, int] = defaultdict(int)
        for labels, count in pattern:
            for label in labels:
                has[label] += count
        for label, count in has.items():
            named[label] += items * count
            apart[label] += items * 2 * count * (size - count) / (size - 1)
    total = float((table.items * table.sizes).sum())
    expected = {label: 2 * votes * (total - votes) for label, votes in named.items()}
    return [
        LabelAgreement(
            label,
            int(named[label]),
            1 - apart[label] * (total - 1) / pairs if pairs else None,
        )
        for label, pairs in sorted(expected.items())
    ]


def masi(labels: Labels, other: Labels) -> float:
    """Return how far apart two sets of labels are, from 0 (the same) to 1.

    Jaccard's index times 1 for the same, 2/3 where one holds the other, 1/3 where they
    overlap otherwise (Passonneau 2006).
    """
    return float(_masi([labels], [other])[0, 0])


def _masi(some: Sequence[Labels], others: Sequence[Labels]) -> Array:
    """Return (n_some, n_others): the distance of each two."""
    names = sorted({name for labels in (*some, *others) for name in labels})
    first, second = _indicators(some, names), _indicators(others, names)
    both = first @ second.T
    sizes = first.sum(axis=1)[:, None], second.sum(axis=1)[None, :]
    either = sizes[0] + sizes[1] - both
    # No label at all is the same category as no label at all.
    jaccard = np.divide(both, either, out=np.ones_like(both), where=either > 0)
    is_within = both == np.minimum(*sizes)
    factor = np.where(both == either, 1, np.where(is_within, 2 / 3, 1 / 3))
    return np.asarray(1 - jaccard * factor)


def _indicators(categories: Sequence[Labels], names: Sequence[str]) -> Array:
    """Return (n_categories, n_labels): 1 where a category names the label, else 0."""
    place = {name: number for number, name in enumerate(names)}
    has = np.zeros((len(categories), len(names)))
    for row, labels in enumerate(categories):
        has[row, [place[name] for name in labels]] = 1
    return has


def _disagreement(table: PatternTable, distance: Distance) -> Array:
    """Return (n_patterns,): an item's ordered pairs by distance, over votes less one."""
    if distance == "nominal":
        pairs = table.sizes * (table.sizes - 1) - _agreeing(table)
        return np.asarray(pairs / (table.sizes - 1))
    apart = [
        2 * sum(m * n * masi(a, b) for (a, m), (b, n) in combinations(pattern, 2))
        for pattern in table.patterns
    ]
    return np.array(apart) / (table.sizes - 1)


def _expectation(table: PatternTable, distance: Distance) -> Callable[[Array], float]:
    """Return what tells the distance of all ordered pairs of the votes.

    votes: (n_categories,) for each category.
    """
    if distance == "nominal":
        return lambda votes: _pairs(votes.sum()) - float(_pairs(votes).sum())
    categories = table.categories
    if len(categories) <= MOST_DRAWN:
        between = _masi(categories, categories)
        return lambda votes: float(votes @ between @ votes)
    given = table.by_category(table.items)
    parts = (slice(start, start + CHUNK) for start in range(0, len(categories), CHUNK))
    whole = sum(
        float(given[part] @ (_masi(categories[part], categories) @ given))
        for part in parts
    )
    share = whole / _pairs(given.sum())
    return lambda votes: share * float(_pairs(votes.sum()))


def _pairs(count: Any) -> Any:
    return count * (count - 1)


def bootstrap_interval(
    table: PatternTable,
    rng: np.random.Generator,
    *,
    distance: Distance = "nominal",
    draws: int = 500,
) -> tuple[float, float] | None:
    """Return the 95 % interval of alpha over resampled items; None below two items.

    A sample in which all votes are the same shows no agreement beyond chance and counts
    as 0. Where no two votes of the items differ, no sample can either, which does not
    make it sure: that number of items is known to leave the share of agreement as far open as
    Wilson's interval says.
    """
    alpha = krippendorff_alpha(table, distance)
    items = int(table.items.sum()) if alpha is not None else 0
    if alpha is None or items < 2:
        return None
    if alpha == 1:
        return _unanimous(table, items, distance), 1.0
    samples = rng.multinomial(items, table.items / items, draws).astype(np.float64)
    alphas = _drawn(table, samples, distance)
    low, high = np.quantile(alphas, [0.025, 0.975])
    return min(float(low), alpha), max(float(high), alpha)


def _unanimous(table: PatternTable, items: int, distance: Distance) -> float:
    votes = table.by_category(table.items)
    expected = _expectation(table, distance)(votes) / _pairs(votes.sum())
    least, _ = wilson(items, items) or (0.0, 1.0)
    return max(-1.0, 1 - (1 - least) / expected)


def _drawn(table: PatternTable, samples: Array, distance: Distance) -> Array:
    """Return (n_draws,): alpha of each sample (n_draws, n_patterns) of the items."""
    apart = samples @ _disagreement(table, distance)
    totals = samples @ table.sizes
    expect = _expectation(table, distance)
    expected = np.array([expect(table.by_category(weights)) for weights in samples])
    share = np.divide(
        apart * (totals - 1), expected, out=np.ones(len(samples)), where=expected > 0
    )
    return np.asarray(1 - share)


def cohen_kappa(pairs: Iterable[tuple[Hashable, Hashable]]) -> float | None:
    """Return Cohen's kappa of two annotators from their votes on shared items.

    Cohen (1960); None without shared items or where chance alone agrees fully.
    """
    both = list(pairs)
    if not both:
        return None
    n = len(both)
    observed = sum(a == b for a, b in both) / n
    left: dict[Hashable, int] = defaultdict(int)
    right: dict[Hashable, int] = defaultdict(int)
    for a, b in both:
        left[a] += 1
        right[b] += 1
    chance = sum(left[labels] * right[labels] for labels in left) / n**2
    return None if chance == 1 else (observed - chance) / (1 - chance)


@dataclass(frozen=True)
class PairAgreement:
    """Two annotators on the items on which both voted."""

    first: Hashable
    second: Hashable
    items: int
    agreeing: int
    kappa: float | None


def pairwise(votes: Sequence[Rating]) -> list[PairAgreement]:
    """Return the agreement of every two annotators who share an item."""
    shared: dict[tuple[Hashable, Hashable], list[tuple[Labels, Labels]]] = defaultdict(
        list
    )
    by_item: dict[Hashable, list[Rating]] = defaultdict(list)
    for vote in votes:
        by_item[vote.item].append(vote)
    for group in by_item.values():
        ordered = sorted(group, key=lambda vote: str(vote.annotator))
        for a, b in combinations(ordered, 2):
            shared[a.annotator, b.annotator].append((a.labels, b.labels))
    return [
        PairAgreement(
            first, second, len(both), sum(a == b for a, b in both), cohen_kappa(both)
        )
        for (first, second), both in sorted(
            shared.items(), key=lambda pair: (str(pair[0][0]), str(pair[0][1]))
        )
    ]
