"""Chance is fair, whatever the model prefers, and its probability is the true one."""

from __future__ import annotations

import math
from collections import Counter
from itertools import islice

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
    spread = sum((times - expected) ** 2 / expected for times in outside)
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


@pytest.mark.parametrize(
    ("random", "evaluation"), [(0.2, 0.1), (0.1, 0.2), (0.5, 0.05), (0.7, 0.5), (0, 0)]
)
@pytest.mark.parametrize(
    ("served", "within"), [(5, 0.01), (20, 0.0075), (1000, 0.0015)]
)
def test_c8b_the_shares_of_what_is_served_are_the_shares_that_are_set(
    random: float, evaluation: float, served: int, within: float
) -> None:
    pool, held_out = range(2000), range(2000, 4000)
    choices = [mixing.Choice(pk, "model") for pk in pool]
    shares = mixing.Shares(random, evaluation)
    reasons: Counter[str] = Counter()

    for seed in range(2000 // served):
        rng = np.random.default_rng(seed)
        picks = mixing.mixed(choices, pool, held_out, shares, rng)
        reasons.update(pick.reason for pick in islice(picks, served))

    # Where they are more than all, chance gets what is left. A draw for each place alone
    # would miss by twice as much and more.
    assert reasons["evaluation"] / 2000 == pytest.approx(evaluation, abs=within)
    chance = min(random, 1 - evaluation)
    assert reasons["random"] / 2000 == pytest.approx(chance, abs=within)


def test_c8b_where_no_held_out_item_is_left_its_share_is_the_rules() -> None:
    picks = [
        pick
        for seed in range(200)
        for pick in mixing.mixed(
            TOP, POOL, [1000], mixing.Shares(0.2, 0.5), np.random.default_rng(seed)
        )
    ]

    for pick in picks:
        is_left = pick.mixture.held_out > 0
        assert pick.mixture.random == 0.2 or pick.reason == "evaluation"
        assert (pick.mixture.evaluation > 0) == is_left
    reasons = Counter(pick.reason for pick in picks if not pick.mixture.held_out)
    share = reasons["random"] / reasons.total()
    assert share == pytest.approx(0.2, abs=0.01)


def test_c8b_each_item_stands_first_as_often_as_its_mixture_says() -> None:
    rng = np.random.default_rng(0)
    firsts = [
        next(mixing.mixed(TOP, POOL, HELD_OUT, SHARES, rng)) for _ in range(4 * SEEDS)
    ]
    counts = Counter(pick.item_id for pick in firsts)
    probability = {pick.item_id: pick.mixture.probability for pick in firsts}

    # The rule's next comes by chance as well, so it has both.
    assert probability[0] == pytest.approx(0.5 + 0.3 / 170)
    assert probability[169] == pytest.approx(0.3 / 170)
    assert probability[1000] == pytest.approx(0.2 / 30)
    assert sum(probability.values()) == pytest.approx(1)
    spread = sum(
        (counts[pk] - len(firsts) * chance) ** 2 / (len(firsts) * chance)
        for pk, chance in probability.items()
    )
    assert spread < 199 + 4 * math.sqrt(2 * 199)


def test_c8b_labels_weighted_by_their_mixture_tell_of_the_whole_pool() -> None:
    # The model's picks are the hard items: unweighted they are three times as wrong.
    wrong = np.linspace(1, 0, len(POOL))
    estimates, plain = [], []
    for seed in range(SEEDS):
        before = 0.0
        for pick in islice(order(seed), 15):
            if pick.item_id >= len(POOL):
                continue
            plain.append(wrong[pick.item_id])
            weight = 1 / pick.mixture.probability
            share = 1 - pick.mixture.evaluation
            estimates.append(share * wrong[pick.item_id] * weight + before)
            before += wrong[pick.item_id]

    error = np.std(estimates) / math.sqrt(len(estimates))
    assert abs(np.mean(estimates) - wrong.sum()) < 4 * error
    assert np.mean(plain) > 1.4 * wrong.mean()


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
