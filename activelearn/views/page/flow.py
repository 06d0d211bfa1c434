"""Boxes with arrows between them, as numbers a template can draw: SVG from the server."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final

# Of a picture beside which nothing stands, and of one on a phone.
WIDE: Final = 1100
NARROW: Final = 340
GAP: Final = 26
BETWEEN: Final = 12
PADDING: Final = 9
WIDEST: Final = 190
LINE: Final = 15
# Of a letter on average; a Chinese one is as wide as it is high.
LETTER: Final = 6.3
SIGN: Final = 12.0
BOLD: Final = 0.95
MOST_LINES: Final = 3
HEAD: Final = 5
NO_BREAK: Final = "\u00a0"


@dataclass(frozen=True)
class FlowStep:
    """What a box says: its title, a fact below it, and the whole of it as a sentence.

    tone: its color; words say the same. is_first: nothing in the picture leads to it.
    is_last: it leads to nothing.
    """

    title: str
    fact: str
    sentence: str
    href: str
    tone: str = "plain"
    is_first: bool = False
    is_last: bool = False


@dataclass(frozen=True)
class FlowBox:
    """A step where it stands, and its texts line by line."""

    step: FlowStep
    x: float
    y: float
    width: float
    height: float
    texts: list[str]

    @property
    def lines(self) -> list[tuple[float, str]]:
        """Its texts, each with the line on which it stands in the picture."""
        return [
            (self.y + PADDING + LINE * (n + 1) - 4, text)
            for n, text in enumerate(self.texts)
        ]

    @property
    def middle(self) -> float:
        """Where its texts stand."""
        return self.x + self.width / 2


@dataclass(frozen=True)
class Flow:
    """A picture of boxes; edges and heads: the paths of its arrows."""

    boxes: list[FlowBox]
    edges: list[str]
    heads: list[str]
    width: float
    height: float

    @property
    def frame(self) -> str:
        """What of the plane is seen: all of it, and the strokes of the outer boxes."""
        return f"-2 -2 {self.width + 4:.0f} {self.height + 4:.0f}"


def across(layers: Sequence[Sequence[FlowStep]]) -> Flow:
    """Return layers as columns from the left to the right."""
    count = len(layers)
    width = min(WIDEST, (WIDE - GAP * (count - 1)) / max(1, count))
    columns = [_stacked(layer, width) for layer in layers]
    height = max((_height(column) for column in columns), default=0.0)
    placed = []
    for place, column in enumerate(columns):
        y = (height - _height(column)) / 2
        placed.append([_at(box, place * (width + GAP), box.y + y) for box in column])
    arrows = [
        (first.x + width, first.y + first.height / 2, then.x, then.y + then.height / 2)
        for first, then in _led(placed)
    ]
    return Flow(
        [box for column in placed for box in column],
        [
            f"M{x:.1f} {y:.1f}C{x + GAP / 2:.1f} {y:.1f} {u - GAP / 2:.1f} {v:.1f} {u - HEAD:.1f} {v:.1f}"
            for x, y, u, v in arrows
        ],
        [f"M{u:.1f} {v:.1f}l-7 -4v8z" for _, _, u, v in arrows],
        count * width + GAP * (count - 1),
        height,
    )


def down(layers: Sequence[Sequence[FlowStep]]) -> Flow:
    """Return layers from the top to the bottom, at most two boxes beside each other."""
    placed: list[list[FlowBox]] = []
    top = 0.0
    for layer in layers:
        placed.append(list(_paired(layer, top)))
        top = max(box.y + box.height for box in placed[-1]) + GAP
    arrows = [
        (first.middle, first.y + first.height, then.middle, then.y)
        for first, then in _led(placed)
    ]
    return Flow(
        [box for layer_boxes in placed for box in layer_boxes],
        [
            f"M{x:.1f} {y:.1f}C{x:.1f} {v - GAP / 2:.1f} {u:.1f} {v - GAP:.1f} {u:.1f} {v - HEAD:.1f}"
            for x, y, u, v in arrows
        ],
        [f"M{u:.1f} {v:.1f}l-4 -7h8z" for _, _, u, v in arrows],
        NARROW,
        top - GAP,
    )


def _led(placed: Sequence[Sequence[FlowBox]]) -> Iterator[tuple[FlowBox, FlowBox]]:
    """Yield the pairs of boxes of which the first leads to the second."""
    for layer, following in pairwise(placed):
        for first in layer:
            for then in following:
                if not first.step.is_last and not then.step.is_first:
                    yield first, then


def _stacked(layer: Sequence[FlowStep], width: float) -> list[FlowBox]:
    boxes: list[FlowBox] = []
    for step in layer:
        y = boxes[-1].y + boxes[-1].height + BETWEEN if boxes else 0.0
        boxes.append(_box(step, 0, y, width))
    return boxes


def _paired(layer: Sequence[FlowStep], top: float) -> Iterator[FlowBox]:
    """Yield a layer in rows of two; an odd one is as wide as two and stands first."""
    half = (NARROW - BETWEEN) / 2
    is_odd = len(layer) % 2
    rows = [layer[:1]] if is_odd else []
    rows += [layer[n : n + 2] for n in range(is_odd, len(layer), 2)]
    for row in rows:
        width = NARROW if len(row) == 1 else half
        boxes = [
            _box(step, place * (half + BETWEEN), top, width)
            for place, step in enumerate(row)
        ]
        yield from boxes
        top += max(box.height for box in boxes) + BETWEEN


def _box(step: FlowStep, x: float, y: float, width: float) -> FlowBox:
    # A title is bold, so its letters are wider.
    title = wrapped(step.title, width * BOLD, 1)
    texts = [*title, *wrapped(step.fact, width, MOST_LINES)]
    return FlowBox(step, x, y, width, LINE * len(texts) + 2 * PADDING, texts)


def _at(box: FlowBox, x: float, y: float) -> FlowBox:
    return replace(box, x=x, y=y)


def _height(column: Sequence[FlowBox]) -> float:
    return column[-1].y + column[-1].height if column else 0.0


def wrapped(text: str, width: float, most: int) -> list[str]:
    """Return a text in at most ``most`` lines of a box; what has no place is left out.

    What ``unbroken`` joins stays on one line.
    """
    room = width - 2 * PADDING
    lines: list[str] = []
    for word in re.findall(r"[^ \t\r\n]+", text):
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and _length(longer) <= room:
            lines[-1] = longer
        else:
            lines.append(word)
    kept = lines[:most]
    if len(lines) > most:
        kept[-1] += " …"
    return [_cut(line, room).replace(NO_BREAK, " ") for line in kept]


def unbroken(text: str) -> str:
    """Return a text that is not wrapped between its words."""
    return text.replace(" ", NO_BREAK)


def _cut(line: str, room: float) -> str:
    """Return a line that is no longer than its box; a long word loses its end."""
    if _length(line) <= room:
        return line
    while line and _length(line) > room - LETTER:
        line = line[:-1]
    return f"{line.rstrip(' …')}…"


def _length(text: str) -> float:
    return sum(
        SIGN if unicodedata.east_asian_width(sign) in "WF" else LETTER for sign in text
    )
