"""How good a model is at whole sets of labels, where an item may have several."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from activelearn.core import intervals
from activelearn.core.intervals import Array, Estimate, Groups

Labels: TypeAlias = tuple[str, ...]


@dataclass(frozen=True)
class SetFigures:
    """The figures of whole sets of labels, where items may have several.

    Of each item, over its true labels and those that are predicted: jaccard, the share
    that is in both, and sample_f1, their harmonic mean; 1 where it has none, and none is
    predicted. micro_f1 takes the labels of all items together. hamming_loss is the share of
    all decisions, of each label on each item, that are wrong (Tsoumakas and Katakis 2007,
    Int. J. Data Warehousing and Mining 3(3):1–13). Accuracy, the share of whole sets that
    are right, is in the summary.
    """

    jaccard: Estimate
    sample_f1: Estimate
    micro_f1: Estimate
    hamming_loss: Estimate


@dataclass(frozen=True)
class LabelChange:
    """On how many items a model is right on a label, and what served before was not.

    broken: the other way round. Right is whether it has the label, or has not.
    """

    label: str
    fixed: int
    broken: int


def changes(
    truth: Sequence[Labels], before: Sequence[Labels], now: Sequence[Labels]
) -> list[LabelChange]:
    """Return the changes of each label that has some, the most broken first."""
    fixed: Counter[str] = Counter()
    broken: Counter[str] = Counter()
    for true, old, new in zip(truth, before, now, strict=True):
        wrong_before, wrong_now = set(true) ^ set(old), set(true) ^ set(new)
        fixed.update(wrong_before - wrong_now)
        broken.update(wrong_now - wrong_before)
    return sorted(
        (LabelChange(name, fixed[name], broken[name]) for name in {*fixed, *broken}),
        key=lambda change: (-change.broken, -change.fixed, change.label),
    )


def figures(
    truth: Sequence[Labels],
    predicted: Sequence[Labels],
    groups: Groups,
    labels: Sequence[str],
) -> SetFigures:
    """Return the figures of n items; ``labels`` are those that could have been predicted.

    truth, predicted: n sets of labels. groups: (n,).
    """
    true, chosen = ([set(row) for row in rows] for rows in (truth, predicted))
    names = {*labels}.union(*true, *chosen)
    has, named, both = (
        np.array([len(row) for row in rows], dtype=np.float64)
        for rows in (true, chosen, [a & b for a, b in zip(true, chosen, strict=True)])
    )
    either, wrong = has + named - both, has + named - 2 * both
    jaccard, f1 = _ratios(both, either, 1.0), _ratios(2 * both, has + named, 1.0)
    each = np.ones(len(has))
    return SetFigures(
        jaccard=_ratio(jaccard, each, groups, empty=1.0),
        sample_f1=_ratio(f1, each, groups, empty=1.0),
        micro_f1=_ratio(2 * both, has + named, groups, empty=1.0),
        hamming_loss=_ratio(wrong, each * max(1, len(names)), groups, empty=0.0),
    )


def _ratio(part: Array, whole: Array, groups: Groups, *, empty: float) -> Estimate:
    """Return the sum of one over that of the other, (n,) each, with its interval."""
    parts, wholes = (np.bincount(groups, weights=side) for side in (part, whole))
    value = float(
        _ratios(parts.sum(keepdims=True), wholes.sum(keepdims=True), empty)[0]
    )
    if value in {0.0, 1.0}:
        # No sample can differ from this one, which does not make it sure.
        return intervals.wilson(value, float(len(parts)))
    samples = intervals.bootstrap(
        lambda weights: _ratios(weights @ parts, weights @ wholes, empty), len(parts)
    )
    return intervals.percentile(value, samples)


def _ratios(part: Array, whole: Array, empty: float) -> Array:
    return np.divide(part, whole, out=np.full_like(part, empty), where=whole > 0)
