"""Curves as numbers a template can draw: SVG from the server, no script."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from django.utils.formats import number_format

WIDTH: Final = 640
HEIGHT: Final = 220
LEFT: Final = 44
RIGHT: Final = 12
TOP: Final = 12
BOTTOM: Final = 28


@dataclass(frozen=True)
class Point:
    """A value with its interval, where it has one."""

    name: str
    value: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Dot:
    """A point where it stands in the picture."""

    x: float
    y: float
    point: Point


@dataclass(frozen=True)
class Curve:
    """The paths, dots and grid lines of a curve."""

    line: str
    band: str
    dots: list[Dot]
    grid: list[tuple[float, str]]
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    right: int = WIDTH - RIGHT


def round_ticks(low: float, high: float, most: int = 4) -> list[float]:
    """Return round numbers at even steps that span a range; 0 is one if it is inside.

    A step is 1, 2 or 5 times a power of ten; some ``most`` of them cover the range.
    """
    span = (high - low) / most
    if span <= 0:
        return [low, low + 1]
    power = 10.0 ** math.floor(math.log10(span))
    step = next(power * times for times in (1, 2, 5, 10) if power * times >= span)
    # What is a whole number of steps but for rounding needs no further tick.
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [round(number * step, 12) for number in range(first, last + 1)]


def curve(points: Sequence[Point], *, low: float, high: float) -> Curve:
    """Return a curve through ``points`` at even steps; values are cut to the range."""
    step = (WIDTH - LEFT - RIGHT) / max(1, len(points) - 1)
    span = HEIGHT - TOP - BOTTOM

    def place(value: float) -> float:
        share = (min(high, max(low, value)) - low) / (high - low)
        return round(TOP + span * (1 - share), 1)

    xs = [round(LEFT + step * number, 1) for number in range(len(points))]
    dots = [
        Dot(x, place(point.value), point) for x, point in zip(xs, points, strict=True)
    ]
    banded = [
        (x, place(point.low), place(point.high))
        for x, point in zip(xs, points, strict=True)
        if point.low is not None and point.high is not None
    ]
    edge = [f"{x},{bottom}" for x, bottom, _ in banded]
    edge += [f"{x},{top}" for x, _, top in reversed(banded)]
    lines = [low + (high - low) * quarter / 4 for quarter in range(5)]
    return Curve(
        line=" ".join(f"{dot.x},{dot.y}" for dot in dots),
        band=" ".join(edge) if len(banded) > 1 else "",
        dots=dots,
        grid=[(place(value), number_format(value, 2)) for value in lines],
    )
