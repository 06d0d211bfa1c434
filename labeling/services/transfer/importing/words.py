"""How a file is read, in words for people: before it is written, and in its report."""

from __future__ import annotations

import zipfile
from typing import IO, Final

from labeling.messages import Message, message
from labeling.services.transfer.importing import binary, packed, tools
from labeling.services.transfer.importing.reading import FileReading

NAMED: Final = 5  # files of an archive


def in_words(reading: FileReading) -> Message | None:
    """Return how a file of text or a workbook is read, in words."""
    if reading.format == "xlsx":
        return _sheets_in_words(reading)
    if reading.format == "lines":
        return message(
            "Read as one text per line in %(encoding)s.",
            encoding=reading.encoding_name,
        )
    return _table_in_words(reading) if reading.format == "csv" else None


def notes(reading: FileReading, file: IO[bytes]) -> list[Message]:
    """Return what is to be said of a file before anything of it is written."""
    some = [tools.in_words(reading.tool), in_words(reading)]
    if reading.inner:
        some.append(message("Unfolded by gzip: %(name)s.", name=reading.inner))
    if reading.format == "zip":
        some.append(_left_out(file))
    return [note for note in some if note]


def _left_out(file: IO[bytes]) -> Message | None:
    try:
        with zipfile.ZipFile(file) as archive:
            names = packed.notes(archive)
    except binary.DAMAGED:
        # The reader of its rows says so.
        return None
    if not names:
        return None
    more = ["…"] if len(names) > NAMED else []
    return message(
        "Not used: %(count)s files that are notes of a file manager (%(names)s).",
        count=len(names),
        names=", ".join([name[-80:] for name in names[:NAMED]] + more),
    )


def _table_in_words(reading: FileReading) -> Message:
    shown = reading.shown_delimiter
    encoding, names = reading.encoding_name, ", ".join(reading.names)
    if not shown and reading.has_header:
        return message(
            "Read as a table of one column in %(encoding)s.", encoding=encoding
        )
    if not shown:
        return message(
            "Read as a table of one column without a header in %(encoding)s; it is"
            " called %(names)s.",
            encoding=encoding,
            names=names,
        )
    delimiter = "tab" if shown == "\t" else shown
    if reading.has_header:
        return message(
            "Read as a table in %(encoding)s with “%(delimiter)s” between cells.",
            encoding=encoding,
            delimiter=delimiter,
        )
    return message(
        "Read as a table without a header in %(encoding)s with “%(delimiter)s” between"
        " cells; its columns: %(names)s.",
        encoding=encoding,
        delimiter=delimiter,
        names=names,
    )


def _sheets_in_words(reading: FileReading) -> Message:
    if others := [name for name in reading.sheets if name != reading.sheet]:
        return message(
            "Read from the sheet “%(sheet)s” of an Excel workbook; not from: %(others)s.",
            sheet=reading.sheet,
            others=", ".join(others)[:500],
        )
    return message(
        "Read from the sheet “%(sheet)s” of an Excel workbook.", sheet=reading.sheet
    )
