"""Files that wait for their import: stored under a name of ours, previewed, deleted."""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from django.conf import settings
from django.core.files.base import File
from django.core.files.storage import default_storage
from django.core.files.temp import NamedTemporaryFile
from django.db.models import Q
from django.utils import timezone

from labeling import rules
from labeling.errors import InvalidInputError, TooLargeError
from labeling.messages import message
from labeling.messages import sentence as _
from labeling.models import ImportRun, Job, Project, Upload, User
from labeling.services.transfer.importing import readers
from labeling.services.transfer.rows import role_of

# How long a file is kept that nobody imports.
KEPT: Final = timedelta(days=7)
PREVIEWED: Final = 20  # rows


@dataclass(frozen=True)
class Preview:
    """The first rows of a file, before anything is written."""

    columns: list[str]
    roles: dict[str, str]
    rows: list[dict[str, Any]]
    problems: list[dict[str, Any]]


def stage(
    project: Project, user: User | None, name: str, chunks: Iterable[bytes]
) -> Upload:
    """Store a file under a name of ours; nothing of it is read as data yet.

    Raises TooLargeError beyond IMPORT_MAX_MB, InvalidInputError where it is empty.
    """
    size = 0
    head = b""
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
            head = head or chunk[:64]
            temporary.write(chunk)
        if not size:
            raise InvalidInputError(errors={"file": [_("The file is empty.")]})
        temporary.seek(0)
        key = uuid.uuid4()
        path = default_storage.save(f"uploads/{key}", File(temporary))
    # For people to read, never part of a path. PostgreSQL stores no NUL.
    clean = name.replace("\x00", "").rpartition("/")[2][-255:] or "file"
    return Upload.objects.create(
        id=key,
        project=project,
        user=user,
        name=clean,
        path=path,
        format=readers.format_of(clean, head),
        size=size,
    )


def preview(upload: Upload, mapping: Mapping[str, str] | None = None) -> Preview:
    """Return the first rows of a file as they would be read.

    Raises FileError where the file cannot be read at all.
    """
    known = mapping or {}
    rows: list[dict[str, Any]] = []
    problems: list[dict[str, Any]] = []
    columns: dict[str, None] = {}
    with default_storage.open(upload.path) as file:
        for raw in itertools.islice(readers.read(upload.format, file), PREVIEWED):
            if raw.values is None:
                problems.append({"row": raw.number, "reason": raw.problem})
                continue
            if problem := rules.storable(dict(raw.values)):
                problems.append({"row": raw.number, "reason": problem})
                continue
            columns |= dict.fromkeys(raw.values)
            rows.append(dict(raw.values))
    roles = {column: role_of(column, known) for column in columns}
    return Preview(list(columns), roles, rows, problems)


def forget_files() -> int:
    """Delete staged files that were imported, or that nobody imported in a week."""
    runs = ImportRun.objects.exclude(upload=None)
    imported = runs.filter(job__state=Job.State.DONE).values("upload")
    # An imported file may be read anew: its job can be run again.
    in_use = runs.filter(job__finished_at=None).values("upload")
    is_old = Q(created_at__lt=timezone.now() - KEPT)
    uploads = Upload.objects.filter(Q(pk__in=imported) | is_old).exclude(pk__in=in_use)
    forgotten = list(uploads)
    for upload in forgotten:
        # The file first: without its row nobody would ever find it.
        default_storage.delete(upload.path)
        upload.delete()
    return len(forgotten)
