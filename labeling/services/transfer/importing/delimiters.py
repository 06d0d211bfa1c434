"""What stands between the cells of a text, and texts that are no table at all."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from operator import itemgetter
from typing import Final

from labeling.services.transfer.importing.dialect import (
    DELIMITERS,
    KNOWN,
    NO_DELIMITER,
    RECORDS,
    is_broken,
    line_end_of,
    lines_of,
    records,
    tried,
)
from labeling.services.transfer.names import fold

# Words behind a closing quote, as in stories: no cell of a table has them.
_SAID: Final = re.compile(r'\s*"[^"]*"\s+\w')


def delimiter_of(name: str, text: str) -> str:
    """Return the delimiter under which most records are as wide as the first one."""
    if name.lower().endswith((".tsv", ".tab")):
        return "\t"
    best, delimiter = (0.5, 0, 0.0), NO_DELIMITER
    dividing = []
    for candidate in DELIMITERS:
        some = [cells for cells in records(text, candidate) if cells]
        if not some or len(some[0]) < 2:
            continue
        dividing.append(candidate)
        rank = _rank(some)
        if rank > best or (len(some) == 1 and best[0] < 1):
            best, delimiter = rank, candidate
    return (
        _where_rows_are_short(text, dividing)
        if delimiter == NO_DELIMITER
        else delimiter
    )


def _where_rows_are_short(text: str, dividing: Sequence[str]) -> str:
    """Return the delimiter of a text most of whose rows lack a cell, if it is one."""
    if named := _naming(text, dividing):
        return named
    if not is_broken(text, NO_DELIMITER, "", most=1):
        return NO_DELIMITER
    # Cells in quotes are no line as a whole.
    whole = [each for each in dividing if not is_broken(text, each, "")]
    return whole[-1] if whole else NO_DELIMITER


def _naming(text: str, delimiters: Sequence[str]) -> str:
    """Return the delimiter between names of columns that are ours, or "".

    Each row below such a header may lack a cell.
    """
    for delimiter in delimiters:
        first = next((cells for cells in records(text, delimiter) if cells), [])
        if len({fold(cell) for cell in first} & KNOWN) > 1:
            return delimiter
    return ""


def _rank(some: Sequence[Sequence[str]]) -> tuple[float, int, float]:
    """Return how well records fit; where two do, names tell, and spaces behind commas."""
    width = len(some[0])
    fitting = sum(len(cells) == width for cells in some) / len(some)
    known = len({fold(cell) for cell in some[0]} & KNOWN)
    # Of prose: tables have no space behind what is between cells.
    cells = [cell for record in some for cell in record[1:]]
    return fitting, known, -sum(cell.startswith(" ") for cell in cells) / len(cells)


def is_prose(text: str) -> bool:
    """Whether its lines are sentences, of which some are said by somebody, in quotes.

    Then no delimiter divides most of them, and the first one names no columns.
    """
    some = lines_of(text, line_end_of(text))[:RECORDS]
    lines = [line for line in some if line.strip()]
    if not any(map(_SAID.match, lines)):
        return False
    first = re.split(f"[{DELIMITERS}]", lines[0])
    if {fold(cell.strip().strip('"')) for cell in first} & KNOWN:
        return False
    return not any(_divides(text, delimiter) for delimiter in DELIMITERS)


def _divides(text: str, delimiter: str) -> bool:
    """Whether most records, the broken ones among them, have as many cells."""
    some, broken = tried(text, delimiter, "")
    widths = Counter(len(cells) for cells in some if cells)
    width, count = max(widths.items(), key=itemgetter(1), default=(0, 0))
    return width > 1 and 2 * count > sum(widths.values()) + broken
