"""Files that wait for their import: stored under a name of ours, previewed, deleted."""

from __future__ import annotations

import io
import itertools
import uuid
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import IO, Any, Final

from django.conf import settings
from django.core.files.base import File
from django.core.files.storage import default_storage
from django.core.files.temp import NamedTemporaryFile
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from labeling import queries
from labeling.errors import (
    AssayError,
    ConflictError,
    InvalidInputError,
    TooLargeError,
)
from labeling.messages import Message, as_json, from_json, message
from labeling.messages import sentence as _
from labeling.models import ImportRun, Job, Project, Upload, User
from labeling.services.transfer.importing import (
    gzipped,
    own,
    readers,
    reading,
    refused,
    words,
)
from labeling.services.transfer.importing.dialect import ValueTerms
from labeling.services.transfer.importing.reading import FileReading, ReadingChoice
from labeling.services.transfer.rows import EMPTY, RowError, checked_values, role_of

# How long a file is kept that nobody imports.
KEPT: Final = timedelta(days=7)
# How long the refused rows of an import can be had.
REPORT_KEPT: Final = timedelta(days=90)
PREVIEWED: Final = 20  # rows
# Of lines, since the rest of one that is too long is read to be passed over.
PREVIEWED_BYTES: Final = 2**24


@dataclass(frozen=True)
class Preview:
    """The first rows of a file, before anything is written, and how it was read."""

    reading: FileReading
    columns: list[str]
    roles: dict[str, str]
    rows: list[dict[str, Any]]
    problems: list[dict[str, Any]]
    notes: list[Message] = field(default_factory=list)


def stage(
    project: Project,
    user: User | None,
    name: str,
    chunks: Iterable[bytes],
    choice: ReadingChoice | None = None,
) -> Upload:
    """Store a file under a name of ours, with how it is to be read.

    Raises TooLargeError beyond IMPORT_MAX_MB, InvalidInputError where it is empty or a
    file of another kind.
    """
    size = 0
    # For people to read, never part of a path. PostgreSQL stores no NUL.
    clean = name.replace("\x00", "").rpartition("/")[2][-255:] or "file"
    with NamedTemporaryFile() as temporary:
        for chunk in chunks:
            size += len(chunk)
            # Counted as it comes: the length that a sender declares may be missing or
            # wrong.
            if size > settings.IMPORT_MAX_BYTES:
                most = settings.IMPORT_MAX_BYTES // 2**20
                raise TooLargeError(
                    message("The file has more than %(most)s MiB.", most=most)
                )
            temporary.write(chunk)
        if not size:
            raise InvalidInputError(errors={"file": [_("The file is empty.")]})
        key = uuid.uuid4()
        with gzipped.opened(temporary, clean) as (plain, inner):
            way = readers.understand(inner, plain, terms_of(project), choice)
            way = replace(way, inner=inner if plain is not temporary else "")
            plain.seek(0)
            path = _saved(f"uploads/{key}", plain)
    return Upload.objects.create(
        id=key,
        project=project,
        user=user,
        name=clean,
        path=path,
        format=way.format,
        reading=reading.as_json(way),
        size=size,
    )


def _saved(path: str, file: IO[bytes]) -> str:
    try:
        return default_storage.save(path, File(file))
    except OSError:
        # What was written of it would fill the disk for ever.
        default_storage.delete(path)
        raise


def terms_of(project: Project) -> ValueTerms:
    """Return what a project says of the values of its files."""
    return ValueTerms(project.data_type, queries.label_names(project.label_set_id))


def reading_of(upload: Upload) -> FileReading:
    """Return how a file is read: as was said or guessed when it came."""
    if upload.reading:
        return reading.from_json(upload.reading)
    with default_storage.open(upload.path) as file:
        return readers.understand(upload.name, file, terms_of(upload.project))


def choose(upload: Upload, choice: ReadingChoice) -> None:
    """Have a file read as a person says; what they leave open is guessed anew.

    Raises InvalidInputError where the file cannot be read so, ConflictError where it is
    imported already.
    """
    inner = reading_of(upload).inner
    with default_storage.open(upload.path) as file:
        terms = terms_of(upload.project)
        way = readers.understand(inner or upload.name, file, terms, choice)
    way = replace(way, inner=inner)
    with transaction.atomic():
        check_unused(upload)
        upload.format, upload.reading = way.format, reading.as_json(way)
        upload.save(update_fields=["format", "reading"])


def check_unused(upload: Upload) -> None:
    """Lock a file until the transaction ends.

    Raises ConflictError where an import of it was asked for, as by a second click.
    """
    Upload.objects.select_for_update().filter(pk=upload.pk).first()
    if ImportRun.objects.filter(upload=upload).exists():
        raise ConflictError(message("This file is imported already: send it again."))


def preview(upload: Upload, mapping: Mapping[str, str] | None = None) -> Preview:
    """Return the first rows of a file as they would be read.

    Raises FileError where the file cannot be read at all.
    """
    known = mapping or {}
    way = reading_of(upload)
    rows: list[dict[str, Any]] = []
    problems: list[dict[str, Any]] = []
    columns: dict[str, None] = {}
    with default_storage.open(upload.path) as file:
        notes = words.notes(way, file)
        file.seek(0)
        source = io.BytesIO(_first_lines(file)) if way.has_lines else file
        for raw in itertools.islice(readers.read(way, source, first=2000), PREVIEWED):
            try:
                if raw.values is None or raw.problem:
                    raise RowError(raw.problem or EMPTY)
                rows.append(dict(checked_values(raw.values)))
            except RowError as error:
                # As it would be kept: a reason may quote what no answer can hold.
                why = from_json(as_json(raw.placed(error.message)))
                problems.append({"row": raw.number, "reason": why})
                continue
            columns |= dict.fromkeys(raw.values)
    kind = upload.project.data_type
    roles = {
        column: _shown(role_of(column, known, kind, columns)) for column in columns
    }
    if own.is_own(columns, known):
        roles = {**own.roles(columns), **known}
    return Preview(way, list(columns), roles, rows, problems, notes)


def _first_lines(file: IO[bytes]) -> bytes:
    """Return what is previewed of a file of lines, without a line that is cut off."""
    read = file.read(PREVIEWED_BYTES)
    is_whole = len(read) < PREVIEWED_BYTES
    return read if is_whole else read[: read.rfind(b"\n") + 1] or read


def _shown(role: str | None) -> str:
    """Return a role as people choose it; data that are called so are no such choice."""
    if role is None:
        return "ignore"
    return "data" if role == "ignore" else role


def forget_files() -> int:
    """Delete staged files that were imported, or that nobody imported in a week."""
    runs = ImportRun.objects.exclude(upload=None)
    imported = runs.filter(job__state=Job.State.DONE).values("upload")
    # An imported file may be read anew: its job can be run again.
    in_use = runs.filter(job__finished_at=None).values("upload")
    is_old = Q(created_at__lt=timezone.now() - KEPT)
    uploads = Upload.objects.filter(Q(pk__in=imported) | is_old).exclude(pk__in=in_use)
    reports = ImportRun.objects.exclude(report={})
    for old in reports.filter(created_at__lt=timezone.now() - REPORT_KEPT):
        refused.forget(old)
    forgotten = list(uploads)
    for upload in forgotten:
        forget(upload)
    return len(forgotten)


@contextmanager
def forgotten_if_refused(upload: Upload) -> Iterator[None]:
    """Forget a file where what is asked of it is refused: whoever sent it has it."""
    try:
        yield
    except AssayError:
        forget(upload)
        raise


def forget(upload: Upload) -> None:
    """Delete a staged file."""
    # The file first: without its row nobody would ever find it.
    default_storage.delete(upload.path)
    upload.delete()
