"""An import: stage the file, preview it, and write it in chunks inside a job."""

from __future__ import annotations

import itertools
import time
import uuid
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final, NamedTuple

from django.conf import settings
from django.core.files.base import File
from django.core.files.storage import default_storage
from django.core.files.temp import NamedTemporaryFile
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from labeling import rules
from labeling.errors import ConflictError, InvalidInputError, TooLargeError
from labeling.models import (
    ImportRun,
    Item,
    Job,
    Label,
    Media,
    Project,
    Upload,
    User,
)
from labeling.services.queue.order import tell_items_changed
from labeling.services.transfer import pictures
from labeling.services.transfer.importing import images, readers, table, votes
from labeling.services.transfer.importing.rows import (
    ROLES,
    Row,
    RowError,
    as_json,
    content_hash,
    group_of,
    parse,
    picture_hash,
    role_of,
)
from labeling.services.votes import gold
from labeling.services.work import jobs
from labeling.services.work.transactions import Turn, await_turn

CHUNK: Final = 2000
CHARACTERS: Final = 2**24
MAX_ROW: Final = 2**25
PICTURES: Final = 200
# Seconds after which a job says that it is alive, while it reads pictures.
BREATH: Final = 5.0
KEPT: Final = timedelta(days=7)
MAX_ERRORS: Final = 1000
EVALUATION_GOAL: Final = 50
EVALUATION_MOST: Final = 0.3


@dataclass(frozen=True)
class Preview:
    """The first rows of a file, before anything is written."""

    columns: list[str]
    roles: dict[str, str]
    rows: list[dict[str, Any]]
    problems: list[dict[str, Any]]


class Ready(NamedTuple):
    """A row, and the item it is to be."""

    row: Row
    columns: table.Fresh
    media: Media | None


@dataclass
class Chunk:
    """Rows that were read together: how many are good, and what is wrong with others.

    Only ``rich`` ones are kept, which bring votes, a known label or a picture: Python
    looks through all that is kept, again and again.
    """

    received: int = 0
    good: int = 0
    created: int = 0
    duplicates: int = 0
    rich: list[Ready] = field(default_factory=list)
    refused: list[tuple[int, str]] = field(default_factory=list)


@dataclass
class Tally:
    """What an import has done so far."""

    received: int = 0
    created: int = 0
    duplicates: int = 0
    rejected: int = 0
    errors: list[dict[str, Any]] = field(default_factory=list)

    def add(self, chunk: Chunk) -> None:
        """Count a chunk that was written."""
        self.received += chunk.received
        self.created += chunk.created
        self.duplicates += chunk.duplicates + chunk.good - chunk.created
        for number, reason in chunk.refused:
            self.reject(number, reason)

    def reject(self, number: int, reason: str) -> None:
        """Count a row that cannot be kept; the first ones with the reason."""
        self.rejected += 1
        if len(self.errors) < MAX_ERRORS:
            self.errors.append({"row": number, "reason": reason})


def stage(
    project: Project, user: User | None, name: str, chunks: Iterable[bytes]
) -> Upload:
    """Store a file under a name of ours; nothing of it is read as data yet."""
    size = 0
    head = b""
    with NamedTemporaryFile() as temporary:
        for chunk in chunks:
            size += len(chunk)
            if size > settings.IMPORT_MAX_BYTES:
                most = settings.IMPORT_MAX_BYTES // 2**20
                raise TooLargeError(f"The file has more than {most} MiB.")
            head = head or chunk[:64]
            temporary.write(chunk)
        if not size:
            raise InvalidInputError(errors={"file": ["The file is empty."]})
        temporary.seek(0)
        key = uuid.uuid4()
        path = default_storage.save(f"uploads/{key}", File(temporary))
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
    """Return the first twenty rows as they would be read."""
    known = mapping or {}
    rows: list[dict[str, Any]] = []
    problems: list[dict[str, Any]] = []
    columns: dict[str, None] = {}
    with default_storage.open(upload.path) as file:
        for raw in itertools.islice(readers.read(upload.format, file), 20):
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


def start(
    upload: Upload,
    user: User | None,
    mapping: Mapping[str, Any],
    options: Mapping[str, Any],
) -> ImportRun:
    """Ask for the import of a staged file; ``options``: {"gold": true} for its labels."""
    allowed = {*ROLES, "text", "image", "ignore"}
    for column, role in mapping.items():
        if not isinstance(role, str) or (role not in allowed and role != column):
            raise InvalidInputError(errors={"mapping": [f"{column}: not a role."]})
    with transaction.atomic():
        job = jobs.enqueue(
            "import",
            project=upload.project,
            params={"upload": str(upload.pk)},
            user=user,
        )
        return ImportRun.objects.create(
            project=upload.project,
            upload=upload,
            job=job,
            file_name=upload.name,
            mapping=dict(mapping),
            options=dict(options),
        )


def cancel(run_: ImportRun) -> None:
    """Stop an import; what it has kept stays."""
    jobs.cancel(run_.job)


def again(job: Job, user: User | None) -> Job:
    """Import the same file once more; what is known already is not doubled."""
    if not ImportRun.objects.filter(upload=job.params["upload"]).exists():
        raise ConflictError("The file of this import has been deleted; send it again.")
    return jobs.enqueue("import", project=job.project, params=job.params, user=user)


def run(progress: jobs.Progress) -> dict[str, Any]:
    """Read the file and keep its good rows; a second time nothing is created."""
    found = _run_of(progress.job)
    if found.upload is None:
        raise InvalidInputError("The file of this import is gone: send it again.")
    pictures.await_forgetting()
    tally = Tally()
    writer = _Writer(found, _share(found), progress)
    with default_storage.open(found.upload.path) as file:
        rows = readers.read(found.upload.format, file)
        while (chunk := writer.write(rows)).received:
            tally.add(chunk)
            _report(found, tally)
            progress.report(done=tally.received, stage="writing rows")
    if not tally.received:
        tally.reject(0, "The file has no rows.")
        _report(found, tally)
    return {"created": tally.created}


def _run_of(job: Job) -> ImportRun:
    """Return the import a job is for, also where the job is its second one."""
    found = ImportRun.objects.select_related("project", "upload", "job").get(
        upload=job.params["upload"]
    )
    if found.job_id != job.pk:
        found.job = job
        found.save(update_fields=["job"])
    return found


def forget_files() -> int:
    """Delete staged files that were imported, or that nobody imported in a week."""
    old = timezone.now() - KEPT
    runs = ImportRun.objects.exclude(upload=None)
    done = runs.filter(job__state=Job.State.DONE).values("upload")
    busy = runs.filter(job__finished_at=None).values("upload")
    gone = Upload.objects.filter(Q(pk__in=done) | Q(created_at__lt=old))
    found = list(gone.exclude(pk__in=busy))
    for upload in found:
        default_storage.delete(upload.path)
        upload.delete()
    return len(found)


def _report(found: ImportRun, tally: Tally) -> None:
    ImportRun.objects.filter(pk=found.pk).update(
        received=tally.received,
        created=tally.created,
        duplicates=tally.duplicates,
        rejected=tally.rejected,
        errors=tally.errors,
    )


def _share(found: ImportRun) -> float:
    """Return the share for evaluation: raised where the file is small.

    Kept in the import's options, so that a repeated run draws the same.
    """
    if "evaluation_share" in found.options:
        return float(found.options["evaluation_share"])
    if found.upload is None:
        return found.project.evaluation_share
    with default_storage.open(found.upload.path) as file:
        rows = sum(
            1 for _ in itertools.islice(readers.read(found.upload.format, file), 2000)
        )
    share = found.project.evaluation_share
    if share and rows:
        share = max(share, min(EVALUATION_MOST, EVALUATION_GOAL / rows))
    found.options["evaluation_share"] = share
    found.save(update_fields=["options"])
    return share


class _Writer:
    """Writes chunks of one import."""

    def __init__(self, found: ImportRun, share: float, progress: jobs.Progress) -> None:
        self.project = found.project
        self.progress = progress
        self.mapping = found.mapping
        self.is_gold = found.options.get("gold") is True
        self.share = share
        self.importer = found.job.requested_by
        self.annotators = votes.Annotators(self.project)
        self.labels = set(
            Label.objects.filter(label_set_id=self.project.label_set_id).values_list(
                "name", flat=True
            )
        )

    def write(self, rows: Iterator[readers.Raw]) -> Chunk:
        """Keep what is new of the next rows.

        The database takes in rows while the following ones are read; pictures take so
        long that they are read before.
        """
        chunk = Chunk()
        ready: Iterable[Ready]
        if self.project.data_type == Project.DataType.IMAGE:
            some = self._breathing(itertools.islice(rows, PICTURES))
            ready = list(self._read(some, chunk))
        else:
            ready = self._read(itertools.islice(rows, CHUNK), chunk)
        with transaction.atomic():
            await_turn(Turn.IMPORTS, self.project.pk)
            images.record([one.media for one in chunk.rich if one.media])
            written = table.insert(self._items(ready))
            chunk.created = len(written)
            self._extras(chunk.rich, written)
            tell_items_changed(self.project.pk)
        return chunk

    @staticmethod
    def _items(ready: Iterable[Ready]) -> Iterator[table.Fresh]:
        for one in ready:
            yield (
                one.columns._replace(media_id=one.media.pk)
                if one.media
                else one.columns
            )

    def _breathing(self, rows: Iterator[readers.Raw]) -> Iterator[readers.Raw]:
        """Return rows; now and then tell that the job is alive, or end where it must."""
        told = time.monotonic()
        for raw in rows:
            yield raw
            if time.monotonic() - told > BREATH:
                self.progress.report()
                told = time.monotonic()

    def _read(self, rows: Iterator[readers.Raw], chunk: Chunk) -> Iterator[Ready]:
        """Return what can be kept, each content once; the connection is not used."""
        seen: set[str] = set()
        characters = 0
        for raw in rows:
            chunk.received += 1
            try:
                one = self._one(raw)
            except RowError as error:
                chunk.refused.append((raw.number, str(error)))
                continue
            if one.columns.content_hash in seen:
                chunk.duplicates += 1
                continue
            seen.add(one.columns.content_hash)
            chunk.good += 1
            if one.media or one.row.votes or self.is_gold:
                chunk.rich.append(one)
            yield one
            characters += len(one.columns.data) + len(one.columns.metadata)
            if characters > CHARACTERS:
                return

    def _one(self, raw: readers.Raw) -> Ready:
        if raw.values is None:
            raise RowError(raw.problem)
        row = parse(raw.values, self.mapping, self.project.data_type)
        if self.is_gold:
            self._check_labels(row.labels)
        for vote in row.votes:
            self._check_labels(vote.labels)
            if not vote.labels and not self.project.is_multi:
                raise RowError("votes: a vote without a label.")
        media, likeness = None, ""
        if self.project.data_type == Project.DataType.IMAGE:
            if raw.picture is None:
                raise RowError("Images come inside a ZIP file.")
            media, likeness = images.store(raw.picture())
        payload = as_json(row.data)
        content = (
            picture_hash(row.data, media.sha256) if media else content_hash(payload)
        )
        group = group_of(row, content, likeness)
        columns = self._columns(row, payload, content, group)
        if len(payload) + len(columns.metadata) > MAX_ROW:
            raise RowError(f"data has more than {MAX_ROW:,} characters.")
        return Ready(row, columns, media)

    def _check_labels(self, labels: list[str]) -> None:
        if unknown := [label for label in labels if label not in self.labels]:
            raise RowError(f"“{unknown[0][:80]}” is not a label of this project.")
        if len(labels) > 1 and not self.project.is_multi:
            raise RowError("More than one label in a project with one label per item.")

    def _columns(self, row: Row, payload: str, content: str, group: str) -> table.Fresh:
        project = self.project
        is_held_out = rules.draw(project.seed, group) < self.share
        is_shared = rules.is_shared(project.seed, group, project.overlap_share)
        return table.Fresh(
            project_id=project.pk,
            external_id=row.external_id or content[:32],
            data=payload,
            media_id=None,
            metadata=as_json(row.metadata),
            tags=row.tags[:50] or "{}",
            content_hash=content,
            group_key=group,
            split=(Item.Split.EVALUATION if is_held_out else Item.Split.POOL).value,
            votes_wanted=project.min_votes if is_shared else 1,
        )

    def _extras(self, fresh: list[Ready], written: set[str]) -> None:
        """Keep the known labels and the past votes of the new items."""
        rows = {
            one.columns.content_hash: one.row
            for one in fresh
            if one.columns.content_hash in written and (one.row.votes or self.is_gold)
        }
        found = Item.objects.filter(project=self.project, content_hash__in=rows)
        pairs = [(item, rows[item.content_hash]) for item in found]
        if self.is_gold:
            known = [(item, sorted(set(row.labels))) for item, row in pairs]
            gold.record(self.project, [pair for pair in known if pair[1]])
        if voted := [(item, row.votes) for item, row in pairs if row.votes]:
            votes.keep(self.project, self.annotators, voted, self.importer)
