"""When going on leads no further, and days as a project writes them: known values."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from activelearn.core import advice
from activelearn.core.forecast import AHEAD, CurvePoint, Forecast
from activelearn.core.intervals import Estimate
from activelearn.models.teaching import days_of


def forecast(low: float) -> Forecast:
    """Return a flat curve at 80 %, whose interval begins at ``low``."""
    accuracy = Estimate(0.8, low, 0.85)
    points = [CurvePoint(labels, accuracy) for labels in (100, 200)]
    ahead = [CurvePoint(round(200 * times), accuracy) for times in AHEAD]
    return Forecast(200, 60, points, ahead, 0.8, 0.01)


def test_three_failures_and_no_hope_of_more_labels_are_the_end() -> None:
    assert advice.has_ended(forecast(0.7), 0.0, "stop", 3)
    assert advice.has_ended(forecast(0.7), 0.9, "features", 5)


def test_two_failures_are_not() -> None:
    assert not advice.has_ended(forecast(0.7), 0.0, "stop", 2)


def test_where_more_labels_are_expected_to_help_it_goes_on() -> None:
    assert not advice.has_ended(forecast(0.7), 0.0, "go on", 9)


def test_an_aim_that_is_reached_for_sure_is_no_end_that_anybody_minds() -> None:
    assert not advice.has_ended(forecast(0.7), 0.7, "stop", 3)
    assert advice.has_ended(forecast(0.7), 0.75, "stop", 3)


def test_the_last_day_that_is_left_out_counts_whole() -> None:
    begin, end = days_of("2026-03-01..2026-03-31")

    assert begin == datetime(2026, 3, 1, tzinfo=UTC)
    assert end == datetime(2026, 4, 1, tzinfo=UTC)
    assert days_of(" 2026-03-01 .. 2026-03-01 ") == (
        begin,
        datetime(2026, 3, 2, tzinfo=UTC),
    )


@pytest.mark.parametrize(
    "text", ["", "2026-03-01", "2026-03-02..2026-03-01", "1..2", "a..b..c"]
)
def test_what_are_no_days_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        days_of(text)
