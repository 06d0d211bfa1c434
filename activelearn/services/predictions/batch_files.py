"""The predictions of a file as a file: JSON lines, CSV, Parquet, made as it is sent."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Sequence
from io import TextIOWrapper
from tempfile import NamedTemporaryFile
from typing import IO, Any, Final, NamedTuple

from django.core.files.storage import default_storage

from activelearn.models import PredictionBatch
from labeling.errors import ConflictError, check_one_of
from labeling.messages import sentence as _
from labeling.models import Job
from labeling.services.transfer.arrow import NoParquetError, arrow
from labeling.services.transfer.exporting import FORMATS
from labeling.services.transfer.exporting.files import is_here
from labeling.services.transfer.guard import guarded

COLUMNS: Final = (
    *("row", "id", "label", "labels", "confidence", "calibrated", "decision"),
    *("model", "probabilities", "error"),
)
_TYPES: Final = {
    "row": "int64",
    "confidence": "float64",
    "calibrated": "bool_",
    "model": "int64",
}
# Rows that a Parquet file keeps together.
_GROUP: Final = 10_000


class BatchFile(NamedTuple):
    """A file of predictions: what it holds, how it is called, what it is."""

    file: IO[bytes]
    name: str
    mime: str


def file_of(batch: PredictionBatch, kind: str) -> BatchFile:
    """Return the predictions of a file, in a format.

    Raises ConflictError where they are not there yet or any more, and InvalidInputError
    where the format cannot be had.
    """
    check_one_of("format", kind, FORMATS)
    if not is_here(kind):
        raise NoParquetError
    if not has_file(batch):
        raise ConflictError(_("There is no file of predictions, yet or any more."))
    file = NamedTemporaryFile()  # noqa: SIM115 (closed by the response)
    writers = {"jsonl": _jsonl, "csv": _csv, "parquet": _parquet}
    writers[kind](file, _lines(batch))
    file.seek(0)
    # Only for people: browsers take what they may of it.
    stem = batch.file_name.rpartition(".")[0] or batch.file_name
    return BatchFile(file, f"{stem}-predicted.{kind}", FORMATS[kind])


def has_file(batch: PredictionBatch) -> bool:
    """Whether all rows of a file are predicted, and the predictions are here still."""
    is_done = batch.job is not None and batch.job.state == Job.State.DONE
    return is_done and bool(batch.parts)


def _lines(batch: PredictionBatch) -> Iterator[bytes]:
    for path in batch.parts:
        with default_storage.open(path) as part:
            yield from part


def _jsonl(file: IO[bytes], lines: Iterator[bytes]) -> None:
    file.writelines(lines)


def _csv(file: IO[bytes], lines: Iterator[bytes]) -> None:
    text = TextIOWrapper(file, "utf-8", newline="")
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    for row in map(json.loads, lines):
        writer.writerow([guarded(_cell(row.get(name))) for name in COLUMNS])
    # Else the wrapper, when it goes, would close the file.
    text.detach()


def _cell(value: Any) -> object:
    if value is None:
        return ""
    is_plain = isinstance(value, str | int | float) and not isinstance(value, bool)
    return value if is_plain else json.dumps(value, ensure_ascii=False)


def _parquet(file: IO[bytes], lines: Iterator[bytes]) -> None:
    pa = arrow()
    schema = pa.schema(
        [(name, getattr(pa, _TYPES.get(name, "string"))()) for name in COLUMNS]
    )
    rows: list[dict[str, Any]] = []
    with pa.parquet.ParquetWriter(file, schema) as writer:
        for line in lines:
            rows.append(json.loads(line))
            if len(rows) == _GROUP:
                writer.write_table(_table(pa, schema, rows))
                rows = []
        # Also where nothing is left: a file without rows has its columns.
        writer.write_table(_table(pa, schema, rows))


def _table(pa: Any, schema: Any, rows: Sequence[dict[str, Any]]) -> Any:
    return pa.Table.from_pylist(
        [{name: _typed(name, row.get(name)) for name in COLUMNS} for row in rows],
        schema=schema,
    )


def _typed(name: str, value: Any) -> Any:
    if value is None or name in _TYPES or isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False)
