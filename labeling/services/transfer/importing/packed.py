"""ZIPs as people have them: pictures with a list or in class folders, tables, texts.

Each file of a ZIP ends in one count: what is not used is refused by its name. The notes
that file managers keep are counted and named apart: nobody misses them.
"""

from __future__ import annotations

import io
import json
import unicodedata
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import PurePosixPath
from shutil import copyfileobj
from tempfile import TemporaryFile
from typing import IO, Any, Final

from django.conf import settings

from labeling.messages import Message, message
from labeling.models import Project
from labeling.services.transfer.importing import gzipped
from labeling.services.transfer.importing.binary import DAMAGED
from labeling.services.transfer.importing.images import NO_IMAGE
from labeling.services.transfer.importing.raw import FileError, Raw
from labeling.services.transfer.importing.reading import (
    FileReading,
    encoding_of,
)
from labeling.services.transfer.limits import Limits
from labeling.services.transfer.names import fold
from labeling.services.transfer.rows import RowError

# Names of a list of pictures, the first one that a folder has; and of its column.
LISTS: Final = ("items", "metadata")
COLUMNS: Final = ("image", "file_name", "filename", "file", "path", "image_path")
TABLES: Final = (
    *(".csv", ".tsv", ".tab", ".jsonl", ".ndjson", ".json"),
    *(".parquet", ".xlsx", ".xml"),
)
TEXTS: Final = (".txt", ".text")
NOTES: Final = ("thumbs.db", "desktop.ini", "__macosx")
NOT_LISTED: Final = message("It is not in the list.")
NOT_USED: Final = message(
    "It is not used: a list of pictures is called items or metadata, with .csv or .jsonl."
)
NO_TABLE: Final = message("It is not used: it is no table and no text.")

Read = Callable[[str, IO[bytes], str, Limits], Iterator[Raw]]
Entries = Mapping[str, zipfile.ZipInfo]


def rows(
    archive: zipfile.ZipFile, reading: FileReading, limits: Limits, read: Read
) -> Iterator[Raw]:
    """Return the rows of a ZIP; ``read`` returns those of a table in it.

    Raises FileError where it has too many files, or its list cannot be read.
    """
    entries, twice = _entries(archive)
    if len(entries) + len(twice) > limits.zip_files:
        most = f"{limits.zip_files:,}"
        raise FileError(message("More than %(most)s files in the ZIP.", most=most))
    opened = _Opened(archive, entries, limits, read)
    has_pictures = reading.data_type == Project.DataType.IMAGE
    yield from _pictures(opened) if has_pictures else _tables(opened, reading.data_type)
    for number, name in enumerate(twice, start=1):
        why = message("“%(name)s” stands there twice.", name=name[-80:])
        yield Raw(number, None, why, file=name)


def _entries(archive: zipfile.ZipFile) -> tuple[dict[str, zipfile.ZipInfo], list[str]]:
    """Return the files by name, without notes, and the names that stand there twice."""
    entries: dict[str, zipfile.ZipInfo] = {}
    twice: list[str] = []
    for entry in archive.infolist():
        name = _plain(_name_of(entry))
        if entry.is_dir() or _is_note(name):
            continue
        if name in entries:
            twice.append(name)
        entries.setdefault(name, entry)
    return entries, twice


def _is_note(name: str) -> bool:
    parts = PurePosixPath(name).parts
    # “..” is where an archive was packed from, and no hidden file.
    return any(
        (p.startswith(".") and p != "..") or p.casefold() in NOTES for p in parts
    )


def notes(archive: zipfile.ZipFile) -> list[str]:
    """Return the names of the files that are notes of a file manager, which no row is."""
    names = (_plain(_name_of(each)) for each in archive.infolist() if not each.is_dir())
    return [name for name in names if _is_note(name)]


def _name_of(entry: zipfile.ZipInfo) -> str:
    """Return a file's name; many programs write UTF-8 and do not say so."""
    says_utf8 = entry.flag_bits & 0x800
    if says_utf8 or entry.filename.isascii():
        return entry.filename
    try:
        # What zipfile has made of the bytes is undone.
        written = entry.filename.encode("cp437")
        return written.decode(encoding_of(written, io.BytesIO(written)))
    except UnicodeError:
        return entry.filename


def _plain(path: str) -> str:
    """Return a path with one kind of separator and one form of its letters."""
    parts = unicodedata.normalize("NFC", path).replace("\\", "/").split("/")
    return "/".join(part for part in parts if part not in ("", "."))


def _last_part(path: str) -> str:
    return path.rpartition("/")[2]


class _Opened:
    """The files of a ZIP, which are found as people write their paths."""

    def __init__(
        self, archive: zipfile.ZipFile, entries: Entries, limits: Limits, read: Read
    ) -> None:
        self.entries = entries
        self.limits = limits
        self._archive = archive
        self._read = read
        self._folded: dict[str, list[str]] = {}
        # A path is looked for in each row, and there may be as many files as rows.
        self._by_last_part: dict[str, list[str]] = {}
        for name in entries:
            self._folded.setdefault(name.casefold(), []).append(name)
            self._by_last_part.setdefault(_last_part(name), []).append(name)

    def named(self, path: str, folder: str) -> str:
        """Return the file that a path means, from a folder or from the top, or ""."""
        # Some tools name a picture without the folder that they pack it in.
        places = (folder, "", f"{folder}/images", "images")
        for candidate in (_plain(f"{place}/{path}") for place in places):
            if candidate in self.entries:
                return candidate
            alike = self._folded.get(candidate.casefold(), [])
            # Without case only where it means one file.
            if len(alike) == 1:
                return alike[0]
        ends = f"/{_plain(path)}"
        named_so = self._by_last_part.get(_last_part(ends), [])
        below = [name for name in named_so if name.endswith(ends)]
        return below[0] if len(below) == 1 else ""

    def picture(self, raw: Raw, name: str) -> Raw:
        """Return a row with the picture of this name, or why it has none."""
        entry = self.entries[name]
        if problem := _entry_problem(entry, self.limits):
            return raw._replace(problem=problem, file=name)
        return raw._replace(
            picture=lambda: self.content(entry, self.limits.picture_bytes)
        )

    def content(self, entry: zipfile.ZipInfo, most: int) -> bytes:
        """Return a file's bytes, one more than is allowed at most.

        The size that a ZIP states may be a lie. Raises RowError where it is damaged.
        """
        try:
            with self._archive.open(entry) as file:
                return file.read(most + 1)
        except DAMAGED as error:
            raise RowError(NO_IMAGE) from error

    def table(self, name: str, data_type: str) -> Iterator[Raw]:
        """Return the rows of a table. Raises FileError where it cannot be read."""
        entry = self.entries[name]
        if _is_packed_too_tightly(entry, self.limits, self.limits.unpacked_bytes):
            raise FileError(message("The list in the ZIP is packed too tightly."))
        if entry.file_size > settings.IMPORT_MAX_BYTES:
            most = settings.IMPORT_MAX_BYTES // 2**20
            raise FileError(message("The file has more than %(most)s MiB.", most=most))
        with TemporaryFile() as unpacked:
            # A packed file cannot be read from its end, as Parquet is.
            with self._archive.open(entry) as packed:
                copyfileobj(packed, unpacked)
            with gzipped.opened(unpacked, name, self.limits) as (plain, inner):
                for raw in self._read(inner, plain, data_type, self.limits):
                    yield raw._replace(file=name)


def _pictures(opened: _Opened) -> Iterator[Raw]:
    """Return the rows of the lists, then each file that is in none of them."""
    lists = _lists(opened)
    used = {*lists}
    for name in lists:
        folder = str(PurePosixPath(name).parent)
        for raw in opened.table(name, Project.DataType.IMAGE):
            yield _listed(opened, raw, folder, used)
    rest = [name for name in opened.entries if name not in used]
    common = {PurePosixPath(name).parent for name in rest if not _is_table(name)}
    for number, name in enumerate(rest, start=1):
        if _is_table(name) or lists:
            why = NOT_USED if _is_table(name) else NOT_LISTED
            yield Raw(number, None, why, file=name)
            continue
        # One folder of everything says nothing about what is in it.
        label = PurePosixPath(name).parent.name if len(common) > 1 else ""
        # Of a long path the end tells files apart.
        values = {"image": name, "external_id": name[-200:], "label": label}
        yield opened.picture(Raw(number, values, file=name), name)


def _is_table(name: str) -> bool:
    return PurePosixPath(name.lower().removesuffix(".gz")).suffix in TABLES


def _lists(opened: _Opened) -> list[str]:
    """Return the lists of pictures: of each folder one."""
    by_folder: dict[str, str] = {}
    tables = [*filter(_is_table, opened.entries)]
    for stem in LISTS:
        for name in tables:
            path = PurePosixPath(name)
            if path.name.casefold().partition(".")[0] == stem:
                by_folder.setdefault(str(path.parent), name)
    if by_folder or len(tables) != 1:
        return [*by_folder.values()]
    # A single table under another name, where it names pictures.
    folder = str(PurePosixPath(tables[0]).parent)
    try:
        first = next(opened.table(tables[0], Project.DataType.IMAGE), None)
    except FileError:
        return []
    return tables if first and _listed(opened, first, folder, set()).picture else []


def _listed(opened: _Opened, raw: Raw, folder: str, used: set[str]) -> Raw:
    """Return a row of a list with its picture, under the name of our column."""
    if raw.values is None:
        return raw
    column, path = _picture_of(raw.values)
    if not column:
        return raw
    name = opened.named(path, folder) if path else ""
    if not name:
        problem = message("Its image is not in the ZIP: %(path)s", path=path[-200:])
        return raw._replace(problem=problem)
    used.add(name)
    if column != "data" and "image" not in raw.values:
        values = {"image" if k == column else k: v for k, v in raw.values.items()}
        raw = raw._replace(values=values)
    return opened.picture(raw, name)


def _picture_of(values: Mapping[str, Any]) -> tuple[str, str]:
    """Return the column with the path of the picture, and the path."""
    if "label_source" in values and (path := _exported(values.get("data"))):
        return "data", path
    folded = {fold(column): column for column in reversed([*values])}
    column = next((folded[name] for name in COLUMNS if name in folded), "")
    value = values.get(column)
    return column, value if isinstance(value, str) else ""


def _exported(data: object) -> str:
    """Return the path of the picture in the data of our own export, or ""."""
    if isinstance(data, str):
        try:
            data = json.loads(data)
        except (ValueError, RecursionError):
            return ""
    path = data.get("image") if isinstance(data, dict) else None
    return path if isinstance(path, str) else ""


def _tables(opened: _Opened, data_type: str) -> Iterator[Raw]:
    """Return the rows of each table; of several files of text each is one text."""
    texts = [n for n in opened.entries if PurePosixPath(n.lower()).suffix in TEXTS]
    tables = [*filter(_is_table, opened.entries)]
    are_texts = len(texts) > 1 and data_type == Project.DataType.TEXT
    if are_texts:
        yield from _texts(opened, texts)
    for name in tables if are_texts else [*tables, *texts]:
        try:
            yield from opened.table(name, data_type)
        except (FileError, *DAMAGED) as error:
            why = getattr(error, "message", None) or message(
                "Not a ZIP file that can be read."
            )
            yield Raw(0, None, why, file=name)
    others = [name for name in opened.entries if name not in {*texts, *tables}]
    for number, name in enumerate(others, start=1):
        yield Raw(number, None, NO_TABLE, file=name)


def _texts(opened: _Opened, names: Sequence[str]) -> Iterator[Raw]:
    folders = {PurePosixPath(name).parent for name in names}
    for number, name in enumerate(names, start=1):
        entry, most = opened.entries[name], opened.limits.line_bytes
        if (
            _is_packed_too_tightly(entry, opened.limits, 2**20)
            or entry.file_size > most
        ):
            yield Raw(number, None, message("The line is too long."), file=name)
            continue
        try:
            data = opened.content(entry, most)
            text = data.decode(encoding_of(data, io.BytesIO(data)))
        except (RowError, UnicodeError):
            why = message("It cannot be read as text.")
            yield Raw(number, None, why, file=name)
            continue
        label = PurePosixPath(name).parent.name if len(folders) > 1 else ""
        values = {"text": text, "external_id": name[-200:], "label": label}
        yield Raw(number, values, file=name)


def _entry_problem(entry: zipfile.ZipInfo, limits: Limits) -> Message | None:
    if entry.flag_bits & 1:
        return message("The file is encrypted.")
    if entry.file_size > limits.picture_bytes:
        mebibytes = limits.picture_bytes // 2**20
        return message("The file has more than %(most)s MiB.", most=mebibytes)
    # Below a MiB any ratio will do: a plain picture packs far better than that.
    if _is_packed_too_tightly(entry, limits, 2**20):
        return message("The file is packed too tightly to be a picture.")
    return None


def _is_packed_too_tightly(entry: zipfile.ZipInfo, limits: Limits, least: int) -> bool:
    # No more than the stated size is unpacked.
    return entry.file_size > max(least, limits.packing_ratio * entry.compress_size)
