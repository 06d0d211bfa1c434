"""How good is a model on items it never saw."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

Answer = tuple[str, ...]


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


def score(truth: Sequence[Answer], given: Sequence[Answer]) -> Score:
    """Compare answers with the truth; raise ValueError without any item.

    Macro-F1 is the mean over the labels that truth or answers name.
    """
    if not truth or len(truth) != len(given):
        raise ValueError("Evaluation needs items, and an answer for each.")
    hits = [set(a) == set(b) for a, b in zip(truth, given, strict=True)]
    names = sorted({label for answer in (*truth, *given) for label in answer})
    labels = [_label_score(name, truth, given) for name in names]
    macro = sum(one.f1 for one in labels) / len(labels) if labels else 1.0
    return Score(sum(hits) / len(hits), macro, labels, hits)


def _label_score(
    name: str, truth: Sequence[Answer], given: Sequence[Answer]
) -> LabelScore:
    both = sum(name in a and name in b for a, b in zip(truth, given, strict=True))
    named = sum(name in answer for answer in given)
    support = sum(name in answer for answer in truth)
    precision = both / named if named else 0.0
    recall = both / support if support else 0.0
    f1 = 2 * both / (named + support) if named + support else 0.0
    return LabelScore(name, precision, recall, f1, support)


def majority(answers: Sequence[Answer]) -> Answer:
    """Return the most frequent answer, the first by name where several are."""
    return max(sorted(set(answers)), key=list(answers).count)
