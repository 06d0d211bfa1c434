"""Ratios as a picture: a line for each set, a dot for each arm, as SVG."""

from __future__ import annotations

import math
from collections.abc import Mapping

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

LEFT, WIDTH, LINE, TOP = 130, 640, 34, 44
LEAST, MOST = 0.2, 2.0
TICKS = (0.2, 0.3, 0.5, 0.7, 1.0, 1.4, 2.0)
COLORS = (
    "#b7791f",
    "#2b6cb0",
    "#38a169",
    "#805ad5",
    "#d53f8c",
    "#00838f",
    "#9c4221",
    "#4a5568",
)


def svg(ratios: Mapping[str, Mapping[str, float]], ours: str) -> str:
    """Return a picture of ratios by set and arm, 1 being random order; ``ours`` large."""
    arms = list(dict.fromkeys(arm for by_arm in ratios.values() for arm in by_arm))
    bottom = TOP + LINE * len(ratios)
    lines = [
        _line(name, by_arm, TOP + LINE * place + LINE / 2, (arms, ours))
        for place, (name, by_arm) in enumerate(ratios.items())
    ]
    return format_html(
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {} {}" font-size="13"'
        ' font-family="system-ui, sans-serif" fill="#475569">'
        '<rect width="100%" height="100%" fill="#fff"/>{}{}{}</svg>\n',
        LEFT + WIDTH + 20,
        bottom + 40,
        _scale(bottom),
        _key(arms, ours),
        format_html_join("", "{}", ((line,) for line in lines)),
    )


def _x(ratio: float) -> float:
    share = math.log(min(MOST, max(LEAST, ratio)) / LEAST) / math.log(MOST / LEAST)
    return round(LEFT + share * WIDTH, 1)


def _scale(bottom: int) -> SafeString:
    return format_html_join(
        "",
        '<line x1="{0}" x2="{0}" y1="{1}" y2="{2}" stroke="{3}"/>'
        '<text x="{0}" y="{4}" text-anchor="middle">{5}×</text>',
        (
            (_x(t), TOP, bottom, "#0f172a" if t == 1 else "#e2e8f0", bottom + 20, t)
            for t in TICKS
        ),
    )


def _key(arms: list[str], ours: str) -> SafeString:
    step = (LEFT + WIDTH) / max(1, len(arms))
    return format_html_join(
        "",
        '<circle cx="{}" cy="18" r="5" fill="{}"/>'
        '<text x="{}" y="22" font-weight="{}">{}</text>',
        (
            (
                round(12 + step * place, 1),
                COLORS[place % len(COLORS)],
                round(20 + step * place, 1),
                700 if arm == ours else 400,
                arm.replace("least_confidence", "least conf."),
            )
            for place, arm in enumerate(arms)
        ),
    )


def _line(
    name: str, by_arm: Mapping[str, float], y: float, arms: tuple[list[str], str]
) -> SafeString:
    order, ours = arms
    # Ours last: it lies on top of the others.
    drawn = sorted(by_arm, key=lambda arm: arm == ours)
    dots = format_html_join(
        "",
        '<circle cx="{}" cy="{}" r="{}" fill="{}" fill-opacity="{}">'
        "<title>{} {}</title></circle>",
        (
            (
                _x(by_arm[arm]),
                y,
                8 if arm == ours else 5,
                COLORS[order.index(arm) % len(COLORS)],
                1 if arm == ours else 0.75,
                arm,
                round(by_arm[arm], 2),
            )
            for arm in drawn
        ),
    )
    return format_html(
        '<text x="{}" y="{}" text-anchor="end" fill="#0f172a">{}</text>{}',
        LEFT - 12,
        y + 4,
        name,
        dots,
    )
