"""Rows as files: JSON lines, CSV, Parquet. Each is whole before its first byte is sent."""

from __future__ import annotations

import csv
import hashlib
import itertools
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from io import BufferedRandom, TextIOWrapper
from tempfile import TemporaryFile
from typing import Any, Final

from labeling.errors import NoSpaceError, check_one_of
from labeling.messages import sentence as _
from labeling.models import Project
from labeling.services.transfer.arrow import NoParquetError, arrow, is_installed
from labeling.services.transfer.exporting import tools
from labeling.services.transfer.exporting.rows import (
    COLUMNS,
    FIELD,
    EncodedRow,
    ExportSnapshot,
    object_format,
    snapshot,
)
from labeling.services.transfer.foreign import OUTGOING
from labeling.services.transfer.guard import guarded

FORMATS: Final = {
    "jsonl": "application/x-ndjson",
    "csv": "text/csv; charset=utf-8",
    "parquet": "application/vnd.apache.parquet",
}
# All that can be asked for: ours, and those of other tools.
KINDS: Final = {**FORMATS, **{key: form.mime for key, form in OUTGOING.items()}}
# Bytes of JSON whose rows a Parquet file keeps together.
GROUP_BYTES: Final = 2**21
_DATA: Final = COLUMNS.index("data")
_LINE: Final = object_format(COLUMNS) + b"\n"


@dataclass(frozen=True)
class CsvStyle:
    """How a CSV is written.

    ``raw``: cells stay as they are, also those that a spreadsheet runs as a formula.
    ``bom``: a mark at the beginning, by which Excel knows UTF-8. ``has_fields``: a column
    for each field of the data instead of one JSON cell.
    """

    raw: bool = False
    bom: bool = False
    has_fields: bool = False


PLAIN: Final = CsvStyle()


@dataclass(frozen=True)
class Export:
    """A file without a name, which is gone when it is closed, and what proves it.

    Whatever was confirmed to anybody before the moment ``at`` is in it.
    """

    file: BufferedRandom
    at: datetime
    rows: int
    sha256: str

    def __iter__(self) -> Iterator[bytes]:
        with self.file:
            while piece := self.file.read(2**18):
                yield piece


def stream(
    project: Project,
    kind: str,
    filters: Mapping[str, str],
    style: CsvStyle = PLAIN,
    *,
    with_embeddings: bool = False,
) -> Export:
    """Return the state of one moment as a file of this ``kind``, ready to be sent.

    CSV cells that a spreadsheet would run as a formula get a leading apostrophe,
    unless the style is raw. Embeddings of predictions are in it where they are asked for.
    Raises InvalidInputError where the format cannot be had or a filter is unknown,
    NoSpaceError where the disk is full, TakesTooLongError beyond EXPORT_MAX_SECONDS.
    """
    check(kind, project)
    try:
        with snapshot(project, filters, with_embeddings=with_embeddings) as taken:
            return _export(project, kind, taken, style)
    except OSError as error:
        message = _("The server cannot keep the file until it is sent: %(reason)s.")
        raise NoSpaceError(message % {"reason": error.strerror}) from error


def check(kind: str, project: Project) -> None:
    """Raise InvalidInputError where a format cannot be had.

    It is unknown, does not hold this project's items, or the server lacks Parquet.
    """
    check_one_of("format", kind, KINDS)
    if kind in OUTGOING:
        tools.check(kind, project)
    if not is_here(kind):
        raise NoParquetError


def is_here(kind: str) -> bool:
    """Whether this server has what writes a format."""
    return ending(kind) != "parquet" or is_installed()


def ending(kind: str) -> str:
    """Return what the name of a file of this kind ends with."""
    return OUTGOING[kind].ending if kind in OUTGOING else kind


def _export(
    project: Project, kind: str, taken: ExportSnapshot, style: CsvStyle
) -> Export:
    with ExitStack() as unless_done:
        file = unless_done.enter_context(TemporaryFile())
        if kind in OUTGOING:
            tools.write(kind, taken, project, file)
        else:
            _write(kind, taken, file, style)
        file.seek(0)
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        file.seek(0)
        # From here on whoever reads the file closes it.
        unless_done.pop_all()
    return Export(file, taken.at, taken.count, digest)


def _write(
    kind: str, taken: ExportSnapshot, file: BufferedRandom, style: CsvStyle
) -> None:
    if kind == "jsonl":
        file.writelines(_LINE % tuple(row) for row in taken.rows)
    elif kind == "csv":
        _write_csv(taken, file, style)
    else:
        _write_parquet(taken.rows, file)


def _flat(row: EncodedRow) -> list[Any]:
    """Return the values of a row whose lists and objects are JSON texts."""
    return [
        text if text.startswith(("[", "{")) else json.loads(text)
        for text in map(bytes.decode, row)
    ]


def _write_csv(taken: ExportSnapshot, file: BufferedRandom, style: CsvStyle) -> None:
    # The csv module writes line ends itself; translated again they would be doubled.
    text = TextIOWrapper(file, "utf-8-sig" if style.bom else "utf-8", newline="")
    writer = csv.writer(text)
    columns: Sequence[str] = COLUMNS
    rows: Iterable[Sequence[object]] = map(_flat, taken.rows)
    if style.has_fields:
        fields = taken.fields()
        columns = _with_fields(COLUMNS, [FIELD + name for name in fields])
        rows = (_with_fields(row, _cells(row, fields)) for row in rows)
    rows = itertools.chain([columns], rows)
    writer.writerows(rows if style.raw else (map(guarded, row) for row in rows))
    # Else the wrapper, when it goes, would close the file.
    text.detach()


def _with_fields(row: Sequence[Any], fields: Sequence[object]) -> list[Any]:
    """Return a row with some values in the place of its data."""
    return [*row[:_DATA], *fields, *row[_DATA + 1 :]]


def _cells(row: Sequence[Any], fields: Sequence[str]) -> list[object]:
    data = json.loads(row[_DATA])
    return [_cell(data.get(name)) for name in fields]


def _cell(value: object) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


# The types of the columns as Arrow names them; all others are strings.
_TYPES: Final = {
    "id": "int64",
    "confidence": "float64",
    "label_set_version": "int64",
    "guideline_version": "int64",
    "model_version": "int64",
}


def _write_parquet(rows: Iterable[EncodedRow], file: BufferedRandom) -> None:
    pa = arrow()
    schema = pa.schema(
        [(name, pa.type_for_alias(_TYPES.get(name, "string"))) for name in COLUMNS]
    )
    with pa.parquet.ParquetWriter(file, schema) as writer:
        for group in _groups(rows):
            columns = dict(zip(COLUMNS, zip(*group, strict=True), strict=True))
            writer.write_table(pa.Table.from_pydict(columns, schema=schema))


def _groups(rows: Iterable[EncodedRow]) -> Iterator[list[list[Any]]]:
    group, size = [], 0
    for row in rows:
        group.append(_flat(row))
        size += sum(map(len, row))
        if size > GROUP_BYTES:
            yield group
            group, size = [], 0
    if group:
        yield group
