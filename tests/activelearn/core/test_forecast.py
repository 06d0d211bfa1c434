"""Where a learning curve leads: known curves, known values, and what is advised."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from activelearn.core import advice
from activelearn.core import forecast as core
from activelearn.core.forecast import CurvePoint, Forecast, LearningCurve
from activelearn.core.intervals import Estimate
from tests.activelearn.core.test_meter import clouds


def exact(
    a: float, b: float, c: float, *, labels: int = 400, items: int = 4000
) -> LearningCurve:
    """Return a curve whose accuracies are a - b n^-c; which items are right is by chance."""
    rng = np.random.default_rng(0)
    sizes = core.sizes_of(labels)
    hits = [
        [
            rng.permutation(items) < round(items * (a - b * float(size) ** -c))
            for _ in range(core.SUBSETS)
        ]
        for size in sizes
    ]
    return LearningCurve(sizes, np.array(hits), np.arange(items), changing=0.1)


def flat(
    now: float, then: float, *, low: float | None = None, plateau: float = 0.9
) -> Forecast:
    """Return a forecast of an accuracy now and with as many labels again."""
    estimate = Estimate(now, now - 0.05 if low is None else low, now + 0.05)
    ahead = [
        CurvePoint(
            round(100 * times),
            replace(estimate, value=now + (then - now) * (times > 1)),
        )
        for times in core.AHEAD
    ]
    return Forecast(100, 50, [CurvePoint(100, estimate)], ahead, plateau, 0.1)


def test_a_power_law_is_recovered_from_its_values() -> None:
    sizes = core.sizes_of(400)
    law = core.fitted(sizes, 0.9 - 1.2 * sizes.astype(float) ** -0.5)

    assert (law.a, law.b, law.c) == pytest.approx((0.9, 1.2, 0.5), rel=0.01)
    assert law.at(400) == pytest.approx(0.9 - 1.2 / 20)


def test_a_level_curve_stays_level() -> None:
    law = core.fitted(core.sizes_of(400), np.full(7, 0.8))

    assert law.at(3200) == pytest.approx(0.8, abs=0.02)


def test_a_climbing_curve_is_expected_to_climb_on() -> None:
    forecast = core.forecast_of(exact(0.95, 1.5, 0.5), seed=1)

    assert forecast.now.value == pytest.approx(0.875, abs=0.01)
    assert forecast.twice.value == pytest.approx(0.897, abs=0.01)
    assert forecast.gain == pytest.approx(0.022, abs=0.01)
    assert [point.labels for point in forecast.ahead][::2] == [400, 800, 1600, 3200]
    assert (forecast.labels, forecast.held_out, forecast.changing) == (400, 4000, 0.1)
    for point in forecast.ahead:
        assert point.accuracy.low <= point.accuracy.value <= point.accuracy.high


def test_a_curve_of_a_part_of_the_labels_leads_on_from_all_of_them() -> None:
    forecast = core.forecast_of(exact(0.95, 1.5, 0.5), seed=1, labels=1600)

    assert forecast.points[-1].labels == 400
    assert [point.labels for point in forecast.ahead][::2] == [1600, 3200, 6400, 12800]
    assert forecast.now == forecast.ahead[0].accuracy
    assert forecast.now.value == pytest.approx(0.95 - 1.5 / 40, abs=0.01)
    assert forecast.twice.value == pytest.approx(0.95 - 1.5 / 3200**0.5, abs=0.01)


def test_of_fewer_held_out_items_less_is_known() -> None:
    wide = core.forecast_of(exact(0.95, 1.5, 0.5, items=100), seed=1).twice
    narrow = core.forecast_of(exact(0.95, 1.5, 0.5, items=4000), seed=1).twice

    assert wide.high - wide.low > 2 * (narrow.high - narrow.low)


def test_items_of_one_group_are_drawn_together() -> None:
    curve = exact(0.95, 1.5, 0.5, items=100)
    pairs = replace(
        curve,
        hits=np.concatenate([curve.hits] * 4, axis=2),
        groups=np.tile(curve.groups, 4),
    )

    alone, together = (core.forecast_of(each, seed=1).twice for each in (curve, pairs))

    assert together.high - together.low == pytest.approx(alone.high - alone.low)


def test_the_same_seed_gives_the_same_forecast() -> None:
    curve = exact(0.9, 1.0, 0.4, items=50)

    assert core.forecast_of(curve, seed=3) == core.forecast_of(curve, seed=3)
    assert core.forecast_of(curve, seed=3) != core.forecast_of(curve, seed=4)


def test_an_interval_is_widened_on_both_sides_and_stays_a_share() -> None:
    drawn = list(np.linspace(0.6, 1.0, 201))

    estimate = core.widened(0.8, drawn)

    assert estimate.low == pytest.approx(0.8 - core.WIDENED * 0.19)
    assert estimate.high == pytest.approx(min(1, 0.8 + core.WIDENED * 0.19))
    assert core.widened(0.9, [0.95] * 3).low == 0.9


def test_the_labels_an_accuracy_takes_are_where_the_band_reaches_it() -> None:
    ahead = [
        CurvePoint(labels, Estimate(value, value - 0.05, value + 0.05))
        for labels, value in ((100, 0.8), (200, 0.85), (400, 0.9))
    ]

    assert advice.needed(ahead, 0.85) == advice.Needed(200, 100, 400)
    assert advice.needed(ahead, 0.875).value == pytest.approx(283, abs=1)
    assert advice.needed(ahead, 0.9) == advice.Needed(400, 200, None)
    assert advice.needed(ahead, 0.99) == advice.Needed(None, None, None)


@pytest.mark.parametrize(
    ("forecast", "aim", "people", "wanted"),
    [
        (flat(0.8, 0.82), 0.0, None, "go on"),
        (flat(0.8, 0.82), 0.9, 0.8, "go on"),
        (flat(0.8, 0.802), 0.0, None, "stop"),
        (flat(0.8, 0.802), 0.9, None, "features"),
        (flat(0.8, 0.802, plateau=0.81), 0.9, 0.82, "labels"),
        (flat(0.8, 0.802, plateau=0.81), 0.9, 0.95, "features"),
        (flat(0.92, 0.921), 0.9, None, "stop"),
        (flat(0.95, 0.98, low=0.91), 0.9, None, "stop"),
    ],
)
def test_what_is_advised_follows_from_gain_aim_and_people(
    forecast: Forecast, aim: float, people: float | None, wanted: str
) -> None:
    assert advice.advised(forecast, aim, people) == wanted


@pytest.mark.parametrize(
    ("labels", "before", "due"),
    [(99, 0, False), (100, 0, True), (124, 100, False), (125, 100, True)],
)
def test_it_is_due_with_a_quarter_more_labels(
    labels: int, before: int, *, due: bool
) -> None:
    assert core.is_due(labels, before) is due


def task(count: int = 120, **fields: Any) -> core.CurveTask:
    rng = np.random.default_rng(0)
    rows, targets = clouds(count, rng)
    held_out, truth = clouds(300, rng)
    groups = np.arange(300)
    return core.CurveTask(
        rows, targets, held_out, truth, groups, is_multi=False, seed=1, **fields
    )


def test_a_curve_is_of_growing_subsets_and_all_labels_at_its_end() -> None:
    curve = core.curve_of(task())

    assert curve.sizes.tolist() == core.sizes_of(120).tolist()
    assert curve.sizes[-1] == 120
    assert curve.hits.shape == (7, core.SUBSETS, 300)
    assert (curve.hits[-1] == curve.hits[-1, 0]).all()
    assert curve.hits[-1].mean() > curve.hits[0].mean()
    assert 0 < curve.changing < 0.2


def test_a_curve_is_of_models_with_the_strength_in_force() -> None:
    usual, weak = (
        core.curve_of(task(strength=strength)) for strength in (10.0, 0.0001)
    )

    assert (core.curve_of(task()).hits == usual.hits).all()
    assert (usual.hits != weak.hits).any()


def test_labels_of_one_kind_make_a_level_curve() -> None:
    alike = replace(task(), targets=[("a",)] * 120)

    curve = core.curve_of(alike)

    share = np.mean([labels == ("a",) for labels in alike.truth])
    assert np.allclose(curve.hits.mean(axis=2), share)
    assert curve.changing == 0


def test_a_step_before_each_fit_can_end_it() -> None:
    def stop() -> None:
        raise InterruptedError

    with pytest.raises(InterruptedError):
        core.curve_of(task(step=stop))


@settings(max_examples=30, deadline=None)
@given(st.lists(st.floats(0, 1), min_size=7, max_size=7))
def test_any_accuracies_have_a_law_within_bounds(accuracies: list[float]) -> None:
    law = core.fitted(core.sizes_of(400), np.array(accuracies))

    assert max(accuracies) - core.SLACK <= law.a + 1e-6 or law.a >= 0.98 - 1e-6
    assert law.a <= 1 + 1e-9
    assert law.at(400) <= law.at(3200) + 1e-9
