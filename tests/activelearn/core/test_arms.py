"""Two arms of labels: what chance drew, as if from the whole pool, and what the rule chose."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from activelearn.core.arms import FirstVote, arms_of


def votes(kinds: str, pool: int) -> list[FirstVote]:
    """Return first votes by "r"ule, "c"hance or "o"thers on a pool of a size."""
    names = {"r": "rule", "o": "other"}
    return [
        FirstVote(place, "chance", pool - place)
        if kind == "c"
        else FirstVote(place, names[kind])  # type: ignore[arg-type]
        for place, kind in enumerate(kinds)
    ]


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def test_in_a_large_pool_the_arms_are_the_votes_in_their_order() -> None:
    arms = arms_of(votes("rcorcr", 10**9), 100, rng())

    assert (arms.chance, arms.rule) == ([1, 4], [0, 3, 5])


def test_what_the_rule_has_taken_joins_chance_as_often_as_a_draw_would_hit_it() -> None:
    # 60 of 100 have a label by the rule, then chance draws: of the whole pool it would
    # have drawn one of those with 60 %, and then another one with 59 of 99.
    kinds = votes("r" * 60 + "c", 100)
    sizes = [len(arms_of(kinds, 100, rng(seed)).chance) for seed in range(2000)]

    first = np.mean([size > 1 for size in sizes])
    second = np.mean([size > 2 for size in sizes if size > 1])
    assert abs(first - 0.6) < 0.035
    assert abs(second - 59 / 99) < 0.045


def test_so_the_arm_of_chance_is_a_uniform_sample_of_the_pool() -> None:
    pool = 40
    hits = np.zeros(pool)
    for seed in range(1000):
        chance = rng(seed)
        # The rule takes the first half, item by item; chance draws of what is open.
        open_ones, drawn = set(range(pool)), []
        for place in range(20):
            open_ones.discard(place)
            drawn.append(FirstVote(place, "rule"))
        for _ in range(3):
            left = sorted(open_ones)
            item = int(chance.choice(left))
            drawn.append(FirstVote(item, "chance", len(left)))
            open_ones.discard(item)
        hits[arms_of(drawn, 3, chance).chance] += 1

    assert abs(hits[:20].mean() / hits[20:].mean() - 1) < 0.1


@given(st.text("rco", max_size=60), st.integers(0, 30), st.integers(0, 5))
def test_no_item_is_twice_in_an_arm_and_the_same_seed_gives_the_same(
    kinds: str, most: int, seed: int
) -> None:
    given_votes = votes(kinds, 60)

    arms = arms_of(given_votes, most, rng(seed))

    for side in (arms.chance, arms.rule):
        assert len(set(side)) == len(side) <= most
    assert arms == arms_of(given_votes, most, rng(seed))
