"""The dialect of a table of text: delimiter, escapes, header and names of columns."""

from __future__ import annotations

import csv
import io
import itertools
import re
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from labeling.messages import message
from labeling.services.transfer.importing.raw import FileError
from labeling.services.transfer.limits import LIMITS
from labeling.services.transfer.names import fold, fold_label
from labeling.services.transfer.rows import NAMES, ROLES

# Records that a guess looks at.
RECORDS: Final = 200
DELIMITERS: Final = ",;\t|"
# No text has it: with it as the delimiter the line is the cell, and quotes still count.
NO_DELIMITER: Final = "\x1f"
# Names of columns that say that a first row is a header.
KNOWN: Final = frozenset(
    {*ROLES, *NAMES, "text", "image", "file", "file_name", "filename"}
)
LONG: Final = 60  # characters of a cell that is no name of a column
# What programs write where there is no value.
_NOTHING: Final = frozenset({"", "na", "n/a", "nan", "null", "none", "_"})


@dataclass(frozen=True)
class ValueTerms:
    """What the project says of the file's values."""

    data_type: str
    labels: Collection[str] = ()

    @property
    def folded_labels(self) -> set[str]:
        """The labels without what people do not mean: case, spaces, forms."""
        return {fold_label(label) for label in self.labels}


class Escape:
    """The character before a quote inside quotes, where it is not doubled.

    Only a quote and the character itself are escaped by it: the csv module's own way
    takes it away before anything, and a path loses all of them.
    """

    # No text has these, which Unicode keeps for a program's own use.
    _marks: Final = ("\ufdd0", "\ufdd1")

    def __init__(self, character: str) -> None:
        self._pairs = (character + character, character + '"') if character else ()
        self._plain = (character, '"')

    def marked(self, line: str) -> str:
        """Return a line with a mark for each character that is escaped."""
        if not self._pairs:
            return line
        # In this order: of three backslashes before a quote the first two are a pair.
        for pair, mark in zip(self._pairs, self._marks, strict=False):
            line = line.replace(pair, mark)
        return line

    def unmarked(self, cells: list[str]) -> list[str]:
        """Return cells with the characters that the marks stand for."""
        if not self._pairs:
            return cells
        for mark, plain in zip(self._marks, self._plain, strict=True):
            cells = [cell.replace(mark, plain) for cell in cells]
        return cells


def line_end_of(text: str) -> str:
    """Return what ends the lines of a text; where that is LF, no other character does.

    Old Macs have CR alone; a single one in another file is a character of its cell.
    """
    return next((end for end in ("\n", "\r") if end in text), "")


def lines_of(text: str, line_end: str = "") -> list[str]:
    """Return lines as a file has them; ``str.splitlines`` ends some at other characters."""
    return list(io.StringIO(text, newline=line_end))


def lines_before(lines: Sequence[str]) -> tuple[int, str]:
    """Return how many lines are before the first row, and what delimiter Excel states there."""
    before = next((n for n, line in enumerate(lines) if line.strip()), 0)
    stated = (
        re.match(r'"?sep=(?:([^\w"\r\n\0])"?|.?)\s*\Z', lines[before])
        if lines
        else None
    )
    if not stated:
        return before, ""
    behind = itertools.takewhile(lambda line: not line.strip(), lines[before + 1 :])
    return before + 1 + sum(1 for _line in behind), stated[1] or ""


def escape_of(text: str, delimiter: str) -> str:
    """Return the character before a quote inside quotes, or "" where it is doubled."""
    if '\\"' not in text or not is_broken(text, delimiter, ""):
        return ""
    return "" if is_broken(text, delimiter, "\\") else "\\"


def records(text: str, delimiter: str, escape: str = "") -> list[list[str]]:
    """Return the first records of a text, without those that are broken."""
    return tried(text, delimiter, escape)[0]


def tried(text: str, delimiter: str, escape: str) -> tuple[list[list[str]], int]:
    """Return the first records of a text, and how many between them are broken."""
    marks = Escape(escape)
    reader = _reader(text, delimiter, marks)
    some: list[list[str]] = []
    broken = 0
    while len(some) < RECORDS:
        try:
            some.append(marks.unmarked(next(reader)))
        except StopIteration:
            break
        except csv.Error:
            # The reader begins anew behind what it could not read.
            broken += 1
    return some, broken


def _reader(text: str, delimiter: str, escape: Escape) -> Iterator[list[str]]:
    lines = io.StringIO(escape.marked(text), newline=line_end_of(text))
    return csv.reader(lines, **options(delimiter))


def options(delimiter: str) -> dict[str, Any]:
    """Return what Python's csv module is told: no record is read leniently."""
    # Doubled also where there is an escape: without it whatever follows a quote would
    # be taken.
    return {"delimiter": delimiter, "strict": True, "doublequote": True}


def is_broken(text: str, delimiter: str, escape: str, most: int = RECORDS) -> bool:
    """Whether one of the first records cannot be read."""
    reader = _reader(text, delimiter, Escape(escape))
    try:
        for _number, _cells in zip(range(most), reader, strict=False):
            pass
    except csv.Error:
        return True
    return False


def is_header(rows: Sequence[Sequence[str]], terms: ValueTerms) -> bool:
    """Whether a first row names the columns: nothing in it looks like a value."""
    first, *others = rows
    if {fold(cell) for cell in first} & KNOWN:
        return True
    labels = terms.folded_labels
    is_alone = len(first) == 1 and terms.data_type != "table"
    if is_alone or any(len(c) > LONG or fold_label(c) in labels for c in first):
        return False
    columns = [[row[n] for row in others if n < len(row)] for n in range(len(first))]
    if any(_names_numbers(n, first[n], columns[n]) for n in range(len(first))):
        return True
    return not any(map(_is_value, first, columns))


def _is_value(cell: str, column: Sequence[str]) -> bool:
    """Whether a first cell is more like a value than like the name of its column."""
    is_number = _is_number(cell) and not _is_year_over_others(cell, column)
    is_repeated = cell in column and len(column) > len({*column})
    return not cell.strip() or is_number or is_repeated


def _is_number(cell: str) -> bool:
    return bool(re.fullmatch(r"[-+\d.,\s%]*\d[-+\d.,\s%]*", cell[:LONG]))


def _names_numbers(place: int, cell: str, column: Sequence[str]) -> bool:
    """Whether a first cell is no number and all below are; an index has no name."""
    values = [value for value in column if fold(value) not in _NOTHING]
    is_word = fold(cell) not in _NOTHING and not _is_number(cell)
    is_index = place == 0 and not cell.strip()
    return (is_word or is_index) and bool(values) and all(map(_is_number, values))


def _is_year_over_others(cell: str, column: Sequence[str]) -> bool:
    year = r"(19|20)\d\d"
    others = (value for value in column if not re.fullmatch(year, value))
    return bool(re.fullmatch(year, cell)) and any(others)


def names_of(rows: Sequence[Sequence[str]], terms: ValueTerms) -> list[str]:
    """Return names for columns that have none: the text, the label, or their place.

    Raises FileError where they are too many.
    """
    width = Counter(map(len, rows)).most_common(1)[0][0]
    check_width(width)
    names = [f"column_{number}" for number in range(1, width + 1)]
    full = [row for row in rows if len(row) == width]
    labels = terms.folded_labels
    if terms.data_type == "text":
        sizes = [sum(len(row[n]) for row in full) for n in range(width)]
        names[sizes.index(max(sizes))] = "text"
    for n in range(width):
        values = {fold_label(row[n]) for row in full} - {""}
        if names[n] != "text" and values and values <= labels and "label" not in names:
            names[n] = "label"
    return names


def check_width(columns: int, most: int = LIMITS.columns) -> None:
    """Raise FileError where a table has more columns than may be."""
    if columns > most:
        raise FileError(
            message(
                "The table has %(columns)s columns; at most %(most)s may be.",
                columns=f"{columns:,}",
                most=f"{most:,}",
            )
        )


def unique(names: Sequence[str]) -> list[str]:
    """Return names of columns of which no two are the same: later ones get a number.

    Raises FileError where they are too many.
    """
    check_width(len(names))
    taken: dict[str, int] = {}
    made: list[str] = []
    for name in names:
        taken[name] = count = taken.get(name, 0) + 1
        made.append(name if count == 1 else f"{name}_{count}")
    return made if len(set(made)) == len(made) else unique(made)
