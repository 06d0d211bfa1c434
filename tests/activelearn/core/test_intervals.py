"""Intervals: published values, and how often they hold what they are about."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from activelearn.core import intervals


@pytest.mark.parametrize(
    ("hits", "n", "low", "high"),
    # Newcombe 1998, Statistics in Medicine 17:857–872, table I, the score method.
    [
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_wilson_has_the_published_limits(
    hits: int, n: int, low: float, high: float
) -> None:
    share = intervals.wilson(hits / n, n)

    assert (share.low, share.high) == pytest.approx((low, high), abs=5e-5)


@given(st.integers(1, 500), st.integers(0, 500))
def test_wilson_is_what_scipy_says(n: int, hits: int) -> None:
    hits = min(n, hits)
    known = stats.binomtest(hits, n).proportion_ci(method="wilson")

    share = intervals.wilson(hits / n, n)

    assert (share.low, share.high) == pytest.approx((known.low, known.high), abs=1e-6)
    assert share.low <= share.value <= share.high


def test_of_no_items_nothing_is_known() -> None:
    nothing = np.zeros(0, dtype=bool)

    share = intervals.proportion(nothing, np.zeros(0, dtype=np.int64))

    assert share == intervals.Estimate(0, 0, 1)


def test_copies_of_an_item_make_nothing_surer() -> None:
    hits = np.array([True, False, True, True, False, True, True, True, False, True])
    copied, groups = np.repeat(hits, 7), np.repeat(np.arange(10), 7)

    once = intervals.proportion(hits, np.arange(10))
    again = intervals.proportion(copied, groups)
    apart = intervals.proportion(copied, np.arange(70))

    # Ten groups know a little less of their spread than ten items: 9 degrees of freedom.
    assert again.low == pytest.approx(intervals.wilson(0.7, 9).low)
    assert again.low < once.low < apart.low


def test_of_groups_that_are_all_right_each_counts_as_one() -> None:
    all_right = np.ones(20, dtype=bool)

    share = intervals.proportion(all_right, np.repeat(np.arange(4), 5))

    assert share == intervals.wilson(1.0, 4)


def test_the_interval_of_f1_is_that_of_its_jaccard_index() -> None:
    union = intervals.wilson(6 / 10, 10)

    f1 = intervals.f1(6, 8, 8, union)

    assert f1.value == pytest.approx(0.75)
    assert f1.low == pytest.approx(2 * union.low / (1 + union.low))
    assert intervals.f1(0, 0, 0, intervals.wilson(0, 0)).value == 0


def test_the_bootstrap_repeats_itself_and_finds_the_spread_of_a_mean() -> None:
    values = np.random.default_rng(3).normal(size=400)

    def mean(weights: intervals.Array) -> intervals.Array:
        return weights @ values / len(values)

    samples = intervals.bootstrap(mean, len(values), seed=1)

    assert (samples == intervals.bootstrap(mean, len(values), seed=1)).all()
    assert (samples != intervals.bootstrap(mean, len(values), seed=2)).any()
    assert samples.std() == pytest.approx(values.std() / 20, rel=0.1)
    interval = intervals.percentile(float(values.mean()), samples)
    half = 1.96 * values.std() / 20
    assert interval.high - interval.low == pytest.approx(2 * half, rel=0.15)


def test_a_sample_in_which_a_figure_is_undefined_counts_as_its_value() -> None:
    samples = np.array([np.nan] * 99 + [0.1])

    interval = intervals.percentile(0.5, samples)

    assert (interval.value, interval.low, interval.high) == (0.5, 0.5, 0.5)
