"""Files of text to raw rows: JSON lines, JSON, tables and one text in each line."""

from __future__ import annotations

import contextlib
import csv
import io
import itertools
import re
from collections import deque
from collections.abc import Iterator, Sequence
from typing import IO, Final, NamedTuple

from labeling.messages import Message, message
from labeling.services.transfer import guard
from labeling.services.transfer.importing import dialect, listed
from labeling.services.transfer.importing.raw import FileError, Raw
from labeling.services.transfer.importing.reading import FileReading
from labeling.services.transfer.limits import LIMITS, Limits
from labeling.services.transfer.rows import EMPTY, REASON, ROW

# A record of more lines has a quote that is never closed.
RECORD_LINES: Final = 5000
UNCLOSED: Final = message("A quote that is opened here is never closed.")
TRAILING: Final = message(
    "There is something between a closing quote and the delimiter."
)
LINE_END: Final = message("There is a line end in a cell that is not in quotes.")
# Bytes that an encoding does not know, as Python keeps them.
_DAMAGED: Final = re.compile("[\udc80-\udcff]")


class LineProblem(NamedTuple):
    """Why a line or a record cannot be read, and what stands there."""

    why: Message
    stands: str | Sequence[str] = ""


# The number of a line with its text, or None and why it cannot be read.
Line = tuple[int, str | None, LineProblem | None]
ParsedLine = tuple[list[str] | None, LineProblem | None]


def read(
    reading: FileReading, file: IO[bytes], limits: Limits = LIMITS
) -> Iterator[Raw]:
    """Return the rows of a file of text one by one.

    Raises FileError while it is read, where the whole file or its rest is unreadable.
    """
    readers = {"jsonl": _jsonl, "json": _json, "csv": _csv, "lines": _texts}
    # Without translation: line ends inside quotes stay as they are.
    text = io.TextIOWrapper(
        file, reading.encoding, errors="surrogateescape", newline=reading.line_end
    )
    try:
        yield from readers[reading.format](reading, text, limits)
    except UnicodeError as error:
        raise FileError(
            message("The file is not %(encoding)s.", encoding=reading.encoding)
        ) from error
    finally:
        # A caller that reads only the first rows closes the file before this ends.
        with contextlib.suppress(ValueError):
            text.detach()


def _lines(reading: FileReading, text: IO[str], most: int) -> Iterator[Line]:
    """Return line numbers with the text, or None and why it cannot be read.

    ``most``: the characters of the longest line.
    """
    number, ends = 0, (reading.line_end,) if reading.line_end else ("\n", "\r")
    # Bounded: a file without line breaks would be one line of gigabytes.
    while line := text.readline(most):
        number += 1
        if len(line) == most and not line.endswith(ends):
            # The rest of such a line is read in pieces and dropped.
            while (rest := text.readline(most)) and not rest.endswith(ends):
                pass
            yield number, None, LineProblem(message("The line is too long."))
        elif why := _damage(line, reading):
            yield number, None, LineProblem(why, line)
        else:
            yield number, line, None


def _damage(line: str, reading: FileReading) -> Message | None:
    if line.isascii() or not (damaged := _DAMAGED.search(line)):
        return None
    before = line[: damaged.start()].encode(reading.encoding_name)
    return message(
        "Not %(encoding)s at byte %(byte)s of the line.",
        encoding=reading.encoding_name,
        byte=len(before) + 1,
    )


def _refused(number: int, problem: LineProblem | None) -> Raw:
    why, stands = problem or LineProblem(EMPTY)
    return Raw(number, None, why, stands=stands)


def _texts(reading: FileReading, text: IO[str], limits: Limits) -> Iterator[Raw]:
    for number, line, problem in _lines(reading, text, limits.line_bytes):
        if line is None:
            yield _refused(number, problem)
        elif line.strip():
            yield Raw(number, {"text": line.rstrip("\r\n")})


def _jsonl(reading: FileReading, text: IO[str], limits: Limits) -> Iterator[Raw]:
    decoder = listed.LineDecoder()
    for number, line, problem in _lines(reading, text, limits.line_bytes):
        if line is None:
            yield _refused(number, problem)
        elif line.strip():
            yield _json_row(number, line, decoder)


def _json_row(number: int, line: str, decoder: listed.LineDecoder) -> Raw:
    try:
        value, twice = decoder.value_of(line)
    # A line of brackets alone nests deeper than Python's stack.
    except (ValueError, RecursionError):
        return Raw(number, None, message("Not JSON."), stands=line)
    return _json_value(number, value, twice, line)


def _json(_reading: FileReading, text: IO[str], limits: Limits) -> Iterator[Raw]:
    """Return the objects of a list, or those that follow each other, one by one."""
    values = listed.values(text, limits.line_bytes)
    for number, (value, twice) in enumerate(values, start=1):
        yield _json_value(number, value, twice)


def _json_value(number: int, value: object, twice: str | None, stands: str = "") -> Raw:
    if twice is not None:
        problem = message("“%(name)s” stands there twice.", name=twice)
    elif not isinstance(value, dict):
        problem = message("Not a JSON object.")
    else:
        return Raw(number, value, stands=stands)
    return Raw(number, None, problem, stands=stands)


class _Unreadable(Exception):  # noqa: N818 (a signal through the csv module)
    """A line that cannot be read, met inside a record."""

    def __init__(self, problem: LineProblem) -> None:
        super().__init__(str(problem.why))
        self.problem = problem


class _Feed:
    """The lines for the csv module, which can be given back where a record is broken."""

    def __init__(
        self, lines: Iterator[Line], most: int, escape: dialect.Escape
    ) -> None:
        self._lines = lines
        self.escape = escape
        self._again: deque[Line] = deque()
        self._taken: list[Line] = []
        self._left = self._most = most

    def __iter__(self) -> _Feed:
        return self

    def __next__(self) -> str:
        line = self._again.popleft() if self._again else next(self._lines)
        self._taken.append(line)
        _number, text, problem = line
        if text is None:
            raise _Unreadable(problem or LineProblem(UNCLOSED))
        self._left -= len(text)
        if self._left < 0 or len(self._taken) > RECORD_LINES:
            raise _Unreadable(LineProblem(UNCLOSED, self.first))
        return self.escape.marked(text)

    @property
    def first(self) -> str:
        """The first line of the record."""
        return (self._taken[0][1] or "") if self._taken else ""

    def begin(self) -> None:
        """Begin another record."""
        self._taken.clear()
        self._left = self._most

    def give_back(self) -> bool:
        """Have all lines but the first one read again; return whether there are some."""
        self._again.extendleft(reversed(self._taken[1:]))
        return len(self._taken) > 1


def columns(
    reading: FileReading, file: IO[bytes], limits: Limits = LIMITS
) -> list[str]:
    """Return the names of the columns of a table."""
    text = io.TextIOWrapper(
        file, reading.encoding, errors="surrogateescape", newline=reading.line_end
    )
    names, _records_of = _table(reading, text, limits)
    text.detach()
    return names


def _table(
    reading: FileReading, text: IO[str], limits: Limits
) -> tuple[list[str], Iterator[ParsedLine]]:
    # For the whole process. The csv module's own limit is 128 KiB, which texts exceed.
    csv.field_size_limit(limits.line_bytes)
    lines = itertools.islice(
        _lines(reading, text, limits.line_bytes), reading.skipped, None
    )
    records = _records(lines, reading, limits)
    return reading.names if not reading.has_header else _header(records), records


def _csv(reading: FileReading, text: IO[str], limits: Limits) -> Iterator[Raw]:
    names, records = _table(reading, text, limits)
    for number, (cells, problem) in enumerate(records, start=1):
        if cells is None:
            yield _refused(number, problem)
        else:
            yield _csv_row(number, names, cells)


def _header(records: Iterator[ParsedLine]) -> list[str]:
    cells, problem = next(records, ([], None))
    if cells is None:
        raise FileError(
            message(
                "The header cannot be read: %(why)s",
                why=str(problem.why if problem else ""),
            )
        )
    names = [cell.strip() for cell in cells]
    if REASON in names and ROW in names:
        # Refused rows of ours, where what a spreadsheet would run is guarded.
        names = [guard.unguarded(name) for name in names]
    return dialect.unique(names)


def _records(
    lines: Iterator[Line], reading: FileReading, limits: Limits
) -> Iterator[ParsedLine]:
    """Return the cells of each record, or None and why it cannot be read.

    A broken record costs its first line; those behind it are read again.
    """
    feed = _Feed(lines, limits.line_bytes, dialect.Escape(reading.escape))
    options = dialect.options(reading.delimiter)
    reader = csv.reader(feed, **options)
    while True:
        feed.begin()
        try:
            # By hand: a ``for`` would end at the first error and lose the records
            # behind it.
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            reader = csv.reader(feed, **options)
            problem = LineProblem(_why(error), feed.first)
            feed.give_back()
            yield None, problem
        except _Unreadable as error:
            reader = csv.reader(feed, **options)
            unclosed = LineProblem(UNCLOSED, feed.first)
            yield None, unclosed if feed.give_back() else error.problem
        else:
            yield feed.escape.unmarked(cells), None


def _why(error: csv.Error) -> Message:
    """Return in words what the csv module says."""
    if "expected after" in str(error):
        return TRAILING
    if "unexpected end" in str(error):
        return UNCLOSED
    if "new-line" in str(error):
        return LINE_END
    return message("Not CSV: %(why)s.", why=str(error))


def _csv_row(number: int, names: Sequence[str], cells: list[str]) -> Raw:
    if not any(cells):
        return Raw(number, None, EMPTY)
    if len(cells) != len(names):
        problem = message(
            "%(cells)s cells where %(columns)s are expected.",
            cells=len(cells),
            columns=len(names),
        )
        return Raw(number, None, problem, stands=cells)
    return Raw(number, dict(zip(names, cells, strict=True)))
