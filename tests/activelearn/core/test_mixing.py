"""Chance is fair, whatever the model prefers, and its probability is the true one."""

from __future__ import annotations

import math
from collections import Counter

import numpy as np
import pytest

from activelearn.core import mixing

POOL = list(range(170))
TOP = [mixing.Choice(pk, "model") for pk in range(20)]
HELD_OUT = list(range(1000, 1030))
SHARES = mixing.Shares(random=0.3, evaluation=0.2)
SEEDS = 3000


def order(seed: int, shares: mixing.Shares = SHARES) -> list[mixing.Pick]:
    rng = np.random.default_rng(seed)
    return list(mixing.mixed(TOP, POOL, HELD_OUT, shares, rng))


def test_each_item_of_the_pool_is_drawn_alike() -> None:
    first = Counter(
        next(pick.item_id for pick in picks if pick.reason == "random")
        for picks in map(order, range(SEEDS))
        if any(pick.reason == "random" for pick in picks)
    )

    # What the model had placed before the first draw could not be drawn.
    outside = [first[pk] for pk in POOL[20:]]
    expected = np.mean(outside)
    assert min(outside) > 0
    spread = sum((found - expected) ** 2 / expected for found in outside)
    assert spread < 149 + 4 * math.sqrt(2 * 149)
    last = first[POOL[19]]
    assert abs(last - expected) < 4 * math.sqrt(expected)


def test_chance_leaves_the_top_as_often_as_its_probability_says() -> None:
    hits, expected, variance = 0, 0.0, 0.0
    for seed in range(SEEDS):
        left = len(POOL) - len(TOP)
        for pick in order(seed):
            is_outside = len(TOP) <= pick.item_id < len(POOL)
            if pick.reason == "random":
                chance = left * pick.probability
                hits += is_outside
                expected += chance
                variance += chance * (1 - chance)
            left -= is_outside

    assert expected > SEEDS
    assert abs(hits - expected) < 4 * math.sqrt(variance)


def test_as_many_random_ones_as_asked_for() -> None:
    reasons = Counter(pick.reason for seed in range(SEEDS) for pick in order(seed))

    share = reasons["random"] / (reasons["random"] + reasons["model"])
    assert share == pytest.approx(0.3, abs=0.03)


@pytest.mark.parametrize("rate", [0.0, 0.1, 0.9, 1.0])
@pytest.mark.parametrize("pool", [POOL, POOL[:20]])
def test_no_item_twice_and_each_with_its_probability(
    pool: list[int], rate: float
) -> None:
    shares = mixing.Shares(rate, 0.5)

    for seed in range(50):
        rng = np.random.default_rng(seed)
        picks = list(mixing.mixed(TOP, pool, HELD_OUT, shares, rng))

        ids = [pick.item_id for pick in picks]
        assert len(set(ids)) == len(ids) == len(TOP) + len(HELD_OUT)
        assert set(HELD_OUT) < set(ids)
        assert picks[0] == mixing.Pick(0, "model", 1.0)
        held_out = [pick.probability for pick in picks if pick.item_id >= 1000]
        assert held_out == [1 / left for left in range(len(HELD_OUT), 0, -1)]
        placed = 0
        for pick in picks:
            if pick.reason == "random":
                assert pick.probability == 1 / (len(pool) - placed)
            placed += pick.item_id < 1000


def test_what_is_drawn_at_the_start_has_the_probability_of_a_draw() -> None:
    typical = [mixing.Choice(pk, "cold") for pk in (5, 3)]
    drawn = [mixing.Choice(pk, "cold", is_drawn=True) for pk in (9, 1, 4)]
    rng = np.random.default_rng(0)

    picks = mixing.mixed([*typical, *drawn], range(10), [], mixing.Shares(0, 0), rng)

    assert [pick.probability for pick in picks] == [1, 1, 1 / 8, 1 / 7, 1 / 6]


def test_nothing_to_order() -> None:
    rng = np.random.default_rng(0)

    assert not list(mixing.mixed([], [], [], SHARES, rng))
