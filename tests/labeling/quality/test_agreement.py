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
from labeling.quality.patterns import (
    Labels,
    PatternTable,
    Rating,
    first_votes,
    table_of,
)

SHARED = Path(__file__).resolve().parents[4] / "shared" / "data"
needs_data = pytest.mark.skipif(
    not SHARED.exists(), reason="the reference data sets are not beside the clone"
)

tables = st.lists(
    st.lists(st.integers(0, 6), min_size=3, max_size=3), min_size=1, max_size=12
)
categories = st.sets(st.sampled_from("abcd")).map(lambda names: tuple(sorted(names)))
Counts = list[list[int]]


def counted(rows: Counts) -> PatternTable:
    """Return a table of so many votes of each item for each label."""
    return table_of(
        Rating(item, number, (f"l{place}",))
        for item, row in enumerate(rows)
        for place, count in enumerate(row)
        for number in range(count)
    )


def table_of_votes(*items: list[Labels]) -> PatternTable:
    """Return a table of items with the answers that each was given."""
    return table_of(
        Rating(item, number, labels)
        for item, given in enumerate(items)
        for number, labels in enumerate(given)
    )


def votes_in(folder: str) -> list[Rating]:
    with (SHARED / folder / "annotations.csv").open(
        encoding="utf-8", newline=""
    ) as file:
        return [
            Rating(row["item_id"], row["annotator_id"], (row["label"],))
            for row in csv.DictReader(file)
        ]


def test_votes_that_all_agree_have_alpha_one() -> None:
    counts = counted([[3, 0], [0, 3], [2, 0]])

    assert agreement.krippendorff_alpha(counts) == 1
    assert agreement.fleiss_kappa(counts) == 1
    assert agreement.percent(counts) == 1


@pytest.mark.parametrize("counts", [[[1, 0], [0, 1]], [[0, 0]]])
def test_single_votes_say_nothing_on_agreement(counts: list[list[int]]) -> None:
    table = counted(counts)

    assert agreement.percent(table) is None
    assert agreement.fleiss_kappa(table) is None
    assert agreement.krippendorff_alpha(table) is None
    assert agreement.bootstrap_interval(table, np.random.default_rng(0)) is None


def test_one_label_only_leaves_the_coefficients_undefined() -> None:
    table = counted([[2, 0], [3, 0]])

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
        Rating(1, "b", ("x",)),
        Rating(1, "a", ("x",)),
        Rating(2, "a", ("y",)),
        Rating(2, "c", ("x",)),
    ]

    pairs = agreement.pairwise(votes)

    assert [(p.first, p.second, p.items, p.agreeing) for p in pairs] == [
        ("a", "b", 1, 1),
        ("a", "c", 1, 0),
    ]


@given(tables)
def test_agreement_never_exceeds_one(rows: Counts) -> None:
    table = counted(rows)
    for value in (
        agreement.percent(table),
        agreement.fleiss_kappa(table),
        agreement.krippendorff_alpha(table),
        agreement.krippendorff_alpha(table, "masi"),
    ):
        assert value is None or value <= 1 + 1e-12


@given(tables, st.randoms(use_true_random=False))
def test_the_order_of_items_does_not_matter(rows: Counts, random: object) -> None:
    del random
    alpha = agreement.krippendorff_alpha(counted(rows))
    turned = agreement.krippendorff_alpha(counted(rows[::-1]))

    assert alpha == turned or alpha == pytest.approx(turned)


def test_the_interval_of_alpha_holds_alpha() -> None:
    counts = counted([[3, 0], [0, 3], [2, 1], [1, 2], [3, 0]] * 6)
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
    table = table_of(votes_in(folder))

    assert agreement.krippendorff_alpha(table) == pytest.approx(alpha, abs=5e-5)


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
            Rating(item, annotator, (str(label),))
            for annotator, row in enumerate(example["ratings_by_annotator"])
            for item, label in enumerate(row)
            if label is not None
        ]
        assert agreement.krippendorff_alpha(table_of(votes)) == pytest.approx(
            value, abs=5e-4
        )
        checked += 1
    assert checked


def test_c11_sets_that_have_labels_in_common_are_nearer() -> None:
    # Passonneau 2006: 1 - Jaccard · (1, 2/3, 1/3 or 0).
    assert agreement.masi(("a", "b"), ("a", "b")) == 0
    assert agreement.masi(("a",), ("a", "b")) == pytest.approx(1 - 1 / 2 * 2 / 3)
    assert agreement.masi(("a", "b"), ("b", "c")) == pytest.approx(1 - 1 / 3 * 1 / 3)
    assert agreement.masi(("a",), ("b",)) == 1
    assert agreement.masi((), ()) == 0
    assert agreement.masi((), ("a",)) == 1


def test_c11_alpha_of_sets_counts_what_they_share() -> None:
    near: list[list[Labels]] = [[("a", "b"), ("a",)], [("c",), ("c", "d")], [(), ()]]
    far: list[list[Labels]] = [[("a", "b"), ("c",)], [("a",), ("c", "d")], [(), ()]]
    table, apart = table_of_votes(*near * 4), table_of_votes(*far * 4)

    nominal = agreement.krippendorff_alpha(table)
    by_share = agreement.krippendorff_alpha(table, "masi")

    assert nominal is not None
    assert by_share is not None
    assert nominal == agreement.krippendorff_alpha(apart)
    assert nominal < 0.3
    assert by_share == pytest.approx(0.425)
    assert by_share > (agreement.krippendorff_alpha(apart, "masi") or 0)


@given(st.lists(st.lists(categories, min_size=2, max_size=3), min_size=1, max_size=6))
def test_c11_alpha_of_sets_is_krippendorff_s_formula(items: list[list[Labels]]) -> None:
    table = table_of_votes(*items)
    votes = [labels for given in items for labels in given]
    expected = sum(agreement.masi(a, b) for a in votes for b in votes)
    observed = sum(
        sum(agreement.masi(a, b) for a in given for b in given) / (len(given) - 1)
        for given in items
    )

    alpha = agreement.krippendorff_alpha(table, "masi")

    if expected < 1e-9:
        assert alpha is None
    else:
        assert alpha == pytest.approx(1 - observed * (len(votes) - 1) / expected)


@given(st.lists(st.lists(categories, min_size=2, max_size=3), min_size=1, max_size=6))
def test_c11_each_label_has_the_alpha_of_naming_it(items: list[list[Labels]]) -> None:
    for row in agreement.by_label(table_of_votes(*items)):
        named = table_of(
            Rating(item, number, (str(row.label in labels),))
            for item, given in enumerate(items)
            for number, labels in enumerate(given)
        )
        alpha = agreement.krippendorff_alpha(named)
        assert row.alpha == (None if alpha is None else pytest.approx(alpha))
        assert row.votes == sum(row.label in labels for x in items for labels in x)


def test_c23_a_label_with_a_comma_is_not_two_labels() -> None:
    items: list[list[Labels]] = [[("a, b",), ("a", "b")], [("c",), ("c",)]]

    table = table_of_votes(*items * 3)

    assert agreement.percent(table) == pytest.approx(0.5)
    assert [row.label for row in agreement.by_label(table)] == ["a", "a, b", "b", "c"]


def test_c23_a_few_items_of_one_mind_leave_alpha_open() -> None:
    few, many = (counted([[2, 0], [0, 2]] * n) for n in (3, 300))

    low, high = agreement.bootstrap_interval(few, np.random.default_rng(0)) or (1, 0)
    surer = agreement.bootstrap_interval(many, np.random.default_rng(0)) or (0, 0)

    assert high == surer[1] == 1
    assert -0.1 < low < 0.3
    assert 0.98 < surer[0] < 1


def test_c23_samples_of_one_label_alone_are_not_dropped() -> None:
    # A sixth of the samples misses the one item of the other label: they show nothing.
    rare = counted([[2, 0]] * 7 + [[1, 1]] + [[0, 2]])

    low, high = agreement.bootstrap_interval(rare, np.random.default_rng(0)) or (1, 1)

    assert low <= 0
    assert high == 1


def test_c16_further_votes_where_the_first_ones_differ_do_not_count() -> None:
    rng = np.random.default_rng(5)
    votes = []
    for item in range(4000):
        truth = rng.integers(2)
        given = [truth if rng.random() < 0.75 else 1 - truth for _ in range(3)]
        asked = given[:2] if given[0] == given[1] else given
        votes += [Rating(item, n, (str(label),)) for n, label in enumerate(asked)]

    biased, right = table_of(votes), table_of(first_votes(votes, 2))

    # .625 = .75² + .25², and .25 = (2 · .75 - 1)², are what these people agree by.
    assert agreement.percent(biased) == pytest.approx(0.75, abs=0.01)
    assert agreement.percent(right) == pytest.approx(0.625, abs=0.015)
    assert agreement.krippendorff_alpha(biased) == pytest.approx(0.375, abs=0.02)
    assert agreement.krippendorff_alpha(right) == pytest.approx(0.25, abs=0.03)


def test_c16_the_table_of_many_items_and_labels_is_small() -> None:
    votes = [
        Rating(item, n, (f"label {item % 1000}",))
        for item in range(20_000)
        for n in (1, 2)
    ]

    table = table_of(votes)

    assert len(table.cells[0]) == 1000
    assert agreement.krippendorff_alpha(table) == 1
