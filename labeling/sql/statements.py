"""Whole SQL statements kept in a file, each under a name."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

# Small letters alone: a remark such as "-- Race: another lease" begins no statement.
_HEADING: Final = re.compile(r"^-- ([a-z_]+): .+\n", re.MULTILINE)
_COMMENT: Final = re.compile(r"^\s*--.*\n", re.MULTILINE)


def load(path: Path) -> dict[str, str]:
    """Return the statements of an .sql file by their names.

    A line ``-- name: what the statement does`` begins each; names are of small letters.
    Other lines of comment are left out, and so is white space beyond one space: psycopg
    remembers what it has parsed of a statement only up to 4,096 characters.

    Raises ValueError where a statement has no name or that of another, and where a
    comment stands behind code: in one line it would hide the rest of the statement.
    """
    preamble, *parts = _HEADING.split(path.read_text())
    if _COMMENT.sub("", preamble).strip():
        raise ValueError(f"{path.name} begins with a statement that has no name.")
    loaded: dict[str, str] = {}
    for name, text in zip(parts[::2], parts[1::2], strict=True):
        # Remarks are gone here, so they take none of the 4,096 characters.
        statement = " ".join(_COMMENT.sub("", text).split())
        if "--" in statement:
            raise ValueError(f"{path.name}, {name}: a comment stands behind code.")
        if name in loaded:
            raise ValueError(f"{path.name} has two statements named {name}.")
        loaded[name] = statement
    return loaded
