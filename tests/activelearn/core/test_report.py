"""Slices of the held-out items, and how far an aim is."""

from __future__ import annotations

import pytest

from activelearn.core import evaluation, report
from activelearn.core.intervals import Estimate
from activelearn.core.report import SliceFacts


def test_items_are_sliced_by_what_they_have_in_common() -> None:
    facts = [
        SliceFacts(
            "expert" if n < 6 else "consensus", length=n, tags=["even"] * (n % 2 == 0)
        )
        for n in range(30)
    ]
    # Right but for the experts' items.
    said = [("b",) if n < 6 else ("a",) for n in range(30)]
    items = evaluation.judged([("a",)] * 30, said)

    slices = report.slices(report.places_of(facts), items, is_multi=False)

    shares = {
        (s.kind, s.name): (s.summary.items, s.summary.accuracy.value) for s in slices
    }
    assert shares == {
        ("source", "expert"): (6, 0.0),
        ("source", "consensus"): (24, 1.0),
        ("tag", "even"): (15, 0.8),
        ("length", "0–9"): (10, 0.4),
        ("length", "10–19"): (10, 1.0),
        ("length", "20–"): (10, 1.0),
    }


def test_metadata_with_few_values_are_slices_and_names_are_not() -> None:
    facts = [
        SliceFacts(
            "gold",
            metadata={"shop": "ab"[n % 2], "id": f"n{n}", "rare": n == 0, "x": []},
        )
        for n in range(40)
    ]
    items = evaluation.judged([("a",)] * 40, [("a",)] * 40)

    slices = report.slices(report.places_of(facts), items, is_multi=False)

    # Of one that is rare there are too few; what all have in common is no slice.
    assert [(s.kind, s.name) for s in slices] == [
        ("metadata", "rare: False"),
        ("metadata", "shop: a"),
        ("metadata", "shop: b"),
    ]


@pytest.mark.parametrize(
    ("aim", "word"), [(0.7, "yes"), (0.8, "yes"), (0.85, "open"), (0.96, "no")]
)
def test_an_aim_is_reached_where_the_whole_interval_is(aim: float, word: str) -> None:
    assert report.reached(Estimate(0.9, 0.8, 0.95), aim) == word
