"""A gain on all items hides no loss on a part of them."""

from __future__ import annotations

import numpy as np
import pytest

from activelearn.core import parts
from activelearn.core.parts import Pair, Part


def pair(name: str, better: int, worse: int, items: int) -> Pair:
    same = items - better - worse
    before = [False] * better + [True] * (worse + same)
    now = [True] * better + [False] * worse + [True] * same
    return Pair("tag", name, before, now)


@pytest.mark.parametrize(
    ("better", "worse", "items", "is_worse"),
    [
        (0, 8, 40, True),
        (1, 8, 40, True),
        (4, 6, 40, False),
        (8, 0, 40, False),
        # Beyond chance, but no more than five points.
        (0, 10, 200, False),
        (0, 11, 200, True),
        # Four of four is mid-p .03, yet too few differ to look at.
        (0, 4, 40, False),
    ],
)
def test_c12_a_part_is_worse_beyond_its_margin_and_beyond_chance(
    better: int, worse: int, items: int, *, is_worse: bool
) -> None:
    (part,) = parts.compared([pair("x", better, worse, items)])

    assert part.is_worse is is_worse
    assert (part.better, part.worse, part.items) == (better, worse, items)


def test_c12_who_looks_at_many_parts_asks_for_more() -> None:
    # Mid-p of 0 and 7 is .0039: enough alone, and not as one of twenty.
    others = [pair(f"s{n:02}", 3, 3, 40) for n in range(19)]

    alone = parts.compared([pair("x", 0, 7, 40)])
    among = parts.compared([pair("x", 0, 7, 40), *others])
    # Parts where nothing differs are no looks.
    still = parts.compared(
        [pair("x", 0, 7, 40)] + [pair(f"s{n}", 0, 0, 40) for n in range(99)]
    )

    assert [part.is_worse for part in alone] == [True]
    assert not any(part.is_worse for part in among)
    assert among[0].name == "x"
    assert among[0].bar == pytest.approx(0.05 / 20)
    assert still[0].is_worse


def test_c12_the_second_worst_is_held_to_one_part_less() -> None:
    compared = parts.compared([pair("x", 0, 12, 40), pair("y", 0, 5, 40)])

    assert [(part.name, part.is_worse) for part in compared] == [
        ("x", True),
        ("y", True),
    ]
    assert [part.bar for part in compared] == [0.025, 0.05]


def test_c12_equal_models_are_stopped_in_about_one_of_twenty_at_most() -> None:
    rng = np.random.default_rng(4)
    stopped = 0
    for _ in range(400):
        some = []
        for n in range(8):
            better = int(rng.binomial(12, 0.5))
            some.append(pair(f"s{n}", better, 12 - better, 60))
        stopped += any(part.is_worse for part in parts.compared(some))

    # Binomial(400, .05): 20, with a standard deviation of 4.4.
    assert stopped <= 20 + 3 * 4.4


def test_c12_a_label_is_a_part_by_those_who_have_it() -> None:
    truth = [("a",)] * 12 + [("b",)] * 9 + [("a", "c")] * 10
    before = [("a",)] * 31
    now = [("b",)] * 31

    (told_a, told_c) = list(parts.of_labels(truth, before, now))

    # Nine have b: too few. Of several labels each counts by itself.
    assert (told_a.name, told_c.name) == ("a", "c")
    assert (sum(told_a.before), sum(told_a.now), len(told_a.now)) == (22, 0, 22)
    assert (sum(told_c.before), len(told_c.before)) == (0, 10)


def test_c12_items_of_one_group_are_one_piece_of_evidence_on_a_part() -> None:
    truth, before = [("a",)] * 40, [("a",)] * 40
    now = [("b",)] * 12 + [("a",)] * 28
    hits = [True] * 40, [False] * 12 + [True] * 28

    def compared(*sizes: int) -> list[Part]:
        groups = [group for group, size in enumerate(sizes) for _ in range(size)]
        groups += range(100, 100 + 28)
        part = parts.of_slice("tag", "x", range(40), hits, groups)
        assert part is not None
        return parts.compared([part, *parts.of_labels(truth, before, now, groups)])

    for part in compared(*[1] * 12):
        assert part.is_worse
        assert part.p == pytest.approx(0.5**13)
    # Six groups of two are no more than six coins.
    for part in compared(*[2] * 6):
        assert part.is_worse
        assert part.p == pytest.approx(0.5**7)
    # Of four too few differ, though twelve items do.
    for part in compared(3, 3, 3, 3):
        assert (part.p, part.worse, part.is_worse) == (1, 12, False)


def test_c12_a_small_slice_is_not_looked_at() -> None:
    hits = ([True] * 50, [False] * 50)

    assert parts.of_slice("tag", "x", range(29), hits) is None
    part = parts.of_slice("tag", "x", range(30), hits)
    assert part is not None
    assert (sum(part.before), sum(part.now)) == (30, 0)
