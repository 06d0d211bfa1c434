"""Rows of other tools' files as ours; of an item with several rows one is made."""

from __future__ import annotations

import io
import itertools
import json
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, suppress
from functools import partial
from pathlib import Path
from typing import IO, Any, Final

from labeling.messages import Message, message
from labeling.services.transfer import foreign
from labeling.services.transfer.foreign import coco, cvat, registry
from labeling.services.transfer.importing import listed
from labeling.services.transfer.importing.raw import FileError, Raw
from labeling.services.transfer.importing.reading import FileReading
from labeling.services.transfer.limits import LIMITS
from labeling.services.transfer.rows import RowError
from labeling.sql import statements

# Rows by which a tool is recognized.
_FIRST: Final = 5
_SQL: Final = statements.load(Path(__file__).with_name("tools.sql"))


def tool_of(raws: Iterator[Raw]) -> str:
    """Return the tool whose file begins with these rows, or ""."""
    try:
        some = [raw.values for raw in itertools.islice(raws, _FIRST)]
    except FileError:
        # The reader of the whole file says so.
        return ""
    return foreign.recognized([values for values in some if values is not None])


def in_words(tool: str) -> Message | None:
    """Return which tool a file is of, and what is not taken from it."""
    if tool in registry.WHOLE:
        title, lost = registry.WHOLE[tool].TITLE, registry.WHOLE[tool].LOST
    elif tool in foreign.INCOMING:
        title, lost = foreign.INCOMING[tool].title, foreign.INCOMING[tool].lost
    else:
        return None
    return message(
        "This is an export of %(tool)s. Not taken from it: %(lost)s.",
        tool=title,
        lost=lost,
    )


def whole(reading: FileReading, file: IO[bytes]) -> Iterator[Raw]:
    """Return the rows of a file whose parts refer to each other.

    Raises FileError where it cannot be read.
    """
    rows = (
        coco.rows(file, partial(_entries, reading))
        if reading.tool == "coco"
        else cvat.rows(file)
    )
    try:
        for number, values in enumerate(rows, 1):
            yield Raw(number, values)
    except RowError as error:
        raise FileError(error.message) from error


def _entries(reading: FileReading, file: IO[bytes]) -> Iterator[tuple[str, object]]:
    file.seek(0)
    text = io.TextIOWrapper(file, reading.encoding)
    try:
        yield from listed.entries(text, LIMITS.line_bytes)
    finally:
        # A caller that reads only the first rows closes the file before this ends.
        with suppress(ValueError):
            text.detach()


def converted(tool: str, raws: Iterator[Raw]) -> Iterator[Raw]:
    """Return our rows for those of a tool; a row that cannot be read is refused."""
    form = foreign.INCOMING[tool]
    if form.item_of is None:
        for raw in raws:
            yield raw if raw.values is None else _row(form, raw, [raw.values])
        return
    with closing(sqlite3.connect("")) as gathered:
        yield from _gather(form, raws, gathered)
        yield from _items(form, gathered)


def _row(form: foreign.Incoming, raw: Raw, rows: list[Mapping[str, Any]]) -> Raw:
    try:
        return raw._replace(values=form.row(rows))
    except RowError as error:
        return Raw(raw.number, None, error.message, file=raw.file)
    except (LookupError, TypeError, ValueError, AttributeError):
        # Files of strangers: what looks like the tool's need not be.
        why = message("This is no row of %(tool)s that can be read.", tool=form.title)
        return Raw(raw.number, None, why, file=raw.file)


def _gather(
    form: foreign.Incoming, raws: Iterator[Raw], gathered: sqlite3.Connection
) -> Iterator[Raw]:
    """Keep the rows on disk, by their items; return those that cannot be read."""
    # A database without a name is a file that is gone when it is closed, so that memory
    # is bounded however far apart the rows of an item stand.
    gathered.execute(_SQL["keep"])
    for raw in raws:
        if raw.values is None or form.item_of is None:
            yield raw
            continue
        try:
            # As JSON: SQLite has no form for half a surrogate pair.
            item = json.dumps(form.item_of(raw.values))
            kept = (raw.number, item, json.dumps(raw.values))
        except (LookupError, TypeError, ValueError, RecursionError):
            yield _row(form, raw, [])
            continue
        gathered.execute(_SQL["add"], kept)


def _items(form: foreign.Incoming, gathered: sqlite3.Connection) -> Iterator[Raw]:
    gathered.execute(_SQL["find"])
    items = gathered.execute(_SQL["items"])
    for number, item in items:
        lines = gathered.execute(_SQL["lines"], (item,))
        yield _row(form, Raw(number, {}), [json.loads(line) for (line,) in lines])
