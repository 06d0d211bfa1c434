"""How a file is to be read: guessed from its content, said to people, theirs to change."""

from __future__ import annotations

import codecs
import itertools
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import PurePosixPath
from typing import IO, Any, Final

from labeling.errors import InvalidInputError
from labeling.messages import message
from labeling.messages import sentence as _
from labeling.services.transfer.foreign import INCOMING, coco
from labeling.services.transfer.importing import binary, dialect, listed, workbook
from labeling.services.transfer.importing.delimiters import delimiter_of, is_prose
from labeling.services.transfer.importing.dialect import NO_DELIMITER, ValueTerms
from labeling.services.transfer.importing.raw import FileError
from labeling.services.transfer.names import fold

# Bytes that a guess looks at.
HEAD: Final = 2**20
# Formats that one tool alone writes.
TOOLS: Final = {"xml": "cvat", "coco": "coco"}
_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# What is written with accents in the west of Europe: as Windows-1252, most of all.
_WESTERN: Final = frozenset(
    "äöüÄÖÜßàâçéèêëîïôûùœÀÂÇÉÈÊËÎÏÔÛÙŒñÑáíóúÁÍÓÚ¿¡åæøÅÆØãõÃÕªº€£§°«»·©®½²³µ…–—‘’‚“”„\xa0"
)
_LEGACY: Final = (
    *("cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "cp1255", "cp1256", "cp1257"),
    *("shift_jis", "euc_jp", "gb18030", "big5", "euc_kr", "koi8-r"),
)
_ALPHABETS: Final = ("cp1251", "cp1253", "cp1255", "cp1256", "koi8-r")
# Bytes that are no letters of these, and common in Chinese, Japanese and Korean.
_NOT_WORDS: Final = re.compile(rb"[\xa1-\xa7\xa9-\xaa\xac-\xad\xaf-\xb6\xba\xbc-\xbf]")
_SAMPLE: Final = 50  # lines
# Codecs that are for names and mails, or for Python's own texts.
_NO_FILES: Final = frozenset(
    {"idna", "punycode", "utf-7", "unicode-escape", "raw-unicode-escape", "undefined"}
)


@dataclass(frozen=True)
class FileReading:
    """How a file is read. ``encoding`` is one of Python's names of it.

    ``delimiter``: one character between cells; ``NO_DELIMITER`` where a line is a cell.
    ``escape``: the character before a quote inside quotes, or "" where it is doubled.
    ``names``: what the columns are called where the file has no header.
    ``skipped``: the lines before the first row, such as Excel's ``sep=;``.
    ``is_list``: whether a JSON file is one list, or objects that follow each other.
    ``data_type``: of the project that a ZIP is read for.
    ``line_end``: what alone ends a line, or "" where any usual end does.
    ``sheets``: of a workbook, those with rows; ``sheet``: the one that is read.
    ``tool``: whose export it is, or "" where it is none.
    ``inner``: what the file is called that gzip has folded.
    """

    format: str
    encoding: str = "utf-8"
    delimiter: str = ","
    escape: str = ""
    has_header: bool = True
    names: list[str] = field(default_factory=list)
    skipped: int = 0
    is_list: bool = False
    line_end: str = ""
    data_type: str = "image"
    sheet: str = ""
    sheets: list[str] = field(default_factory=list)
    tool: str = ""
    inner: str = ""

    @property
    def encoding_name(self) -> str:
        """The encoding as people are told; a mark at its beginning makes no other one."""
        return self.encoding.removesuffix("-sig").upper()

    @property
    def shown_delimiter(self) -> str:
        """What stands between cells, or "" where a line is a cell or there are none."""
        is_shown = self.format == "csv" and self.delimiter != NO_DELIMITER
        return self.delimiter if is_shown else ""

    @property
    def is_text(self) -> bool:
        """Whether it has an encoding."""
        return self.format in ("jsonl", "json", "csv", "lines")

    @property
    def has_lines(self) -> bool:
        """Whether its bytes can be cut behind a line."""
        is_wide = self.encoding.startswith(("utf-16", "utf-32"))
        return self.format in ("jsonl", "csv", "lines") and not is_wide


@dataclass(frozen=True)
class ReadingChoice:
    """What a person says about a file; ``None`` leaves it to the guess."""

    encoding: str | None = None
    delimiter: str | None = None
    has_header: bool | None = None
    sheet: str | None = None
    # "none": as it stands, also where it looks like the export of a tool.
    tool: str | None = None


def as_json(reading: FileReading) -> dict[str, Any]:
    """Return a reading to be stored."""
    return asdict(reading)


def from_json(stored: Mapping[str, Any]) -> FileReading:
    """Return a reading that was stored."""
    return FileReading(**stored)


def _unknown_tool(tool: str) -> dict[str, list[str]]:
    is_known = tool in ("", "none", *INCOMING)
    return {} if is_known else {"tool": [_("This tool is not known.")]}


def choice_of(
    encoding: str, delimiter: str, header: str, sheet: str = "", tool: str = ""
) -> ReadingChoice:
    """Return what a person says, each an empty text where they do not.

    Raises InvalidInputError, naming the field, for what is none of the choices.
    """
    errors: dict[str, list[str]] = {}
    if encoding:
        try:
            "".encode(encoding)
            # By one name: others of it would not be known below.
            encoding = codecs.lookup(encoding).name
        except (LookupError, ValueError):
            encoding = ""
        if not encoding or encoding in _NO_FILES:
            errors["encoding"] = [_("This encoding is not known.")]
    named = {"tab": "\t", "none": NO_DELIMITER}.get(delimiter, delimiter)
    if len(named) > 1 or named in ('"', "\n", "\r", "\x00"):
        errors["delimiter"] = [_("One character, “tab” or “none”.")]
    if header not in ("", "yes", "no"):
        errors["header"] = [_("“yes” or “no”.")]
    errors.update(_unknown_tool(tool))
    if errors:
        raise InvalidInputError(errors=errors)
    return ReadingChoice(
        encoding or None,
        named or None,
        {"yes": True, "no": False}.get(header),
        sheet or None,
        tool or None,
    )


def understand(
    name: str, file: IO[bytes], terms: ValueTerms, choice: ReadingChoice | None = None
) -> FileReading:
    """Return how a file is to be read, by its content first and its name second.

    Raises FileError for a file of another kind.
    """
    choice = choice or ReadingChoice()
    file.seek(0)
    head = file.read(HEAD)
    if (kind := binary.kind(head, file)) == "xlsx":
        return _in_workbook(file, terms, choice)
    if kind:
        return FileReading(kind, data_type=terms.data_type)
    encoding = _encoding(head, file, choice.encoding or "")
    try:
        text = _text(head, encoding)
    except UnicodeError as error:
        raise FileError(
            message("The file is not %(encoding)s.", encoding=encoding)
        ) from error
    is_table = bool(choice.delimiter) or choice.has_header is not None
    reading = FileReading(
        "csv" if is_table else _format(name, text, terms),
        encoding,
        line_end=dialect.line_end_of(text),
    )
    if reading.format != "csv":
        is_list = text.lstrip().startswith("[")
        return replace(reading, is_list=is_list, tool=TOOLS.get(reading.format, ""))
    return _in_dialect(reading, name, text, terms, choice)


def encoding_of(head: bytes, file: IO[bytes]) -> str:
    """Return the encoding of a file of text by its content."""
    return _encoding(head, file, "")


def _encoding(head: bytes, file: IO[bytes], wanted: str) -> str:
    """Return the encoding as it is said, or else guessed; a mark is no part of the text."""
    marked = next((name for mark, name in _MARKS if head.startswith(mark)), "")
    if marked and wanted in ("", "utf-8", "utf-16-le", "utf-16-be", "utf-32-le"):
        return marked
    if wanted:
        return wanted
    if wide := _wide(head):
        return wide
    sample = _first_beyond_utf8(file)
    return _legacy(sample) if sample else "utf-8"


def _wide(head: bytes) -> str:
    """Return UTF-16 without a mark, told by the zeros beside letters or line ends, or ""."""
    sample = head[: 2**16 & ~1]
    pairs = len(sample) // 2
    for encoding, low in (("utf-16-le", 0), ("utf-16-be", 1)):
        lows, highs = sample[low::2], sample[1 - low :: 2]
        zeros = highs.count(0)
        is_latin = zeros > 0.4 * pairs and lows.count(0) < 0.05 * pairs
        ends = sum(
            byte == 10 and not high for byte, high in zip(lows, highs, strict=False)
        )
        has_lines = bool(ends) and 2 * ends >= sample.count(10)
        if pairs and (is_latin or has_lines) and _is_text(sample, encoding):
            return encoding
    return ""


def _is_text(sample: bytes, encoding: str) -> bool:
    """Whether bytes are characters in an encoding, none of which is a control."""
    text = codecs.getincrementaldecoder(encoding)("replace").decode(sample)
    return not re.search("[\0-\x08\x0e-\x1f\ufffd\uffff]", text)


def _first_beyond_utf8(file: IO[bytes]) -> bytes:
    """Return the piece of a file that is not UTF-8 first, or nothing."""
    file.seek(0)
    decoder = codecs.getincrementaldecoder("utf-8")()
    while piece := file.read(HEAD):
        try:
            decoder.decode(piece)
        except UnicodeDecodeError:
            return piece
    return b""


def _legacy(sample: bytes) -> str:
    """Return the encoding of a file that is not UTF-8 all through.

    UTF-8 where most of what is beyond ASCII is: then only some lines are damaged.
    """
    read = sample.decode("utf-8", "surrogateescape")
    bad = sum("\udc80" <= character <= "\udcff" for character in read)
    good = sum(ord(character) > 127 for character in read) - bad
    if good > 10 * bad:
        return "utf-8"
    # Each line once: what comes again and again says nothing new.
    lines = dict.fromkeys(line for line in sample.splitlines() if not line.isascii())
    some = b"\n".join([*lines][:_SAMPLE])[: 2**16]
    western = some.decode("cp1252", "replace")
    if all(character.isascii() or character in _WESTERN for character in western):
        return "cp1252"
    # Imported where it is used: it loads its tables, and most files are UTF-8.
    from charset_normalizer import from_bytes

    # Whole words beyond ASCII: of the west and middle of Europe only single letters are.
    words = b"".join(re.findall(rb"[\xc0-\xff]{2,}", some))
    beyond = len(some) - sum(byte < 128 for byte in some)
    likely = (
        _ALPHABETS
        if 2 * len(words) > beyond and not _NOT_WORDS.search(some)
        else _LEGACY
    )
    best = from_bytes(some, cp_isolation=list(likely)).best()
    return codecs.lookup(best.encoding).name if best else "cp1252"


def _text(head: bytes, encoding: str) -> str:
    """Return the beginning of a file as text; damaged bytes as characters that say so."""
    decoder = codecs.getincrementaldecoder(encoding)("replace")
    text = decoder.decode(head)
    if len(head) < HEAD:
        return text + decoder.decode(b"", final=True)
    # The last line is cut.
    return text[: max(text.rfind("\n"), text.rfind("\r")) + 1] or text


def _marked_format(start: str) -> str:
    """Return the format that the first characters tell, or "".

    Raises FileError for XML that is not read.
    """
    if re.match(r"<\?xml|<annotations\b", start):
        if "<annotations" not in start:
            raise FileError(
                message(
                    "This is XML of another kind than CVAT's: send CSV, JSON or Excel."
                )
            )
        return "xml"
    is_list = re.match(r"\[\s*[{\]]", start)
    if whole := "coco" if coco.begins(start) else "json" if is_list else "":
        return whole
    if not start.startswith("{"):
        return ""
    return "jsonl" if listed.has_lines(start) else "json"


def _format(name: str, text: str, terms: ValueTerms) -> str:
    if marked := _marked_format(text.lstrip()):
        return marked
    ending = PurePosixPath(name.lower()).suffix
    if ending == ".json":
        raise FileError(message("This is not JSON: an object or a list is expected."))
    is_plain = ending in (".txt", "") and terms.data_type == "text"
    if is_plain and not _has_columns(name, text):
        return "lines"
    if ending in (".jsonl", ".ndjson"):
        return "jsonl"
    is_text = terms.data_type == "text" and ending not in (".tsv", ".tab")
    return "lines" if is_text and is_prose(text) else "csv"


def _has_columns(name: str, text: str) -> bool:
    """Whether each of the first lines has tabs, as Excel's “Unicode text”, or a header."""
    lines = [line for line in dialect.lines_of(text)[: dialect.RECORDS] if line.strip()]
    counts = {line.count("\t") for line in lines}
    if len(counts) == 1 and 0 not in counts:
        return True
    skipped, stated = dialect.lines_before(lines)
    delimiter = stated or delimiter_of(name, text)
    first = lines[skipped].split(delimiter) if skipped < len(lines) else []
    return len(first) > 1 and bool(
        {fold(cell.strip().strip('"')) for cell in first} & dialect.KNOWN
    )


def _in_workbook(
    file: IO[bytes], terms: ValueTerms, choice: ReadingChoice
) -> FileReading:
    sheets = workbook.sheets(file)
    if not sheets:
        raise FileError(message("The workbook has no rows."))
    sheet = choice.sheet or sheets[0]
    some = itertools.islice(workbook.cells(file, sheet), dialect.RECORDS)
    rows = [
        ["" if value is None else str(value) for value in values]
        for _number, values, _problem in some
        if values
    ]
    reading = FileReading("xlsx", sheet=sheet, sheets=sheets)
    if not rows:
        return reading
    width = max(map(len, rows))
    rows = [[*row, *[""] * (width - len(row))] for row in rows]
    has_header = choice.has_header
    if has_header is None:
        has_header = dialect.is_header(rows, terms)
    names = [] if has_header else dialect.names_of(rows, terms)
    return replace(reading, has_header=has_header, names=names)


def _in_dialect(
    reading: FileReading, name: str, text: str, terms: ValueTerms, choice: ReadingChoice
) -> FileReading:
    lines = dialect.lines_of(text, reading.line_end)
    skipped, stated = dialect.lines_before(lines)
    text = "".join(lines[skipped:])
    delimiter = choice.delimiter or stated or delimiter_of(name, text)
    escape = dialect.escape_of(text, delimiter)
    reading = replace(reading, delimiter=delimiter, escape=escape, skipped=skipped)
    rows = [row for row in dialect.records(text, delimiter, escape) if any(row)]
    if not rows:
        return reading
    dialect.check_width(len(rows[0]))
    has_header = choice.has_header
    if has_header is None:
        has_header = dialect.is_header(rows, terms)
    names = [] if has_header else dialect.names_of(rows, terms)
    return replace(reading, has_header=has_header, names=names)
