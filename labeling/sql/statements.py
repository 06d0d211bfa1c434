"""Whole SQL statements kept in a file, each under a name."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

_HEADING: Final = re.compile(r"^-- (\w+): .+\n", re.MULTILINE)
_COMMENT: Final = re.compile(r"^\s*--.*\n", re.MULTILINE)


def load(path: Path) -> dict[str, str]:
    """Return the statements of an .sql file by their names.

    A line ``-- name: what the statement does`` begins each. Other lines of comment are
    left out, and so is white space beyond one space: psycopg remembers what it has
    parsed of a statement only up to 4,096 characters.
    Raises ValueError where the file begins with a statement without a name.
    """
    preamble, *parts = _HEADING.split(path.read_text())
    if _COMMENT.sub("", preamble).strip():
        raise ValueError(f"{path.name} begins with a statement that has no name.")
    pairs = zip(parts[::2], parts[1::2], strict=True)
    return {name: " ".join(_COMMENT.sub("", text).split()) for name, text in pairs}
