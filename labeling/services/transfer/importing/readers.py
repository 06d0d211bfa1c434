"""Files to raw rows, one reader per format; a bad row does not end the file."""

from __future__ import annotations

import csv
import io
import itertools
import json
import lzma
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import PurePosixPath
from typing import IO, Any, Final, NamedTuple, cast

from labeling import rules
from labeling.errors import InvalidInputError
from labeling.messages import Message, message
from labeling.services.transfer.importing.images import NO_IMAGE
from labeling.services.transfer.limits import LIMITS, Limits
from labeling.services.transfer.rows import EMPTY, RowError

PICTURES: Final = {
    ".png",
    ".tif",
    ".tiff",
    ".jpg",
    ".jpeg",
    ".webp",
    ".gif",
    ".bmp",
    ".svg",
}


# The errors that a damaged or unusual ZIP raises while it is unpacked.
DAMAGED: Final = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    NotImplementedError,
    RuntimeError,
    ValueError,
)


class FileError(InvalidInputError):
    """Why a whole file cannot be read."""

    def __init__(self, why: Message) -> None:
        super().__init__(why)


class Raw(NamedTuple):
    """A row as read: its number, and its values or the problem why it has none."""

    number: int
    values: Mapping[str, Any] | None
    problem: Message | None = None
    picture: Callable[[], bytes] | None = None


# The number of a line with its text, or None and why it cannot be read.
Line = tuple[int, str | None, Message | None]


def format_of(name: str, head: bytes) -> str:
    """Return jsonl, csv, parquet or zip, by content first and name second."""
    if head.startswith(b"PAR1"):
        return "parquet"
    if head.startswith(b"PK"):
        return "zip"
    ending = PurePosixPath(name.lower()).suffix.lstrip(".")
    if ending in ("jsonl", "ndjson") or head.lstrip().startswith(b"{"):
        return "jsonl"
    return "csv"


def read(kind: str, file: IO[bytes], limits: Limits = LIMITS) -> Iterator[Raw]:
    """Return the rows of a file one by one.

    Raises FileError while it is read, where the whole file or its rest is unreadable.
    """
    if kind == "parquet":
        return _parquet(file)
    return {"jsonl": _jsonl, "csv": _csv, "zip": _zip}[kind](file, limits)


def _lines(file: IO[bytes], most: int) -> Iterator[Line]:
    """Return line numbers with the text, or None and why it cannot be read.

    ``most``: the bytes of the longest line.
    """
    number = 0
    # Bounded: a file without line breaks would be one line of gigabytes.
    while line := file.readline(most):
        number += 1
        if len(line) == most and not line.endswith(b"\n"):
            # The rest of such a line is read in pieces and dropped.
            while (rest := file.readline(most)) and not rest.endswith(b"\n"):
                pass
            yield number, None, message("The line is too long.")
            continue
        try:
            # Excel begins a UTF-8 file with a byte order mark.
            text = line.decode("utf-8-sig" if number == 1 else "utf-8")
        except UnicodeDecodeError as error:
            at = error.start + 1
            yield (
                number,
                None,
                message("Not UTF-8 at byte %(byte)s of the line.", byte=at),
            )
            continue
        yield number, text, None


def _jsonl(file: IO[bytes], limits: Limits) -> Iterator[Raw]:
    for number, text, problem in _lines(file, limits.line_bytes):
        if text is None:
            yield Raw(number, None, problem)
        elif text.strip():
            yield _json_row(number, text)


def _json_row(number: int, text: str) -> Raw:
    try:
        value = json.loads(text)
    # A line of brackets alone nests deeper than Python's stack.
    except (ValueError, RecursionError):
        return Raw(number, None, message("Not JSON."))
    if not isinstance(value, dict):
        return Raw(number, None, message("Not a JSON object."))
    return Raw(number, value)


class _Lines:
    """The lines that can be read, for the csv module, and problems of the others."""

    def __init__(self, lines: Iterator[Line]) -> None:
        self._lines = lines
        self._problems: list[Message] = []

    def __iter__(self) -> Iterator[str]:
        for _, text, problem in self._lines:
            if text is None or "\x00" in text:
                self._problems.append(problem or rules.HAS_NUL)
            else:
                yield text

    def problems(self) -> list[Message]:
        """Return the problems of lines that were passed over since the last call."""
        problems, self._problems = self._problems, []
        return problems


def _csv(file: IO[bytes], limits: Limits) -> Iterator[Raw]:
    # For the whole process. The csv module's own limit is 128 KiB, which texts exceed.
    csv.field_size_limit(limits.line_bytes)
    source = _Lines(_lines(file, limits.line_bytes))
    lines = iter(source)
    first = next(lines, "")
    # Excel writes semicolons where a comma is the decimal point.
    delimiter = max(",;\t", key=first.count)
    try:
        header = next(csv.reader([first], delimiter=delimiter), [])
    except csv.Error as error:
        raise FileError(message("Not CSV: %(why)s.", why=str(error))) from error
    if not header:
        return
    number = itertools.count(1)
    for values, problem in _csv_records(csv.reader(lines, delimiter=delimiter)):
        # The reader takes lines ahead: what it has passed over stands before this
        # record.
        for passed_over in source.problems():
            yield Raw(next(number), None, passed_over)
        if values is None:
            yield Raw(next(number), None, problem)
        else:
            yield _csv_row(next(number), header, values)
    for problem in source.problems():
        yield Raw(next(number), None, problem)


def _csv_records(
    reader: Iterator[list[str]],
) -> Iterator[tuple[list[str] | None, Message | None]]:
    """Return the cells of each record, or None and why it cannot be read."""
    while True:
        try:
            # By hand: a ``for`` would end at the first error and lose the records
            # behind it.
            values = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield None, message("Not CSV: %(why)s.", why=str(error))
        else:
            yield values, None


def _csv_row(number: int, header: list[str], values: list[str]) -> Raw:
    if not any(values):
        return Raw(number, None, EMPTY)
    if len(values) != len(header):
        problem = message(
            "%(cells)s cells where %(columns)s are expected.",
            cells=len(values),
            columns=len(header),
        )
        return Raw(number, None, problem)
    return Raw(number, dict(zip(header, values, strict=True)))


def _parquet(file: IO[bytes]) -> Iterator[Raw]:
    # Imported where it is used: most processes never see a Parquet file.
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        number = 0
        for batch in pq.ParquetFile(file).iter_batches(batch_size=1000):
            for values, problem in _parquet_rows(batch):
                number += 1
                yield Raw(number, values, problem)
    except (pa.ArrowException, OSError) as error:
        raise FileError(
            message("Not a Parquet file that can be read: %(why)s", why=str(error))
        ) from error


def _parquet_rows(
    batch: Any,
) -> Iterator[tuple[Mapping[str, Any] | None, Message | None]]:
    """Return the values of rows, one by one where one of them is unknown to Python."""
    try:
        rows = batch.to_pylist()
    except (ValueError, OverflowError) as error:
        if batch.num_rows == 1:
            yield None, message("A value cannot be read: %(why)s.", why=str(error))
            return
        for at in range(batch.num_rows):
            yield from _parquet_rows(batch.slice(at, 1))
        return
    for values in rows:
        yield {key: _plain(value) for key, value in values.items()}, None


def _plain(value: object) -> object:
    if isinstance(value, dict):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    # Dates, decimals and bytes become text: a payload is JSON.
    is_json = value is None or isinstance(value, str | int | float | bool)
    return value if is_json else str(value)


def _zip(file: IO[bytes], limits: Limits) -> Iterator[Raw]:
    try:
        yield from _zip_rows(zipfile.ZipFile(file), limits)
    except DAMAGED as error:
        raise FileError(message("Not a ZIP file that can be read.")) from error


def _zip_rows(archive: zipfile.ZipFile, limits: Limits) -> Iterator[Raw]:
    entries = {
        entry.filename: entry for entry in archive.infolist() if not entry.is_dir()
    }
    if len(entries) > limits.zip_files:
        most = f"{limits.zip_files:,}"
        raise FileError(message("More than %(most)s files in the ZIP.", most=most))
    list_name = next((n for n in ("items.csv", "items.jsonl") if n in entries), None)
    if list_name:
        with archive.open(list_name) as listed:
            kind = list_name.rpartition(".")[2]
            # A ZIP entry's own readline returns more or less than it was asked for.
            buffered = cast(
                "IO[bytes]", io.BufferedReader(cast("io.RawIOBase", listed))
            )
            for raw in read(kind, buffered, limits):
                yield _with_picture(archive, entries, raw, limits)
        return
    pictures = [name for name in entries if _is_picture(name)]
    for number, name in enumerate(pictures, start=1):
        folder = PurePosixPath(name).parent.name
        # Of a long path the end tells files apart.
        values = {"image": name, "external_id": name[-200:], "label": folder}
        yield _with_picture(archive, entries, Raw(number, values), limits)


def _is_picture(name: str) -> bool:
    path = PurePosixPath(name)
    # As in __MACOSX, where the Finder keeps notes under the names of pictures.
    hidden = any(part.startswith((".", "__")) for part in path.parts)
    return path.suffix.lower() in PICTURES and not hidden


def _with_picture(
    archive: zipfile.ZipFile,
    entries: Mapping[str, zipfile.ZipInfo],
    raw: Raw,
    limits: Limits,
) -> Raw:
    if raw.values is None:
        return raw
    entry = entries.get(str(raw.values.get("image", "")))
    if entry is None:
        return Raw(raw.number, None, message("Its image is not in the ZIP."))
    if problem := _entry_problem(entry, limits):
        return Raw(raw.number, None, problem)

    def picture() -> bytes:
        try:
            with archive.open(entry) as file:
                # One byte more than is allowed: the size that a ZIP states may be a
                # lie.
                return file.read(limits.picture_bytes + 1)
        except DAMAGED as error:
            raise RowError(NO_IMAGE) from error

    return Raw(raw.number, raw.values, picture=picture)


def _entry_problem(entry: zipfile.ZipInfo, limits: Limits) -> Message | None:
    if entry.flag_bits & 1:
        return message("The file is encrypted.")
    if entry.file_size > limits.picture_bytes:
        mebibytes = limits.picture_bytes // 2**20
        return message("The file has more than %(most)s MiB.", most=mebibytes)
    # Below a MiB any ratio will do: a plain picture packs far better than that.
    most = limits.packing_ratio * entry.compress_size
    if entry.file_size > max(2**20, most):
        return message("The file is packed too tightly to be a picture.")
    return None
