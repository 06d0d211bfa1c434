"""Figures with their intervals, as pages show them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from django import template
from django.utils.formats import number_format
from django.utils.html import format_html
from django.utils.translation import gettext as _

NOTHING: Final = "–"
register = template.Library()


@register.filter
def estimate(figure: Any) -> str:
    """Return a ``core.intervals.Estimate`` to two decimals; a dash where there is none."""
    # A template's way to say that there is none is an empty text.
    if figure is None or figure == "":
        return NOTHING
    return format_html(
        '{} <small class="interval">{}</small>',
        number(figure.value),
        low_to_high(figure.low, figure.high),
    )


@register.filter
def interval(ends: Sequence[float]) -> str:
    """Return the two ends of an interval in words: "−0.10 to −0.01"."""
    low, high = ends
    return low_to_high(low, high)


@register.filter
def percents(ends: Sequence[float]) -> str:
    """Return the ends of an interval of a share in percent: "51 to 73 %"."""
    low, high = ends
    return f"{low_to_high(100 * low, 100 * high, digits=0)} %"


def low_to_high(low: float, high: float, digits: int = 2) -> str:
    """Return an interval in words; a dash would be read as a minus before the higher end."""
    ends = {"low": number(low, digits), "high": number(high, digits)}
    return _("%(low)s to %(high)s") % ends


def number(value: float, digits: int = 2) -> str:
    """Return a number with a minus sign, which is wider than a hyphen."""
    # What is rounded to nothing is not below it.
    return number_format(round(value, digits) + 0.0, digits).replace("-", "−")
