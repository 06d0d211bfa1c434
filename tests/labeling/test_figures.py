"""Figures as pages show them."""

from __future__ import annotations

from django.utils import translation

from activelearn.core.intervals import Estimate
from labeling.templatetags.figures import estimate, interval, number, percents


def test_an_interval_below_nothing_cannot_be_misread() -> None:
    figure = Estimate(-0.054, -0.1, -0.008)

    assert estimate(figure) == ('−0.05 <small class="interval">−0.10 to −0.01</small>')
    assert interval([-0.1, 0.1]) == "−0.10 to 0.10"
    assert percents((0.514, 0.73)) == "51 to 73 %"
    assert estimate(None) == estimate("") == "–"


def test_what_is_rounded_to_nothing_has_no_sign() -> None:
    assert number(-0.001) == "0.00"
    assert number(-0.005, 3) == "−0.005"


def test_an_interval_is_written_in_the_language_of_the_page() -> None:
    with translation.override("de"):
        assert interval([-0.1, -0.01]) == "−0,10 bis −0,01"
    with translation.override("es"):
        assert interval([-0.1, -0.01]) == "−0,10 a −0,01"
