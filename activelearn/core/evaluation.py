"""How good a model is on items that it never saw, and how sure that is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from activelearn.core import intervals, sets, sparse
from activelearn.core.intervals import Array, Bools, Estimate, Groups
from activelearn.core.losses import (
    FLOOR,
    Labels,
    Probabilities,
    Undecided,
    indicators,
    log_losses,
    soft_losses,
)
from activelearn.core.sets import SetFigures

# Of the losses, for whoever judges.
__all__ = [
    "FLOOR",
    "Labels",
    "Probabilities",
    "Undecided",
    "indicators",
    "log_losses",
    "soft_losses",
]


@dataclass(frozen=True)
class LabelFigures:
    """One label's figures; ``support`` is how many items have it.

    average_precision: None where no probabilities are known, or no item has the label.
    beyond: how many of these items are held out for the label, beyond the draw.
    """

    label: str
    precision: Estimate
    recall: Estimate
    f1: Estimate
    support: int
    average_precision: Estimate | None = None
    beyond: int = 0


@dataclass(frozen=True)
class Confusion:
    """How many items of a true label a model says another label of, or the same."""

    truth: str
    predicted: str
    items: int


@dataclass(frozen=True)
class Summary:
    """The figures that are never shown without each other."""

    items: int
    accuracy: Estimate
    macro_f1: Estimate
    balanced_accuracy: Estimate


@dataclass(frozen=True)
class Figures:
    """A model's figures over items.

    log_loss: in nats, None where no probabilities are known. confusions: the cells that
    are not empty; none where items have several labels. sets: None where they have one.
    undecided: items without a single right answer, which count in the log loss alone.
    """

    summary: Summary
    log_loss: Estimate | None
    labels: list[LabelFigures]
    confusions: list[Confusion]
    sets: SetFigures | None = None
    undecided: int = 0


@dataclass(frozen=True)
class Judged:
    """Items with their true labels and those that somebody predicted.

    truth, predicted: n sets of labels. groups: (n,) of each item, its group.
    """

    truth: Sequence[Labels]
    predicted: Sequence[Labels]
    groups: Groups

    @cached_property
    def hits(self) -> list[bool]:
        """Return for each item whether its set of labels is the true one."""
        pairs = zip(self.truth, self.predicted, strict=True)
        return [set(a) == set(b) for a, b in pairs]

    def part(self, places: Sequence[int]) -> Judged:
        """Return the items at ``places``."""
        return Judged(
            [self.truth[place] for place in places],
            [self.predicted[place] for place in places],
            self.groups[list(places)],
        )


def judged(
    truth: Sequence[Labels], predicted: Sequence[Labels], groups: Sequence[Any] = ()
) -> Judged:
    """Return items with true and predicted labels; each a group of its own by default.

    Raises ValueError without items, or where the sides differ in length.
    """
    if not truth or len(truth) != len(predicted) or len(groups) not in {0, len(truth)}:
        raise ValueError("Evaluation needs items, and a prediction for each.")
    return Judged(truth, predicted, intervals.numbered(groups or range(len(truth))))


def summary(items: Judged, *, is_multi: bool, draws: int = intervals.DRAWS) -> Summary:
    """Return accuracy, macro-F1 and balanced accuracy.

    Accuracy is the share of items whose set of labels is the true one. Macro-F1 is the
    mean over the labels that either side names; balanced accuracy the mean recall over
    the labels that items have, or with several labels the mean over these of recall and
    specificity (Brodersen et al. 2010, ICPR, 3121–3124). All are in [0, 1].
    """
    table = _Counts.of(items)
    accuracy = intervals.proportion(np.array(items.hits), items.groups)
    return Summary(
        len(items.truth),
        accuracy,
        _mean(table.macro_f1, table, accuracy, draws),
        _mean(
            lambda weights: table.balanced(weights, is_multi=is_multi),
            table,
            accuracy,
            draws,
        ),
    )


def figures(
    items: Judged, given: Probabilities, undecided: Undecided | None = None
) -> Figures:
    """Return all figures of a model that gave its labels these probabilities."""
    names = sorted({label for row in (*items.truth, *items.predicted) for label in row})
    return Figures(
        summary(items, is_multi=given.is_multi),
        log_loss(items, given, undecided),
        [_label(name, items, given) for name in names],
        [] if given.is_multi else _confusions(items),
        sets.figures(items.truth, items.predicted, items.groups, given.labels)
        if given.is_multi
        else None,
        len(undecided.shares) if undecided else 0,
    )


def log_loss(
    items: Judged, given: Probabilities, undecided: Undecided | None = None
) -> Estimate:
    """Return the mean log loss in nats, with its bootstrap interval over the groups."""
    losses, groups = log_losses(items.truth, given), items.groups
    if undecided and any(undecided.shares):
        # Without a share nothing is known of an item, not even by halves.
        has_votes = np.array([bool(row) for row in undecided.shares])
        soft = Probabilities(
            undecided.given.labels, undecided.given.table[has_votes], given.is_multi
        )
        more = soft_losses([row for row in undecided.shares if row], soft)
        losses = np.concatenate([losses, more])
        kept = np.concatenate([np.ones(len(items.truth), dtype=np.bool_), has_votes])
        groups = intervals.numbered(undecided.groups[kept])
    sums = np.bincount(groups, weights=losses)
    sizes = np.bincount(groups).astype(float)
    samples = intervals.bootstrap(lambda w: (w @ sums) / (w @ sizes), len(sums))
    return intervals.percentile(float(losses.mean()), samples)


def average_precision(has: Bools, scores: Array) -> float:
    """Return the area under precision over recall, as steps (as in scikit-learn).

    has: (n,), scores: (n,). Items of one score are taken together. Raises ValueError
    where no item has the label.
    """
    if not has.any():
        raise ValueError("Average precision needs an item that has the label.")
    order = np.argsort(-scores, kind="stable")
    ranked, sorted_scores = has[order], scores[order]
    # The last item of each score: there a threshold can lie.
    ends = np.append(np.flatnonzero(np.diff(sorted_scores)), len(scores) - 1)
    right = np.cumsum(ranked)[ends]
    gained = np.diff(right, prepend=0)
    return float((gained * right / (ends + 1)).sum() / right[-1])


def majority(truth: Sequence[Labels]) -> Labels:
    """Return the commonest set of labels, the first by name among equals.

    Raises ValueError without any item.
    """
    counts = Counter(truth)
    return min(counts, key=lambda names: (-counts[names], names))


def _label(name: str, items: Judged, given: Probabilities) -> LabelFigures:
    has = np.array([name in labels for labels in items.truth])
    named = np.array([name in labels for labels in items.predicted])
    return label_figures(name, (has, named), items.groups, _ranked(name, has, given))


def label_figures(
    name: str,
    sides: tuple[Bools, Bools],
    groups: Groups,
    average_precision: Estimate | None = None,
) -> LabelFigures:
    """Return one label's figures.

    sides: (n_items,) which items have it, and of which it is said; groups: (n_items,).
    """
    has, named = sides
    both = has & named
    either = has | named
    jaccard = intervals.proportion(both[either], groups[either])
    return LabelFigures(
        label=name,
        precision=intervals.proportion(both[named], groups[named]),
        recall=intervals.proportion(both[has], groups[has]),
        f1=intervals.f1(int(both.sum()), int(named.sum()), int(has.sum()), jaccard),
        support=int(has.sum()),
        average_precision=average_precision,
    )


def _ranked(name: str, has: Bools, given: Probabilities) -> Estimate | None:
    """Return the average precision, with an interval from the items that have the label.

    The items that have it count as trials (Boyd, Eng and Page 2013, ECML PKDD, 451–466,
    where binomial intervals held best); Wilson's form also holds near 1.
    """
    if not has.any():
        return None
    if name not in given.labels:
        # Every item has the same score: none.
        return intervals.wilson(float(has.mean()), float(has.sum()))
    scores = given.table[:, given.labels.index(name)]
    return intervals.wilson(average_precision(has, scores), float(has.sum()))


def _confusions(items: Judged) -> list[Confusion]:
    pairs = Counter(
        (a[0], b[0])
        for a, b in zip(items.truth, items.predicted, strict=True)
        if a and b
    )
    return [Confusion(*pair, count) for pair, count in sorted(pairs.items())]


def _mean(figure: Any, table: _Counts, accuracy: Estimate, draws: int) -> Estimate:
    value = float(figure(np.ones((1, table.groups)))[0])
    if accuracy.value in {0.0, 1.0}:
        # No resample can differ from this one, which does not make it sure: this many items
        # are known to leave the accuracy open as far as this.
        return Estimate(value, min(accuracy.low, value), max(accuracy.high, value))
    samples = intervals.bootstrap(figure, table.groups, draws=draws)
    return intervals.percentile(value, samples)


@dataclass(frozen=True)
class _Counts:
    """Per group and label (groups, labels): items that have it, are predicted to, or both.

    sizes: (groups,) how many items.
    """

    has: Any
    named: Any
    both: Any
    sizes: Array

    @property
    def groups(self) -> int:
        """Return how many groups there are."""
        return len(self.sizes)

    @staticmethod
    def of(items: Judged) -> _Counts:
        """Count the labels of items, and those that are predicted."""
        names = sorted({x for row in (*items.truth, *items.predicted) for x in row})
        place = {name: number for number, name in enumerate(names)}
        sizes = np.bincount(items.groups).astype(float)

        def counted(sides: Sequence[set[str]]) -> Any:
            cells = [
                (group, place[name])
                for group, side in zip(items.groups, sides, strict=True)
                for name in side
            ]
            rows, columns = zip(*cells, strict=True) if cells else ((), ())
            shape = (len(sizes), max(1, len(names)))
            return sparse.csr_matrix(
                (np.ones(len(cells)), (rows, columns)), shape=shape
            )

        truth, predicted = (
            [set(row) for row in s] for s in (items.truth, items.predicted)
        )
        both = [a & b for a, b in zip(truth, predicted, strict=True)]
        return _Counts(counted(truth), counted(predicted), counted(both), sizes)

    def macro_f1(self, weights: Array) -> Array:
        """Return (n_draws,): the mean F1 of the labels that a sample has; 1 without."""
        total = weights @ self.has + weights @ self.named
        shares = _shares(2 * (weights @ self.both), total)
        return _mean_of(shares, total > 0, empty=1.0)

    def balanced(self, weights: Array, *, is_multi: bool) -> Array:
        """Return (n_draws,): the mean over the labels that a sample's items have."""
        has, named, both = (weights @ x for x in (self.has, self.named, self.both))
        recall = _shares(both, has)
        if not is_multi:
            return _mean_of(recall, has > 0, empty=1.0)
        items = (weights @ self.sizes)[:, None]
        specificity = _shares(items - has - named + both, items - has)
        # A label that every item has can only be missed.
        mean = np.where(items > has, (recall + specificity) / 2, recall)
        return _mean_of(mean, has > 0, empty=1.0)


def _shares(part: Array, whole: Array) -> Array:
    return np.divide(part, whole, out=np.zeros_like(part), where=whole > 0)


def _mean_of(table: Array, is_defined: Bools, *, empty: float) -> Array:
    counts = is_defined.sum(axis=1)
    sums = np.where(is_defined, table, 0).sum(axis=1)
    return np.divide(sums, counts, out=np.full(len(sums), empty), where=counts > 0)
