"""How a change came: at once, little by little, for a while, or again and again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final, Literal

Shape = Literal["none", "sudden", "gradual", "temporary", "recurring"]
# Windows that are looked at, and quiet ones after which a change is over.
WINDOWS: Final = 10
_OVER: Final = 2


@dataclass(frozen=True)
class Course:
    """How a change came, and the first window of it; None without any."""

    shape: Shape
    since: int | None


def course(effects: Sequence[float], fired: Sequence[bool]) -> Course:
    """Return the course of a change over windows, the oldest first.

    effects: how large the difference was in each window. fired: whether a test saw it. Two
    changes with two quiet windows between them recur, and one with two quiet ones behind
    it was temporary. What goes on came at once where its first window shows two thirds of
    the largest effect, else little by little.
    """
    spans = _spans(fired)
    if not spans:
        return Course("none", None)
    first, last = spans[-1]
    if len(spans) > 1:
        return Course("recurring", spans[0][0])
    if len(fired) - 1 - last >= _OVER:
        return Course("temporary", first)
    quiet = effects[max(0, first - 3) : first]
    base = sum(quiet) / len(quiet) if quiet else 0.0
    rise = max(effects[first : last + 1]) - base
    is_sudden = rise <= 0 or effects[first] - base >= rise * 2 / 3
    # A window that the change fell into shows a part of it; the next one tells.
    if not is_sudden and first < last:
        is_sudden = effects[first + 1] - base >= rise * 0.9
    return Course("sudden" if is_sudden else "gradual", first)


def _spans(fired: Sequence[bool]) -> list[tuple[int, int]]:
    """Return first and last window of each change; one quiet window does not end it."""
    spans: list[tuple[int, int]] = []
    for is_fired, group in groupby(enumerate(fired), key=lambda pair: pair[1]):
        places = [place for place, _ in group]
        if not is_fired:
            continue
        if spans and places[0] - spans[-1][1] <= _OVER:
            spans[-1] = (spans[-1][0], places[-1])
        else:
            spans.append((places[0], places[-1]))
    return spans
