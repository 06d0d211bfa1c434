"""An audit that is looked at after each item: no false alarms, and drops are found."""

from __future__ import annotations

import numpy as np
import pytest

from activelearn.core import audit


def alarms(shares: np.ndarray, risk: float, runs: int = 200) -> np.ndarray:
    """Return at which item each run raises the alarm, or infinity; shares: (n,)."""
    rng = np.random.default_rng(0)
    times = []
    for _ in range(runs):
        evidence = audit.judge(rng.random(len(shares)) < shares, risk).evidence
        hits = np.nonzero(evidence >= audit.LIMIT)[0]
        times.append(hits[0] + 1 if len(hits) else np.inf)
    return np.array(times)


def test_at_the_promised_risk_an_alarm_is_rare_however_often_one_looks() -> None:
    # By the theory on average one in 1,000 items at most; it is far fewer.
    assert np.mean(np.isfinite(alarms(np.full(1000, 0.02), 0.02))) <= 0.1
    assert np.mean(np.isfinite(alarms(np.full(1000, 0.01), 0.02))) <= 0.01


@pytest.mark.parametrize(("share", "within"), [(0.06, 300), (0.1, 120), (0.2, 40)])
def test_a_drop_is_found_soon_also_after_much_that_was_good(
    share: float, within: int
) -> None:
    before = 500
    drop = np.concatenate([np.full(before, 0.01), np.full(2000, share)])

    times = alarms(drop, 0.02)

    assert np.all(np.isfinite(times))
    assert np.median(times) - before <= within
    # What was good before does not make it slower than a drop at the start.
    at_once = np.median(alarms(np.full(2000, share), 0.02))
    assert np.median(times) - before <= at_once + 30


def test_the_last_good_moment_is_about_where_the_drop_began() -> None:
    rng = np.random.default_rng(1)
    outcomes = np.concatenate([rng.random(300) < 0.005, rng.random(60) < 0.3])

    said = audit.judge(outcomes, 0.02)

    assert said.is_broken
    assert 250 <= said.last_good <= 315


def test_nothing_is_said_before_the_first_item_and_all_wrong_is_a_number() -> None:
    none = audit.judge([], 0.02)

    assert (none.now, none.last_good, none.is_broken) == (1.0, 0, False)
    assert np.isfinite(audit.judge([True] * 500, 0.001).evidence).all()
    # Where more is promised than anybody bets against, nothing is ever found.
    assert not audit.judge([True] * 50, 0.95).is_broken


def test_the_interval_is_clopper_and_pearsons() -> None:
    low, high = audit.interval(100, 3, 0.05)

    assert (low, high) == pytest.approx((0.00623, 0.08518), abs=1e-5)
    assert audit.interval(0, 0, 0.05) == (0.0, 1.0)
    assert audit.interval(40, 0, 0.05)[0] == 0.0


def test_so_many_are_drawn_as_the_share_says_and_fifty_at_least() -> None:
    assert audit.to_draw(10_000, 0, 9000, 0.02, 50) == 200
    assert audit.to_draw(10_000, 150, 9000, 0.02, 50) == 50
    assert audit.to_draw(100, 0, 100, 0.02, 50) == 50
    assert audit.to_draw(30, 0, 30, 0.02, 50) == 30
    assert audit.to_draw(100, 60, 40, 0.02, 50) == 0
