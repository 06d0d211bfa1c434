"""Agreement: published values, known edges, and the recorded crowds."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from labeling.quality import agreement
from labeling.quality.agreement import Rating

SHARED = Path(__file__).resolve().parents[4] / "shared" / "data"
needs_data = pytest.mark.skipif(
    not SHARED.exists(), reason="the reference data sets are not beside the clone"
)

tables = st.lists(
    st.lists(st.integers(0, 6), min_size=3, max_size=3), min_size=1, max_size=12
).map(lambda rows: np.array(rows, dtype=np.int64))


def votes_in(folder: str) -> list[Rating]:
    with (SHARED / folder / "annotations.csv").open(
        encoding="utf-8", newline=""
    ) as file:
        return [
            Rating(row["item_id"], row["annotator_id"], row["label"])
            for row in csv.DictReader(file)
        ]


def test_votes_that_all_agree_have_alpha_one() -> None:
    counts = np.array([[3, 0], [0, 3], [2, 0]])

    assert agreement.krippendorff_alpha(counts) == 1
    assert agreement.fleiss_kappa(counts) == 1
    assert agreement.percent(counts) == 1


@pytest.mark.parametrize("counts", [[[1, 0], [0, 1]], [[0, 0]]])
def test_single_votes_say_nothing_on_agreement(counts: list[list[int]]) -> None:
    table = np.array(counts)

    assert agreement.percent(table) is None
    assert agreement.fleiss_kappa(table) is None
    assert agreement.krippendorff_alpha(table) is None
    assert agreement.bootstrap_interval(table, np.random.default_rng(0)) is None


def test_one_label_only_leaves_the_coefficients_undefined() -> None:
    table = np.array([[2, 0], [3, 0]])

    assert agreement.percent(table) == 1
    assert agreement.fleiss_kappa(table) is None
    assert agreement.krippendorff_alpha(table) is None


def test_cohen_kappa_of_the_textbook_table() -> None:
    # Cohen's kappa of the 2×2 table 20, 5 / 10, 15 is 0.4.
    pairs = [("y", "y")] * 20 + [("y", "n")] * 5 + [("n", "y")] * 10 + [("n", "n")] * 15

    assert agreement.cohen_kappa(pairs) == pytest.approx(0.4)


def test_cohen_kappa_needs_shared_items_and_two_labels() -> None:
    assert agreement.cohen_kappa([]) is None
    assert agreement.cohen_kappa([("y", "y")]) is None


def test_pairs_are_those_who_share_an_item() -> None:
    votes = [
        Rating(1, "b", "x"),
        Rating(1, "a", "x"),
        Rating(2, "a", "y"),
        Rating(2, "c", "x"),
    ]

    found = agreement.pairwise(votes)

    assert [(p.first, p.second, p.items, p.agreeing) for p in found] == [
        ("a", "b", 1, 1),
        ("a", "c", 1, 0),
    ]


@given(tables)
def test_agreement_never_exceeds_one(counts: agreement.Counts) -> None:
    for value in (
        agreement.percent(counts),
        agreement.fleiss_kappa(counts),
        agreement.krippendorff_alpha(counts),
    ):
        assert value is None or value <= 1 + 1e-12


@given(tables, st.randoms(use_true_random=False))
def test_the_order_of_items_does_not_matter(
    counts: agreement.Counts, random: object
) -> None:
    del random
    alpha = agreement.krippendorff_alpha(counts)
    turned = agreement.krippendorff_alpha(counts[::-1])

    assert alpha == turned or alpha == pytest.approx(turned)


def test_the_interval_of_alpha_holds_alpha() -> None:
    counts = np.array([[3, 0], [0, 3], [2, 1], [1, 2], [3, 0]] * 6)
    alpha = agreement.krippendorff_alpha(counts)

    interval = agreement.bootstrap_interval(counts, np.random.default_rng(1), draws=200)

    assert alpha is not None
    assert interval is not None
    assert interval[0] <= alpha <= interval[1]


@needs_data
@pytest.mark.parametrize(
    ("folder", "alpha"), [("snow_rte", 0.2415), ("shape_images", 0.6913)]
)
def test_alpha_of_a_recorded_crowd_is_the_reference(folder: str, alpha: float) -> None:
    counts, _ = agreement.counts_of(votes_in(folder))

    assert agreement.krippendorff_alpha(counts) == pytest.approx(alpha, abs=5e-5)


@needs_data
def test_alpha_of_the_worked_examples_is_the_published_one() -> None:
    examples = json.loads((SHARED / "agreement_examples" / "examples.json").read_text())
    checked = 0
    for example in (
        examples["raw"].values()
        if isinstance(examples["raw"], dict)
        else examples["raw"]
    ):
        published = example.get("recomputed", {})
        value = next(
            (
                published[key]
                for key in published
                if "alpha" in key and "nominal" in key
            ),
            None,
        )
        if value is None:
            continue
        votes = [
            Rating(item, annotator, str(label))
            for annotator, row in enumerate(example["ratings_by_annotator"])
            for item, label in enumerate(row)
            if label is not None
        ]
        counts, _ = agreement.counts_of(votes)
        assert agreement.krippendorff_alpha(counts) == pytest.approx(value, abs=5e-4)
        checked += 1
    assert checked
