"""Figures with their intervals, as pages show them."""

from __future__ import annotations

from typing import Any, Final

from django import template
from django.utils.formats import number_format
from django.utils.html import format_html

NOTHING: Final = "–"
register = template.Library()


@register.filter
def estimate(figure: Any) -> str:
    """Return a ``core.intervals.Estimate`` to two decimals; a dash where there is none."""
    # A template's way to say that there is none is an empty text.
    if figure is None or figure == "":
        return NOTHING
    return format_html(
        '{} <small class="interval">{}–{}</small>',
        *(number_format(part, 2) for part in (figure.value, figure.low, figure.high)),
    )
