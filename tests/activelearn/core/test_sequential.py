"""Evidence that may be looked at after each item errs no more often than it says."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from activelearn.core import sequential
from activelearn.core.sequential import ArmCount, PairedEvidence

Signs = NDArray[np.int64]


def stream(rng: np.random.Generator, gain: float, n: int, differ: float = 0.1) -> Signs:
    """Return the outcomes of n items: ``differ`` of them differ, ``gain`` on balance."""
    shares = [(differ - gain) / 2, 1 - differ, (differ + gain) / 2]
    return rng.choice(np.array([-1, 0, 1]), size=n, p=shares)


def rates(gain: float, runs: int, n: int = 2000) -> dict[str, float]:
    """Return the share of runs in which each verdict is ever reached, at every item."""
    rng = np.random.default_rng(7)
    seen = [sequential.paired(stream(rng, gain, n)) for _run in range(runs)]
    proof = sequential.limit()
    return {
        "better": sum(each.benefit >= proof for each in seen) / runs,
        "worse": sum(each.harm >= proof for each in seen) / runs,
    }


def delay(gain: float, runs: int) -> float:
    """Return the median of items after which the true verdict is there."""
    rng = np.random.default_rng(11)
    delays = []
    for _run in range(runs):
        signs, seen, n = stream(rng, gain, 2000), PairedEvidence(), 0
        while n < 2000 and seen.verdict() == "go on":
            seen, n = sequential.paired(signs[n : n + 5], seen), n + 5
        delays.append(n)
    return float(np.median(delays))


def test_the_wealth_is_the_mean_of_the_products_of_the_bets() -> None:
    seen = sequential.paired([1, 1, 0, -1, 1])

    # The largest on the way is that after the last of the five.
    won = np.mean([(1 + s) ** 3 * (1 - s) for s in (0.1, 0.2, 0.4, 0.6, 0.8)])
    most = max(
        float(won), float(np.mean([(1 + s) ** 2 for s in (0.1, 0.2, 0.4, 0.6, 0.8)]))
    )
    assert math.exp(seen.benefit) == pytest.approx(most)
    assert (seen.n, seen.better, seen.worse) == (5, 3, 1)
    assert seen.harm == 0.0


def test_looks_in_between_change_nothing() -> None:
    signs = stream(np.random.default_rng(1), 0.05, 600)
    whole = sequential.paired(signs)

    seen = PairedEvidence()
    for part in np.array_split(signs, 37):
        seen = sequential.paired(part, seen)

    assert seen == whole
    assert sequential.paired([], whole) == whole


def test_many_items_overflow_nothing_and_harm_wins_over_benefit() -> None:
    seen = sequential.paired(np.ones(100_000))
    assert math.isfinite(seen.benefit)
    assert seen.verdict() == "better"
    assert (
        sequential.paired([], PairedEvidence(benefit=9.0, harm=9.0)).verdict()
        == "worse"
    )


@pytest.mark.parametrize("wrong", [[2], [0, -3], [[1]]])
def test_other_outcomes_are_refused(wrong: object) -> None:
    with pytest.raises(ValueError, match="Outcomes"):
        sequential.paired(wrong)  # type: ignore[arg-type]


def test_two_equal_models_are_told_apart_in_at_most_one_of_twenty_streams() -> None:
    told = rates(0.0, 400)
    assert told["better"] <= 0.05
    assert told["worse"] <= 0.05


@pytest.mark.parametrize(("gain", "verdict"), [(0.05, "better"), (-0.05, "worse")])
def test_a_difference_of_five_points_is_proved_within_two_thousand_items(
    gain: float, verdict: str
) -> None:
    told = rates(gain, 100)
    assert told.pop(verdict) >= 0.99
    assert max(told.values()) <= 0.01
    # The table of the design says 222 and 217 items.
    assert 150 <= delay(gain, 60) <= 290


def test_the_interval_holds_the_truth_and_shrinks() -> None:
    rng = np.random.default_rng(5)
    held = 0
    for _run in range(100):
        signs = stream(rng, 0.03, 1500)
        ends = [
            sequential.difference(sequential.paired(signs[:n])) for n in (300, 1500)
        ]
        held += all(end.low <= 0.03 <= end.high for end in ends)
        assert ends[1].high - ends[1].low < ends[0].high - ends[0].low
    assert held >= 95
    nothing = sequential.difference(PairedEvidence())
    assert (nothing.low, nothing.high) == (-1.0, 1.0)


def test_arms_of_their_own_need_more_items_and_are_silent_below_twenty() -> None:
    assert sequential.unpaired(ArmCount(0, 500), ArmCount(19, 19), 0.05) == 0.0
    assert sequential.unpaired(ArmCount(850, 1000), ArmCount(855, 1000), 0.05) < 0.5
    strong = sequential.unpaired(ArmCount(850, 1000), ArmCount(750, 1000), 0.05)
    assert strong > sequential.limit()
    mirrored = sequential.unpaired(ArmCount(150, 1000), ArmCount(250, 1000), 0.05)
    assert strong == pytest.approx(mirrored)
    with pytest.raises(ValueError, match="least"):
        sequential.unpaired(ArmCount(1, 30), ArmCount(1, 30), 0.0)


def unpaired_rate(gap: float, share: float, runs: int) -> float:
    """Return the share of runs in which arms of their own are ever told apart."""
    rng = np.random.default_rng(13)
    told = 0
    for _run in range(runs):
        mine = rng.random(4000) < share
        hit = rng.random(4000) < np.where(mine, 0.85 + gap, 0.85)
        sizes = np.cumsum(mine), np.cumsum(~mine)
        hits = np.cumsum(hit & mine), np.cumsum(hit & ~mine)
        told += any(
            sequential.unpaired(
                ArmCount(int(hits[1][n]), int(sizes[1][n])),
                ArmCount(int(hits[0][n]), int(sizes[0][n])),
                0.05,
            )
            >= sequential.limit()
            for n in range(24, 4000, 25)
        )
    return told / runs


def test_arms_of_their_own_seldom_err_and_find_what_is_large() -> None:
    assert unpaired_rate(0.0, 0.5, 60) <= 0.07
    assert unpaired_rate(-0.1, 0.5, 20) == 1.0


@pytest.mark.soak
@pytest.mark.parametrize(
    ("gain", "better", "worse"),
    [
        (0.0, 0.031, 0.040),
        (0.01, 0.17, 0.009),
        (0.02, 0.60, 0.001),
        (0.05, 1.0, 0.0),
        (-0.02, 0.001, 0.60),
        (-0.05, 0.0, 1.0),
        (-0.1, 0.0, 1.0),
    ],
)
def test_a_thousand_streams_give_the_rates_of_the_design(
    gain: float, better: float, worse: float
) -> None:
    told = rates(gain, 1000)
    assert told["better"] == pytest.approx(better, abs=0.045)
    assert told["worse"] == pytest.approx(worse, abs=0.045)


@pytest.mark.soak
@pytest.mark.parametrize(
    ("share", "gap", "rate"),
    [(0.05, 0.0, 0.077), (0.2, -0.05, 0.73), (0.5, 0.0, 0.022), (0.5, -0.05, 0.92)],
)
def test_arms_of_their_own_have_the_rates_of_the_design(
    share: float, gap: float, rate: float
) -> None:
    assert unpaired_rate(gap, share, 400) == pytest.approx(rate, abs=0.06)
