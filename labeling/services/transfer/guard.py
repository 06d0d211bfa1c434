"""Cells of CSV that a spreadsheet would run as a formula, and the way back."""

from __future__ import annotations

import re
from typing import Final

# What a spreadsheet takes for the beginning of a formula (OWASP, CSV injection). A number
# or a phone number with its sign is none, and neither is one guarded before.
_FORMULA: Final = re.compile(r"'*(?:[=@\t\r]|[-+](?![\d.,\s()/-]*\Z))", re.ASCII)


def guarded(value: object) -> object:
    """Return a cell with an apostrophe before what a spreadsheet would run."""
    is_formula = isinstance(value, str) and _FORMULA.match(value)
    return f"'{value}" if is_formula else value


def unguarded(value: str) -> str:
    """Return a cell as it was before it was guarded."""
    return value[1:] if value[:1] == "'" and _FORMULA.match(value[1:]) else value
