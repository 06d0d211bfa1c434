"""An import as a job: start it, cancel it, run it chunk by chunk."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from django.core.files.storage import default_storage
from django.db import transaction
from django.utils.translation import gettext_noop as noop

from labeling.errors import ConflictError, InvalidInputError
from labeling.messages import Message, as_json, message
from labeling.messages import sentence as _
from labeling.models import ImportRun, Job, Upload, User
from labeling.services.transfer import beyond, pictures, splitting
from labeling.services.transfer.importing import (
    choices,
    counting,
    own,
    readers,
    staging,
    words,
)
from labeling.services.transfer.importing.choices import ImportChoices
from labeling.services.transfer.importing.chunk import Refusal
from labeling.services.transfer.importing.raw import FileError, Raw
from labeling.services.transfer.importing.refused import RefusedRows
from labeling.services.transfer.importing.write import Writer, Written, terms_of
from labeling.services.transfer.limits import LIMITS, Limits
from labeling.services.transfer.rows import ROLES
from labeling.services.transfer.samples import Samples
from labeling.services.work import jobs
from labeling.services.work.progress import Progress

# So many labels are named in one sentence.
NAMED: Final = 20


@dataclass
class Tally:
    """What an import has done so far; at most ``reasons`` refusals with their reasons."""

    reasons: int
    refused: RefusedRows
    received: int = 0
    created: int = 0
    filled: int = 0
    taken: int = 0
    voted: int = 0
    duplicates: int = 0
    rejected: int = 0
    between: int = 0
    scaled: int = 0
    unused: int = 0
    errors: list[dict[str, Any]] = field(default_factory=list)
    remarks: list[dict[str, Any]] = field(default_factory=list)
    remarked: int = 0
    # Columns with a role that no row had so far.
    unseen: set[str] = field(default_factory=set)
    mapping: Mapping[str, str] = field(default_factory=dict)
    is_own: bool = False

    def noting_columns(self, raws: Iterator[Raw]) -> Iterator[Raw]:
        """Return the same rows, and remember which columns there are."""
        for raw in raws:
            if not self.is_own and raw.values:
                self.is_own = own.is_own(raw.values, self.mapping)
            if self.unseen and raw.values:
                self.unseen -= raw.values.keys()
            yield raw

    def add(self, written: Written) -> None:
        """Count a chunk that was written."""
        self.received += written.received
        self.created += written.created
        self.duplicates += written.duplicates
        self.between += written.between
        self.scaled += written.scaled
        self.unused += written.unused
        self.filled += written.met.filled
        self.taken += written.met.taken
        self.voted += written.met.voted
        for number, remark in written.met.remarks:
            self.remarked += 1
            if len(self.remarks) < self.reasons:
                self.remarks.append({"row": number, "reason": as_json(remark)})
        for refusal in written.refusals:
            self.reject(refusal)

    def reject(self, refusal: Refusal) -> None:
        """Count a row that cannot be kept; the first ones with the reason."""
        self.rejected += 1
        self.refused.add(refusal)
        # Bounded: millions of bad rows must not fill the row of the import.
        if len(self.errors) < self.reasons:
            self.errors.append(
                {"row": refusal.number, "reason": as_json(refusal.reason)}
            )


def start(
    upload: Upload,
    user: User | None,
    mapping: Mapping[str, Any],
    options: Mapping[str, Any],
) -> ImportRun:
    """Request the import of a staged file; ``options``: its ``ImportChoices``.

    Raises InvalidInputError where a column is mapped to what is no role, or a choice
    cannot be followed; ConflictError where the file is imported already.
    """
    check_roles(mapping)
    chosen = choices.of_options(options)
    choices.check(upload.project, chosen)
    mapping = _with_data(upload, mapping, chosen)
    with transaction.atomic():
        staging.check_unused(upload)
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
            options={**options, **asdict(chosen)},
        )


def _with_data(
    upload: Upload, mapping: Mapping[str, Any], chosen: ImportChoices
) -> Mapping[str, Any]:
    """Return the roles, with labels as a column of the data where a person says so."""
    if chosen.labels_are != "data":
        return mapping
    roles = staging.preview(upload, mapping).roles
    labels = [column for column, role in roles.items() if role == "label"]
    return {**mapping, **dict.fromkeys(labels, "data")}


def check_roles(mapping: Mapping[str, Any]) -> None:
    """Raise InvalidInputError where a column is mapped to what is no role."""
    allowed = {*ROLES, "text", "image", "ignore", "data"}
    for column, role in mapping.items():
        # A column that is mapped to its own name is data.
        if not isinstance(role, str) or (role not in allowed and role != column):
            raise InvalidInputError(
                errors={"mapping": [_("%(column)s: not a role.") % {"column": column}]}
            )


def look(
    upload: Upload, mapping: Mapping[str, Any]
) -> tuple[staging.Preview, counting.LabelCounts]:
    """Return the first rows and the labels as an import would read them; forget the file.

    Raises InvalidInputError where a column is mapped to what is no role, or the file
    cannot be read.
    """
    try:
        check_roles(mapping)
        preview = staging.preview(upload, mapping)
        return preview, counting.labels_in(upload, mapping)
    finally:
        staging.forget(upload)


def cancel(import_run: ImportRun) -> None:
    """Stop an import; what it has kept stays."""
    jobs.cancel(import_run.job)


def again(job: Job, user: User | None) -> Job:
    """Request the import of the same file once more; known rows are not doubled.

    Raises ConflictError where the file has been deleted.
    """
    if not ImportRun.objects.filter(upload=job.params["upload"]).exists():
        raise ConflictError(
            message("The file of this import has been deleted; send it again.")
        )
    return jobs.enqueue("import", project=job.project, params=job.params, user=user)


def run(progress: Progress, limits: Limits = LIMITS) -> dict[str, Any]:
    """Read the file and keep its good rows; idempotent: a second run creates nothing.

    Raises InvalidInputError where the file is gone or, after the chunks before, its
    rest cannot be read, and NotFoundError where the project has been deleted.
    """
    import_run = _run_of(progress.job)
    if import_run.upload is None:
        raise InvalidInputError(
            message("The file of this import is gone: send it again.")
        )
    # A deletion of unused pictures that runs now could take one that this file brings
    # again.
    pictures.await_forgetting()
    way = staging.reading_of(import_run.upload)
    with default_storage.open(import_run.upload.path) as file, RefusedRows() as refused:
        for note in words.notes(way, file):
            progress.log(note)
        file.seek(0)
        tally = Tally(
            limits.reasons,
            refused,
            unseen={*import_run.mapping},
            mapping=import_run.mapping,
        )
        try:
            raws = tally.noting_columns(readers.read(way, file, limits))
            _write(tally, raws, import_run, progress, limits)
        except FileError:
            # What was refused before the rest could not be read is told all the same.
            if tally.received:
                refused.store(import_run, way)
            raise
        refused.store(import_run, way)
    _note(tally, progress)
    return {"created": tally.created}


def _write(
    tally: Tally,
    raws: Iterator[Raw],
    import_run: ImportRun,
    progress: Progress,
    limits: Limits,
) -> None:
    writer = Writer(import_run, terms_of(import_run, limits), progress)
    due = 1
    while (written := writer.write(raws)).received:
        tally.add(written)
        _save(tally, import_run, progress)
        # It reads all labels: not behind each part of a large file, but early, for a run
        # may begin meanwhile, and from what that has learned nothing is held out.
        if writer.has_answers and tally.received >= due:
            beyond.hold_out(import_run, progress)
            due = 2 * tally.received
    if writer.has_answers:
        _note_beyond(beyond.hold_out(import_run, progress), progress)
    if not tally.received:
        tally.reject(Refusal(0, message("The file has no rows.")))
        _save(tally, import_run, progress)


def _note_beyond(samples: Samples, progress: Progress) -> None:
    if samples.groups:
        progress.log(
            message(
                "The draw had missed labels, so groups of these are held out beyond it: %(labels)s.",
                labels=", ".join(
                    f"{name} ({sample.held_out}/{sample.of})"
                    for name, sample in sorted(samples.labels.items())[:NAMED]
                ),
            )
        )


def _note(tally: Tally, progress: Progress) -> None:
    """Say what was not taken as it stands in the file."""
    for count, note in _counted(tally):
        if count:
            progress.log(note)
    if tally.is_own:
        progress.log(
            message(
                "An export of ours: labels, votes, tags and the split come back as they were."
            )
        )
    if tally.unseen:
        progress.log(
            message(
                "A role was given to columns that the file does not have: %(columns)s.",
                columns=", ".join(sorted(tally.unseen)[:20]),
            )
        )


def _counted(tally: Tally) -> tuple[tuple[int, Message], ...]:
    """Return how many rows were taken otherwise than they stand, in words."""
    return (
        (
            tally.unused,
            message(
                "%(count)s rows have labels that were not used: say that they are right, or bring them as votes.",
                count=tally.unused,
            ),
        ),
        (
            tally.taken,
            message(
                "%(count)s known answers are now those of the file.", count=tally.taken
            ),
        ),
        (
            tally.voted,
            message(
                "%(count)s answers of the file became votes: the known ones stay.",
                count=tally.voted,
            ),
        ),
        (
            tally.remarked,
            message(
                "%(count)s rows are kept otherwise than they stand: see the report.",
                count=tally.remarked,
            ),
        ),
        (
            tally.between,
            message(
                "%(count)s rows are nearly the same as items on both sides of the split.",
                count=tally.between,
            ),
        ),
        (
            tally.scaled,
            message(
                "%(count)s pictures of 16 bits or more were scaled to 8, each by the range it uses.",
                count=tally.scaled,
            ),
        ),
    )


def _run_of(job: Job) -> ImportRun:
    """Return the import that a job is for, also where the job is its second one."""
    import_run = ImportRun.objects.select_related("project", "upload", "job").get(
        upload=job.params["upload"]
    )
    # "Run again" makes a new job for the same file; the import follows that one.
    if import_run.job_id != job.pk:
        import_run.job = job
        import_run.save(update_fields=["job"])
    return import_run


def _save(tally: Tally, import_run: ImportRun, progress: Progress) -> None:
    """Write the counts, and how far the job is."""
    project = import_run.project
    # The share that was really used, since small projects hold more out than they are
    # set to.
    share = splitting.threshold(project.evaluation_share, splitting.count(project))
    import_run.options = {**import_run.options, "evaluation_share": share}
    with transaction.atomic():
        ImportRun.objects.filter(pk=import_run.pk).update(
            received=tally.received,
            created=tally.created,
            duplicates=tally.duplicates,
            rejected=tally.rejected,
            filled=tally.filled,
            remarks=tally.remarks,
            errors=tally.errors,
            options=import_run.options,
        )
        # Last, for it locks the job's row: the counts of a worker that lost the job are
        # not those of the import.
        progress.report(done=tally.received, stage=noop("writing rows"))
