"""What a file is that is no text: by what it begins with, and by what a ZIP holds."""

from __future__ import annotations

import lzma
import zipfile
import zlib
from typing import IO, Final

from labeling.messages import message
from labeling.services.transfer.importing.raw import FileError

# What other files begin with; the first few bytes tell them apart.
OTHERS: Final = (
    (b"\x1f\x8b", "gzip"),
    (b"BZh", "bzip2"),
    (b"\xfd7zXZ", "xz"),
    (b"7z\xbc\xaf", "7-Zip"),
    (b"Rar!", "RAR"),
    (b"%PDF", "PDF"),
    (b"SQLite format 3", "SQLite"),
)
_OLE: Final = b"\xd0\xcf\x11\xe0"
_TAR: Final = slice(257, 262)
# What only archives of these hold.
_DOCUMENTS: Final = (
    ("xl/workbook.bin", "Excel binary workbook"),
    ("word/document.xml", "Word"),
    ("ppt/presentation.xml", "PowerPoint"),
    ("Index/Document.iwa", "Numbers"),
)
_OPEN_DOCUMENT: Final = b"application/vnd.oasis.opendocument"
# The errors that a damaged or unusual ZIP raises while it is unpacked.
DAMAGED: Final = (
    zipfile.BadZipFile,
    OSError,  # where it leads to a place before its beginning
    zlib.error,
    lzma.LZMAError,
    EOFError,
    NotImplementedError,
    RuntimeError,
    ValueError,
)


def kind(head: bytes, file: IO[bytes]) -> str:
    """Return the format of a file that is no text, or "".

    Raises FileError for one that cannot be read, in words what to do.
    """
    if head.startswith(b"PAR1"):
        return "parquet"
    if head.startswith(b"PK"):
        return _archive(file)
    if head.startswith(_OLE):
        raise FileError(
            message(
                "This is a workbook of Excel 97, or one with a password: save it as"
                " “Excel Workbook (.xlsx)” without a password and send that."
            )
        )
    other = "TAR" if head[_TAR] == b"ustar" else ""
    other = next((name for mark, name in OTHERS if head.startswith(mark)), other)
    if other:
        raise FileError(
            message(
                "This is a file of the kind %(kind)s: send CSV, JSON, Excel (.xlsx),"
                " Parquet or a ZIP.",
                kind=other,
            )
        )
    return ""


def _archive(file: IO[bytes]) -> str:
    try:
        with zipfile.ZipFile(file) as archive:
            names = archive.NameToInfo
            is_open = "mimetype" in names and archive.open("mimetype").read(
                len(_OPEN_DOCUMENT)
            )
    except DAMAGED:
        # The reader says what is wrong with it.
        return "zip"
    if "xl/workbook.xml" in names:
        return "xlsx"
    other = "OpenDocument" if is_open == _OPEN_DOCUMENT else ""
    other = next((name for inside, name in _DOCUMENTS if inside in names), other)
    if other:
        raise FileError(
            message(
                "This is a file of the kind %(kind)s: save it as CSV or as an Excel"
                " workbook (.xlsx) and send that.",
                kind=other,
            )
        )
    return "zip"
