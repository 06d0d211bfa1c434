"""The recorded crowds beside the project; where they are absent, tests skip."""

from __future__ import annotations

import csv
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import pytest

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


@dataclass(frozen=True)
class Recorded:
    """One vote as its annotator gave it."""

    item: str
    annotator: str
    label: str
    seconds: float | None


def folder(name: str) -> Path:
    """Return a data set's folder, or skip the test that asks for it."""
    path = DATA / name
    if not path.is_dir():
        pytest.skip(f"the data set {name} is not beside the project ({path})")
    return path


def votes(name: str) -> list[Recorded]:
    with (folder(name) / "annotations.csv").open(newline="") as file:
        return [
            Recorded(
                row["item_id"],
                row["annotator_id"],
                row["label"],
                float(seconds) if (seconds := row.get("response_time_s")) else None,
            )
            for row in csv.DictReader(file)
        ]


def gold(name: str) -> dict[str, str]:
    with (folder(name) / "gold.csv").open(newline="") as file:
        return {row["item_id"]: row["label"] for row in csv.DictReader(file)}


def majority_accuracy(pairs: Iterable[tuple[str, str]], truth: dict[str, str]) -> float:
    """Return the share of items whose majority is right; a tie counts by its odds."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for item, label in pairs:
        counts[item][label] += 1
    total = 0.0
    for item, right in truth.items():
        most = max(counts[item].values())
        tied = [label for label, count in counts[item].items() if count == most]
        total += (right in tied) / len(tied)
    return total / len(truth)
