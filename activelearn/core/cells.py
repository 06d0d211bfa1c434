"""The cells of a table: as text, as a number, as a date, or missing."""

from __future__ import annotations

import math
import re
from datetime import datetime
from typing import Final

MISSING: Final = frozenset({"na", "n/a", "#n/a", "null", "nan", "none", "nil", "-"})
_MOMENT: Final = re.compile(
    r"(\d{1,4})([-./])(\d{1,2})\2(\d{1,4})"
    r"(?:[T ]+(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,]\d+)?)?\s*(?:Z|UTC|[+-]\d{2}:?\d{2})?)?"
)


def number_of(value: object) -> float | None:
    """Return ``value`` as a finite number, or None where it is not a number."""
    try:
        number = float(str(value))
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def text_of(value: object) -> str:
    """Return a cell as text; "" where it is empty."""
    text = "" if value is None else str(value).strip()
    # A half of a surrogate pair cannot be hashed.
    return text.encode("utf-8", "replace").decode()


def is_missing(value: object) -> bool:
    """Whether a cell is empty, or says so in a word such as NA."""
    text = text_of(value)
    return not text or text.lower() in MISSING


def date_of(value: object, order: str) -> datetime | None:
    """Return ``value`` as a date, by the order of year (y), month (m) and day (d).

    The time zone is left out: what counts is the clock of who wrote it down.
    """
    match = _MOMENT.fullmatch(text_of(value))
    if match is None:
        return None
    parts = dict(zip(order, (match[1], match[3], match[4]), strict=True))
    if len(parts["y"]) != 4:
        return None
    hour, minute, second = (int(part or 0) for part in match.groups()[4:])
    year, month, day = (int(parts[part]) for part in "ymd")
    try:
        return datetime(year, month, day, hour, minute, second)  # noqa: DTZ001
    except ValueError:
        return None
