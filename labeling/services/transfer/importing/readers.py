"""Files to raw rows, one reader per format; a bad row does not end the file."""

from __future__ import annotations

import itertools
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from typing import IO

from labeling.messages import message
from labeling.services.transfer.arrow import arrow
from labeling.services.transfer.foreign import INCOMING
from labeling.services.transfer.importing import (
    binary,
    packed,
    parquet,
    text_rows,
    tools,
    workbook,
)
from labeling.services.transfer.importing import (
    reading as readings,
)
from labeling.services.transfer.importing.dialect import ValueTerms
from labeling.services.transfer.importing.raw import FileError, Raw
from labeling.services.transfer.importing.reading import FileReading, ReadingChoice
from labeling.services.transfer.limits import LIMITS, Limits


def read(
    reading: FileReading,
    file: IO[bytes],
    limits: Limits = LIMITS,
    first: int | None = None,
) -> Iterator[Raw]:
    """Return the rows of a file one by one; of ``first`` ones only, where it is said.

    Raises FileError while it is read, where the whole file or its rest is unreadable, and
    NoParquetError where the server lacks it.
    """
    if reading.format in readings.TOOLS:
        return tools.whole(reading, file)
    raws = _read(reading, file, limits)
    if first is not None:
        raws = itertools.islice(raws, first)
    return tools.converted(reading.tool, raws) if reading.tool in INCOMING else raws


def understand(
    name: str, file: IO[bytes], terms: ValueTerms, choice: ReadingChoice | None = None
) -> FileReading:
    """Return how a file is to be read, and whose export it is.

    Raises FileError for a file of another kind, NoParquetError where the server lacks it.
    """
    choice = choice or ReadingChoice()
    reading = readings.understand(name, file, terms, choice)
    is_open = choice.tool is None and not reading.tool
    if not is_open or reading.format in ("zip", "xlsx", "lines"):
        return replace(reading, tool=reading.tool or choice.tool or "")
    file.seek(0)
    if reading.format == "parquet":
        return replace(reading, tool="huggingface" if parquet.features(file) else "")
    return replace(reading, tool=tools.tool_of(_read(reading, file, LIMITS)))


def _table(name: str, file: IO[bytes], data_type: str, limits: Limits) -> Iterator[Raw]:
    reading = understand(name, file, ValueTerms(data_type))
    if reading.format == "zip":
        raise FileError(packed.NO_TABLE)
    file.seek(0)
    return read(reading, file, limits)


def _read(reading: FileReading, file: IO[bytes], limits: Limits) -> Iterator[Raw]:
    if reading.format == "parquet":
        return _parquet(file, limits)
    if reading.format == "zip":
        return _zip(reading, file, limits)
    if reading.format == "xlsx":
        return workbook.rows(file, reading.sheet, reading.names, limits)
    return text_rows.read(reading, file, limits)


def _parquet(file: IO[bytes], limits: Limits) -> Iterator[Raw]:
    pa = arrow()
    try:
        for number, row in enumerate(parquet.rows(file, limits), start=1):
            yield Raw(number, *row)
    except FileError:
        raise
    except (pa.ArrowException, OSError, ValueError) as error:
        raise FileError(
            message("Not a Parquet file that can be read: %(why)s", why=str(error))
        ) from error


def _zip(reading: FileReading, file: IO[bytes], limits: Limits) -> Iterator[Raw]:
    try:
        yield from packed.rows(zipfile.ZipFile(file), reading, limits, _table)
    except binary.DAMAGED as error:
        # Also of a file in it, which says itself what is wrong.
        if isinstance(error, FileError):
            raise
        raise FileError(message("Not a ZIP file that can be read.")) from error
