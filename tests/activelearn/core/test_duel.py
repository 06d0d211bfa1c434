"""A duel's sample of the items on which two models differ tells as all items would."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from activelearn.core import duel
from activelearn.core.duel import DuelSample

Answers = dict[int, tuple[str, ...]]
SAMPLES = 2000


def population(better: int, worse: int, neither: int, same: int) -> tuple[Answers, ...]:
    """Return truth, champion and challenger on so many items."""
    parts = (
        [("a", "b", "a")] * better
        + [("a", "a", "b")] * worse
        + [("a", "b", "c")] * neither
        + [("a", "a", "a")] * same
    )
    order = np.random.default_rng(3).permutation(len(parts))
    return tuple(
        {100 + n: (parts[place][side],) for n, place in enumerate(order)}
        for side in range(3)
    )


def outcomes_of(whole: tuple[Answers, ...], fight: DuelSample) -> list[int]:
    truth, old, new = whole
    return [duel.outcome_of(truth[pk], old[pk], new[pk]) for pk in fight.order]


def test_c12_only_items_on_which_the_models_differ_are_asked_each_once() -> None:
    whole = population(30, 10, 5, 455)

    fight = duel.drawn(whole[1], whole[2], np.random.default_rng(1))

    assert fight.items == 500
    assert sorted(fight.order) == sorted(
        pk for pk in whole[0] if whole[1][pk] != whole[2][pk]
    )
    assert sorted(outcomes_of(whole, fight)) == [-1] * 10 + [0] * 5 + [1] * 30


@settings(max_examples=10, deadline=None)
@given(st.integers(150, 500), st.integers(150, 500), st.integers(0, 80))
def test_c12_the_gain_is_estimated_without_bias_and_within_its_interval(
    better: int, worse: int, neither: int
) -> None:
    size = better + worse + neither
    fight = DuelSample(4000, tuple(range(size)))
    true_gain = (better - worse) / 4000
    rng = np.random.default_rng(size)
    # What a uniform sample of 100 without replacement holds.
    drawn = rng.multivariate_hypergeometric([better, worse, neither], 100, SAMPLES)

    gains = [duel.gain_of(fight, int(b), int(w), 100) for b, w, _ in drawn]

    values = np.array([gain.value for gain in gains])
    error = values.std() / SAMPLES**0.5
    assert abs(values.mean() - true_gain) < 4.5 * error
    covered = np.mean([gain.low <= true_gain <= gain.high for gain in gains])
    assert covered > 0.92


def test_c12_the_order_is_a_uniform_sample_of_the_differing_items() -> None:
    old: Answers = dict.fromkeys(range(40), ("a",))
    new: Answers = {pk: ("b",) if pk < 10 else ("a",) for pk in range(40)}
    rng = np.random.default_rng(5)

    firsts = [duel.drawn(old, new, rng).order[:3] for _ in range(4000)]

    counts = np.bincount([pk for order in firsts for pk in order], minlength=10)
    assert len(counts) == 10
    # Binomial(4000, .3): its standard deviation is 29.
    assert abs(counts - 1200).max() < 4.5 * 29


def test_c12_once_all_differing_items_are_known_so_is_the_gain() -> None:
    fight = DuelSample(1000, tuple(range(80)))

    judged = duel.judged(fight, [1] * 50 + [-1] * 25 + [0] * 5)

    assert (judged.gain.low, judged.gain.value, judged.gain.high) == (
        0.025,
        0.025,
        0.025,
    )
    assert (judged.verdict, judged.alpha, fight.looks) == ("promote", 0.05, (80,))


@pytest.mark.parametrize(
    ("better", "worse", "verdict"),
    [
        (66, 34, "promote"),
        # P(X ≥ 60) for X ~ Bin(100, ½) is .028: more than the first look's .02.
        (60, 40, "go on"),
        (50, 50, "not better"),
        (20, 80, "not better"),
    ],
)
def test_c12_after_the_first_look_it_ends_or_goes_on(
    better: int, worse: int, verdict: str
) -> None:
    fight = DuelSample(10_000, tuple(range(900)))

    judged = duel.judged(fight, [1] * better + [-1] * worse)

    assert judged.verdict == verdict
    assert judged.alpha == pytest.approx(0.02)
    assert judged.next == (300 if verdict == "go on" else 0)


def test_c12_the_second_look_is_the_last() -> None:
    fight = DuelSample(10_000, tuple(range(900)))

    judged = duel.judged(fight, [1] * 160 + [-1] * 140)

    assert (judged.verdict, judged.next) == ("cannot tell", 0)
    assert judged.alpha == pytest.approx(0.03)
    # .0005 is little enough.
    assert duel.judged(fight, [1] * 179 + [-1] * 121).verdict == "promote"


def test_c12_equal_models_win_a_duel_in_at_most_one_of_twenty() -> None:
    fight = DuelSample(20_000, tuple(range(2000)))
    rng = np.random.default_rng(7)

    wins = sum(_is_won(fight, rng.permutation([1, -1] * 1000)) for _ in range(SAMPLES))

    # Of 2,000 at 5 %: 100, with a standard deviation of 10.
    assert wins < 100 + 3 * 10


def _is_won(fight: DuelSample, outcomes: np.ndarray) -> bool:
    for size in fight.looks:
        judged = duel.judged(fight, outcomes[:size].tolist())
        if judged.verdict != "go on":
            return judged.verdict == "promote"
    return False


def test_c12_models_that_never_differ_are_equal() -> None:
    fight = duel.drawn({1: ("a",)}, {1: ("a",)}, np.random.default_rng(0))

    judged = duel.judged(fight, [])

    assert (judged.verdict, judged.gain.value, judged.next) == ("not better", 0, 0)


def test_c12_a_duel_is_only_judged_at_its_looks() -> None:
    fight = DuelSample(1000, tuple(range(200)))

    with pytest.raises(ValueError, match="after"):
        duel.judged(fight, [1] * 99)
    with pytest.raises(ValueError, match="same items"):
        duel.drawn({1: ("a",)}, {2: ("a",)}, np.random.default_rng(0))
