"""Numbers of a prediction as files write them: shares, embeddings, JSON in a cell. Pure."""

from __future__ import annotations

import base64
import json
import math
import struct
from collections.abc import Sequence
from typing import Final

from labeling.messages import Message, message
from labeling.services.transfer.rows import RowError

MAX_EMBEDDING: Final = 4096
_BY_LENGTH: Final[dict[int, struct.Struct]] = {}
_NO_NUMBERS: Final[Message] = message("embedding has an entry that is no number.")


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
    """Return numbers in four bytes each: those of a list, or what is so already in base64.

    A text is JSON where it begins as a list. Raises RowError where they are none.
    """
    if value is None:
        return None
    if isinstance(value, str):
        if not value.lstrip().startswith("["):
            return _of_base64(value)
        value = decoded("embedding", value)
    if not isinstance(value, list):
        raise _out_of_size()
    form = _form(len(value))
    try:
        packed = form.pack(*value)
        _check_finite(value)
    except (struct.error, OverflowError, TypeError, ValueError) as error:
        raise RowError(_NO_NUMBERS) from error
    return packed


def _of_base64(text: str) -> bytes:
    """Return numbers as our exports write them, bit for bit. Raises RowError."""
    try:
        data = base64.b64decode(text, validate=True)
        _check_finite(_form(len(data) // 4).unpack(data))
    except (ValueError, struct.error) as error:
        raise RowError(_NO_NUMBERS) from error
    return data


def _check_finite(numbers: Sequence[float]) -> None:
    """Raise ValueError where one is not finite: no distance is known to infinities."""
    # A sum is faster than a test of every number; infinities of both signs have none.
    if not math.isfinite(math.fsum(numbers)):
        raise ValueError("not finite")


def _form(size: int) -> struct.Struct:
    """Return how numbers of a list this long are packed. Raises RowError by its length."""
    if not 1 <= size <= MAX_EMBEDDING:
        raise _out_of_size()
    # A form for each length: making one takes longer than a whole row.
    if size not in _BY_LENGTH:
        _BY_LENGTH[size] = struct.Struct(f"<{size}f")
    return _BY_LENGTH[size]


def _out_of_size() -> RowError:
    return RowError(
        message(
            "embedding must be a list of 1 to %(most)s numbers.", most=MAX_EMBEDDING
        )
    )


def decoded(name: str, text: str) -> object:
    """Return the value of a cell that is JSON. Raises RowError where it is none."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise RowError(message("%(column)s is not JSON.", column=name)) from error
