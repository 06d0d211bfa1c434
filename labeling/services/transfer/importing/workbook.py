"""Excel workbooks to rows, one by one: texts, numbers and dates as people see them."""

from __future__ import annotations

import itertools
import re
import warnings
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime, time, timedelta
from typing import IO, TYPE_CHECKING, Any, Final

from django.conf import settings

from labeling.messages import Message, message
from labeling.services.transfer.importing.raw import FileError, Raw
from labeling.services.transfer.limits import LIMITS, Limits

if TYPE_CHECKING:
    from openpyxl import Workbook

# Bytes of its texts and of its other parts, which are in memory as a whole.
TEXTS_BYTES: Final = 2**27
PART_BYTES: Final = 2**24
_ROWS_AT_ONCE: Final = 200
_PROLOG: Final = re.compile(
    rb"(?:\xef\xbb\xbf|\xff\xfe|\xfe\xff)?\s*(?:(?:<\?.*?\?>|<!--.*?-->)\s*)*<[A-Za-z_]",
    re.DOTALL,
)
NOT_READABLE: Final = message("Not an Excel workbook that can be read.")
NO_VALUE: Final = message(
    "A formula has no value: open the workbook in Excel, save it and send it again."
)
# What openpyxl raises on workbooks that are damaged, or made to trip it.
_UNREADABLE: Final = (
    zipfile.BadZipFile,
    zlib.error,
    SyntaxError,
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    ArithmeticError,
    EOFError,
    OSError,
    RuntimeError,
)
# A row's number in its sheet, with its values or why it has none.
SheetRow = tuple[int, list[Any] | None, Message | None]


def sheets(file: IO[bytes], limits: Limits = LIMITS) -> list[str]:
    """Return the names of the sheets that have rows, without those that are hidden.

    Raises FileError where it cannot be read.
    """
    _check_parts(file, limits)
    with _book(file) as book:
        return [
            sheet.title
            for sheet in book.worksheets
            if sheet.sheet_state == "visible"
            and any(value is not None for _n, row in _values(sheet) for value in row)
        ]


def rows(
    file: IO[bytes], sheet: str, names: Sequence[str], limits: Limits = LIMITS
) -> Iterator[Raw]:
    """Return the rows of a sheet; without ``names`` the first one names the columns.

    Raises FileError where it cannot be read.
    """
    columns = [*names]
    for number, values, problem in cells(file, sheet, limits):
        if not columns and values is None:
            raise FileError(
                message("The header cannot be read: %(why)s", why=problem or "")
            )
        if not columns:
            columns = header(values or [])
        elif values is None:
            yield Raw(number, None, problem, file=sheet)
        elif len(values) > len(columns):
            why = message(
                "%(cells)s cells where %(columns)s are expected.",
                cells=len(values),
                columns=len(columns),
            )
            yield Raw(number, None, why, file=sheet)
        else:
            # Cells that are empty at the end of a row are not kept in the file.
            pairs = itertools.zip_longest(columns, values)
            yield Raw(number, dict(pairs), file=sheet)


def header(values: Sequence[object]) -> list[str]:
    """Return names of columns, which are not empty and of which no two are the same."""
    from labeling.services.transfer.importing import dialect

    return dialect.unique(
        [
            str("" if value is None else value).strip() or f"column_{place}"
            for place, value in enumerate(values, start=1)
        ]
    )


def cells(file: IO[bytes], sheet: str, limits: Limits = LIMITS) -> Iterator[SheetRow]:
    """Return the rows of a sheet that are not empty, without cells that end them empty.

    Raises FileError where it cannot be read.
    """
    _check_parts(file, limits)
    with _book(file) as book:
        if sheet not in book.sheetnames:
            raise FileError(message("There is no sheet “%(sheet)s”.", sheet=sheet[:80]))
        if not _has_formulas(file):
            yield from _checked(_values(book[sheet]), limits)
            return
        # The value of a formula and the formula itself stand in two readings.
        with _book(file, data_only=False) as written:
            both = zip(
                _values(book[sheet]), _values(written[sheet], written=True), strict=True
            )
            for (number, values), (_number, are_formulas) in both:
                if any(map(_lacks_value, values, are_formulas)):
                    yield number, None, NO_VALUE
                else:
                    yield from _checked([(number, values)], limits)


def _lacks_value(value: object, is_formula: object) -> bool:
    return value is None and bool(is_formula)


def _checked(
    some: Iterable[tuple[int, list[Any]]], limits: Limits
) -> Iterator[SheetRow]:
    for number, values in some:
        while values and values[-1] is None:
            values.pop()
        texts = (value for value in values if isinstance(value, str))
        if sum(map(len, texts)) > limits.row_characters:
            yield number, None, message("The line is too long.")
        elif values:
            yield number, values, None


@contextmanager
def _book(file: IO[bytes], *, data_only: bool = True) -> Iterator[Workbook]:
    # Imported where it is used: most processes never see a workbook.
    from openpyxl import load_workbook

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            book = load_workbook(
                file, read_only=True, data_only=data_only, keep_links=False
            )
        yield book
    except FileError:
        raise
    except _UNREADABLE as error:
        raise FileError(NOT_READABLE) from error


def _values(sheet: Any, *, written: bool = False) -> Iterator[tuple[int, list[Any]]]:
    """Return the numbers and values of rows; of ``written`` ones which are formulas."""
    # What a sheet states of its size may be a lie, or that of formats without values.
    sheet.reset_dimensions()
    numbered = enumerate(sheet.iter_rows(), start=1)
    while True:
        with warnings.catch_warnings():
            # Of formats that openpyxl does not know, which change no value.
            warnings.simplefilter("ignore")
            some = [*itertools.islice(numbered, _ROWS_AT_ONCE)]
        if not some:
            return
        for number, row in some:
            yield (
                number,
                [cell.data_type == "f" if written else _plain(cell) for cell in row],
            )


def _plain(cell: Any) -> object:
    value = cell.value
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        value = int(value)
    if isinstance(value, int):
        # "00000": people see 00042, which is what they mean by a number of a file.
        places = re.fullmatch(r"0{2,40}", cell.number_format or "")
        return str(value).zfill(len(places[0])) if places else value
    return _moment(value)


def _moment(value: object) -> object:
    if isinstance(value, datetime) and value.time() == time():
        value = value.date()
    if isinstance(value, date | time):
        return value.isoformat()
    return str(value) if isinstance(value, timedelta) else value


def _check_parts(file: IO[bytes], limits: Limits) -> None:
    """Raise FileError where it would unfold beyond measure, or could expand entities."""
    try:
        with zipfile.ZipFile(file) as archive:
            for entry in archive.infolist():
                _check_part(archive, entry, limits)
    except FileError:
        raise
    except _UNREADABLE as error:
        raise FileError(NOT_READABLE) from error


def _check_part(
    archive: zipfile.ZipFile, entry: zipfile.ZipInfo, limits: Limits
) -> None:
    name = entry.filename.lower().lstrip("/")
    if not name.endswith((".xml", ".rels")):
        # Pictures and macros are never unpacked.
        return
    is_sheet = "worksheets/" in name
    tight = limits.packing_ratio * entry.compress_size
    most = (
        min(settings.IMPORT_MAX_BYTES, max(limits.unpacked_bytes, tight))
        if is_sheet
        else TEXTS_BYTES
        if "sharedstrings" in name
        else PART_BYTES
    )
    # No more than the stated size is unpacked.
    if entry.file_size > most:
        raise FileError(
            message("The workbook is too large: save it as “CSV UTF-8” and send that.")
        )
    with archive.open(entry) as part:
        # Without zeros, as UTF-16 has them. A document type could name what grows.
        if not _PROLOG.match(part.read(2**16).replace(b"\0", b"")):
            raise FileError(NOT_READABLE)


def _has_formulas(file: IO[bytes]) -> bool:
    with zipfile.ZipFile(file) as archive:
        for name in archive.namelist():
            if "worksheets/" not in name.lower():
                continue
            with archive.open(name) as part:
                before = b""
                while piece := part.read(2**18):
                    if re.search(rb"<f[ >/]", before + piece):
                        return True
                    before = piece[-2:]
    return False
