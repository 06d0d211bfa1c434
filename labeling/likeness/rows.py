"""Rows of tables that are nearly the same: equal but for the last digit of decimals.

Whole numbers, words and missing values have to be equal: there a difference is one. A
decimal may differ by a unit of its last digit. Its bands are the row with the decimals
rounded to two digits, on four grids, each a quarter of a step beside the last: near the
border of one grid it is in the middle of another.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from typing import Any, Final

from labeling.likeness.sketch import DIFFERENT, Sketch

KIND: Final = b"R"
GRIDS: Final = 4
# Fewer digits in all decimals together do not tell one row from another.
FEWEST_DIGITS: Final = 6
# Beyond these digits a decimal's last ones are noise of the machine.
DIGITS: Final = 5


def sketch(data: Mapping[str, Any], key: str) -> Sketch:
    """Return the sketch of a row; ``key``: the digest of its content."""
    decimals = {name: x for name, x in _decimals(data) if math.isfinite(x)}
    if sum(map(_digits, decimals.values())) < FEWEST_DIGITS:
        return Sketch(key)
    rest = {name: str(v).strip() for name, v in data.items() if name not in decimals}
    bands = tuple(
        _number([grid, rest, [_cell(decimals[n], grid) for n in sorted(decimals)]])
        for grid in range(GRIDS)
    )
    known = [_number(rest), [decimals[name] for name in sorted(decimals)]]
    return Sketch(key, bands, KIND + json.dumps(known).encode())


def likeness(own: bytes, other: bytes) -> float:
    """Return 1 where two rows are alike, else 0."""
    (rest, first), (other_rest, second) = json.loads(own[1:]), json.loads(other[1:])
    is_alike = (
        rest == other_rest
        and len(first) == len(second)
        and all(map(_is_near, first, second))
    )
    return 1.0 if is_alike else DIFFERENT


def _decimals(data: Mapping[str, Any]) -> list[tuple[str, float]]:
    decimals = []
    for name, value in data.items():
        is_text = isinstance(value, str) and "." in value and len(value) < 40
        if isinstance(value, float) or is_text:
            try:
                decimals.append((name, float(value)))
            except ValueError:
                continue
    return decimals


def _places(x: float) -> int:
    """Return how many places after the point a decimal shows, at most to DIGITS."""
    whole = len(str(int(abs(x)))) if abs(x) >= 1 else 0
    shown = f"{abs(x):.{max(DIGITS - whole, 0)}f}".rstrip("0").partition(".")[2]
    return len(shown)


def _digits(x: float) -> int:
    return len(f"{abs(x):.{DIGITS}g}".replace(".", "").strip("0"))


def _is_near(x: float, y: float) -> bool:
    # Half a unit more, for binary fractions. A 0 at the end is not shown: so the finer
    # of both says which digit is the last.
    return abs(x - y) <= 1.5 * 10.0 ** -max(_places(x), _places(y))


def _cell(x: float, grid: int) -> int:
    if x == 0:
        return 0
    step = 10.0 ** (math.floor(math.log10(abs(x))) - 1)
    return math.floor(x / step + grid / GRIDS)


def _number(value: object) -> int:
    digest = hashlib.sha256(json.dumps(value, sort_keys=True).encode()).digest()
    return int.from_bytes(digest[:8], "big", signed=True)
