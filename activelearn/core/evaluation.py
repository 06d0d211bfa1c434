"""How good a model is on items that it never saw."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

Labels = tuple[str, ...]


@dataclass(frozen=True)
class LabelScore:
    """One label's figures; ``support`` is how many items have it."""

    label: str
    precision: float
    recall: float
    f1: float
    support: int


@dataclass(frozen=True)
class Score:
    """A model's figures over the evaluation items; hits are in the items' order."""

    accuracy: float
    macro_f1: float
    labels: list[LabelScore]
    hits: list[bool]


def score(truth: Sequence[Labels], predicted: Sequence[Labels]) -> Score:
    """Compare the labels that a model predicts with the true ones, item by item.

    Accuracy is the share of items whose set of labels is the true one; macro-F1 is the
    mean over the labels that either side names. All are in [0, 1]. Raises ValueError
    without items, or where the two differ in length.
    """
    if not truth or len(truth) != len(predicted):
        raise ValueError("Evaluation needs items, and a prediction for each.")
    hits = [set(a) == set(b) for a, b in zip(truth, predicted, strict=True)]
    names = sorted({label for item in (*truth, *predicted) for label in item})
    labels = [_label_score(name, truth, predicted) for name in names]
    macro = sum(label.f1 for label in labels) / len(labels) if labels else 1.0
    return Score(sum(hits) / len(hits), macro, labels, hits)


def _label_score(
    name: str, truth: Sequence[Labels], predicted: Sequence[Labels]
) -> LabelScore:
    both = sum(name in a and name in b for a, b in zip(truth, predicted, strict=True))
    named = sum(name in labels for labels in predicted)
    support = sum(name in labels for labels in truth)
    precision = both / named if named else 0.0
    recall = both / support if support else 0.0
    f1 = 2 * both / (named + support) if named + support else 0.0
    return LabelScore(name, precision, recall, f1, support)


def majority(truth: Sequence[Labels]) -> Labels:
    """Return the commonest set of labels, the first by name among equals.

    Raises ValueError without any item.
    """
    return max(sorted(set(truth)), key=list(truth).count)
