"""Labels whose names are paths, such as “Animal / Cat”, by what they belong to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from labeling.models import Label


@dataclass(frozen=True)
class Leaf:
    """A label under its heading; its number is its place among all labels."""

    label: Label
    number: int
    name: str


def split(name: str) -> tuple[str, str]:
    """Return what a label belongs to, or nothing, and its own name there."""
    levels = [level.strip() for level in name.split("/")]
    if len(levels) < 2 or not all(levels):
        return "", name
    return " / ".join(levels[:-1]), levels[-1]


def by_family(labels: Sequence[Label]) -> list[tuple[str, list[Leaf]]]:
    """Return labels by heading, in the order of each one's first label.

    A heading is for several: a label that is alone with its own, such as “N/A”, keeps
    its whole name and stands without.
    """
    parents = Counter(split(label.name)[0] for label in labels)
    families: list[tuple[str, list[Leaf]]] = []
    at: dict[str, list[Leaf]] = {}
    for number, label in enumerate(labels, start=1):
        heading, name = split(label.name)
        if parents[heading] < 2:
            heading, name = "", label.name
        if heading not in at or (not heading and families[-1][0]):
            at[heading] = []
            families.append((heading, at[heading]))
        at[heading].append(Leaf(label, number, name))
    return families
