"""The rows that an import refused, as a file to be corrected and imported again."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Iterator, Mapping
from tempfile import NamedTemporaryFile, TemporaryFile
from typing import IO, Any, Final, NamedTuple, Self

from django.core.files.base import File
from django.core.files.storage import default_storage

from labeling.errors import InvalidInputError
from labeling.messages import Message, as_json, from_json
from labeling.messages import sentence as _
from labeling.models import ImportRun
from labeling.services.transfer import guard
from labeling.services.transfer.arrow import arrow
from labeling.services.transfer.importing import text_rows
from labeling.services.transfer.importing.chunk import Refusal
from labeling.services.transfer.importing.dialect import NO_DELIMITER
from labeling.services.transfer.importing.reading import FileReading
from labeling.services.transfer.rows import LINE, REASON, ROW

FORMATS: Final = {
    "csv": "text/csv; charset=utf-8",
    "jsonl": "application/x-ndjson",
    "parquet": "application/vnd.apache.parquet",
}
_DAMAGED: Final = re.compile("[\ud800-\udfff]")
_NO_FORM: Final = re.compile("[\0\ud800-\udfff]")

# What a reason is called in the language of whoever downloads the file.
Say = Callable[[Message], str]


class RefusedFile(NamedTuple):
    """A file of refused rows: what it holds, how it is called, what it is."""

    file: IO[bytes]
    name: str
    mime: str


class RefusedRows:
    """The refused rows of a running import, kept on the disk: there may be millions."""

    def __init__(self) -> None:
        self._file = TemporaryFile("w+b")  # noqa: SIM115 (closed by ``__exit__``)
        self._columns: dict[str, None] = {}
        self.count = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._file.close()

    def add(self, refusal: Refusal) -> None:
        """Keep a row as it was read, with the reason."""
        raw = refusal.raw
        row: dict[str, Any] = {"row": refusal.number, "reason": as_json(refusal.reason)}
        if raw is not None and raw.values is not None:
            row["values"] = {_storable(name): raw.values[name] for name in raw.values}
            self._columns |= dict.fromkeys(row["values"])
        elif raw is not None and raw.stands:
            row["stands"] = raw.stands
        self._file.write(json.dumps(row).encode() + b"\n")
        self.count += 1

    def store(self, import_run: ImportRun, reading: FileReading) -> None:
        """Keep the rows with their import, in place of those of an earlier attempt."""
        forget(import_run)
        if not self.count:
            return
        columns = [*self._columns]
        if reading.format == "csv" and import_run.upload is not None:
            # Also where no row could be read: each cell stands below its name.
            with default_storage.open(import_run.upload.path) as file:
                columns = text_rows.columns(reading, file)
        self._file.seek(0)
        job = import_run.job
        path = default_storage.save(
            f"refused/{import_run.pk}-{job.pk}-{job.attempt}", File(self._file)
        )
        import_run.report = {
            "path": path,
            "format": reading.format if reading.format in FORMATS else "jsonl",
            "delimiter": reading.delimiter,
            "columns": [*map(_storable, columns)],
            "rows": self.count,
        }
        import_run.save(update_fields=["report"])


def forget(import_run: ImportRun) -> None:
    """Delete the file of an import's refused rows."""
    if path := import_run.report.get("path"):
        default_storage.delete(path)
        import_run.report = {}
        import_run.save(update_fields=["report"])


def formats_of(import_run: ImportRun) -> list[str]:
    """Return in which formats the refused rows can be had; the first is the file's own."""
    own = import_run.report.get("format")
    return [*dict.fromkeys((own, "jsonl"))] if own else []


def refused_file(import_run: ImportRun, kind: str, say: Say) -> RefusedFile:
    """Return the refused rows in a format, their own where ``kind`` is empty.

    Raises InvalidInputError where they cannot be had so.
    """
    offered = formats_of(import_run)
    if not offered:
        raise InvalidInputError(_("This import has no file of refused rows."))
    kind = kind or offered[0]
    if kind not in offered:
        why = _("Choose one of these: %(choices)s.") % {"choices": ", ".join(offered)}
        raise InvalidInputError(errors={"format": [why]})
    file = NamedTemporaryFile()  # noqa: SIM115 (closed by the response)
    writers = {"csv": _csv, "jsonl": _jsonl, "parquet": _parquet}
    with default_storage.open(import_run.report["path"]) as stored:
        writers[kind](file, import_run.report, _rows(stored, say))
    file.seek(0)
    stem = import_run.file_name.rpartition(".")[0] or import_run.file_name
    return RefusedFile(file, f"{stem}-refused.{kind}", FORMATS[kind])


def _rows(stored: IO[bytes], say: Say) -> Iterator[dict[str, Any]]:
    for line in stored:
        row = json.loads(line)
        yield {**row, "reason": say(from_json(row["reason"]))}


def _storable(name: str) -> str:
    """Return a column's name without characters that the database has no form for."""
    return _NO_FORM.sub("\ufffd", name)


def _readable(text: str) -> str:
    """Return a text with what is no character as one that says so."""
    return _DAMAGED.sub("\ufffd", text)


def _line(row: Mapping[str, Any]) -> str:
    stands = row.get("stands", "")
    if isinstance(stands, str):
        return _readable(stands).rstrip("\r\n")
    cells = io.StringIO()
    csv.writer(cells, lineterminator="").writerow(map(_readable, stands))
    return cells.getvalue()


def _csv(
    file: IO[bytes], report: Mapping[str, Any], rows: Iterator[dict[str, Any]]
) -> None:
    delimiter = report["delimiter"]
    # With the mark by which spreadsheets know UTF-8.
    text = io.TextIOWrapper(file, "utf-8-sig", newline="", errors="replace")
    writer = csv.writer(text, delimiter="," if delimiter == NO_DELIMITER else delimiter)
    columns = report["columns"]
    writer.writerow([ROW, REASON, LINE, *map(guard.guarded, columns)])
    for row in rows:
        stands = row.get("stands")
        # Of cells that are too few or too many each stays at its place.
        cells: list[Any] = stands if isinstance(stands, list) else []
        if values := row.get("values"):
            cells = [values.get(column, "") for column in columns]
        line = "" if cells else _line(row)
        # As many cells as the header has, or its delimiter would not be stands.
        cells = cells or [""] * len(columns)
        cells = [guard.guarded(cell) for cell in (line, *cells)]
        writer.writerow([row["row"], guard.guarded(row["reason"]), *cells])
    text.flush()
    text.detach()


def _named(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row under names, with those that say why it was refused."""
    line = _line(row)
    why = {ROW: row["row"], REASON: row["reason"], **({LINE: line} if line else {})}
    return why | row.get("values", {})


def _jsonl(
    file: IO[bytes], _report: Mapping[str, Any], rows: Iterator[dict[str, Any]]
) -> None:
    for row in rows:
        file.write(
            json.dumps(_named(row), ensure_ascii=False).encode("utf-8", "replace")
        )
        file.write(b"\n")


def _parquet(
    file: IO[bytes], _report: Mapping[str, Any], rows: Iterator[dict[str, Any]]
) -> None:
    pa = arrow()
    every = [_named(row) for row in rows]
    try:
        columns = dict.fromkeys(name for row in every for name in row)
        table = pa.table({name: [row.get(name) for row in every] for name in columns})
        pa.parquet.write_table(table, file)
    except pa.ArrowException as error:
        why = _("These rows make no Parquet file: choose jsonl.")
        raise InvalidInputError(errors={"format": [why]}) from error
