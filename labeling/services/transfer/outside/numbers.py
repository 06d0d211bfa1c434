"""Numbers of a prediction as files write them: shares, embeddings, JSON in a cell. Pure."""

from __future__ import annotations

import json
import math
import struct
from typing import Final

from labeling.messages import Message, message
from labeling.services.transfer.rows import RowError

MAX_EMBEDDING: Final = 4096
_BY_LENGTH: Final[dict[int, struct.Struct]] = {}


def share(name: str, value: object) -> float:
    """Return a number from 0 to 1, also from its text. Raises RowError."""
    # Nearly all of them: asked first, for a file may have millions.
    if type(value) is float and 0 <= value <= 1:
        return value
    number = math.nan
    # True is a number to Python.
    if isinstance(value, int | float | str) and not isinstance(value, bool):
        try:
            number = float(value)
        except (ValueError, OverflowError):
            number = math.nan
    # NaN fails the comparison.
    if not 0 <= number <= 1:
        raise RowError(message("%(column)s must be a number from 0 to 1.", column=name))
    return number


def packed(value: object) -> bytes | None:
    """Return numbers in four bytes each. Raises RowError where they are none."""
    if value is None:
        return None
    value = decoded("embedding", value) if isinstance(value, str) else value
    if not isinstance(value, list) or not 1 <= len(value) <= MAX_EMBEDDING:
        raise RowError(
            message(
                "embedding must be a list of 1 to %(most)s numbers.", most=MAX_EMBEDDING
            )
        )
    # A form for each length: making one takes longer than a whole row.
    size = len(value)
    form = _BY_LENGTH.setdefault(size, struct.Struct(f"<{size}f"))
    try:
        packed = form.pack(*value)
    except (struct.error, OverflowError, TypeError) as error:
        raise RowError(_NO_NUMBERS) from error
    # Infinities fit into four bytes, and no distance is known to them.
    if not math.isfinite(math.fsum(value)):
        raise RowError(_NO_NUMBERS)
    return packed


_NO_NUMBERS: Final[Message] = message("embedding has an entry that is no number.")


def decoded(name: str, text: str) -> object:
    """Return the value of a cell that is JSON. Raises RowError where it is none."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise RowError(message("%(column)s is not JSON.", column=name)) from error
