"""An import as a job: start it, cancel it, run it chunk by chunk."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.core.files.storage import default_storage
from django.db import transaction
from django.utils.translation import gettext_noop as noop

from labeling.errors import ConflictError, InvalidInputError
from labeling.messages import as_json, message
from labeling.messages import sentence as _
from labeling.models import ImportRun, Job, Upload, User
from labeling.services.transfer import pictures, splitting
from labeling.services.transfer.importing import readers
from labeling.services.transfer.importing.chunk import Refusal
from labeling.services.transfer.importing.write import Writer, Written, terms_of
from labeling.services.transfer.limits import LIMITS, Limits
from labeling.services.transfer.rows import ROLES
from labeling.services.work import jobs
from labeling.services.work.progress import Progress


@dataclass
class Tally:
    """What an import has done so far; at most ``reasons`` refusals with their reasons."""

    reasons: int
    received: int = 0
    created: int = 0
    duplicates: int = 0
    rejected: int = 0
    between: int = 0
    scaled: int = 0
    errors: list[dict[str, Any]] = field(default_factory=list)

    def add(self, written: Written) -> None:
        """Count a chunk that was written."""
        self.received += written.received
        self.created += written.created
        self.duplicates += written.duplicates
        self.between += written.between
        self.scaled += written.scaled
        for refusal in written.refusals:
            self.reject(refusal)

    def reject(self, refusal: Refusal) -> None:
        """Count a row that cannot be kept; the first ones with the reason."""
        self.rejected += 1
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
    """Request the import of a staged file; ``options``: {"gold": true} for its labels.

    Raises InvalidInputError where a column is mapped to what is no role.
    """
    allowed = {*ROLES, "text", "image", "ignore"}
    for column, role in mapping.items():
        # A column that is mapped to its own name is data.
        if not isinstance(role, str) or (role not in allowed and role != column):
            raise InvalidInputError(
                errors={"mapping": [_("%(column)s: not a role.") % {"column": column}]}
            )
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
    rest cannot be read.
    """
    import_run = _run_of(progress.job)
    if import_run.upload is None:
        raise InvalidInputError(
            message("The file of this import is gone: send it again.")
        )
    # A deletion of unused pictures that runs now could take one that this file brings
    # again.
    pictures.await_forgetting()
    tally = Tally(limits.reasons)
    writer = Writer(import_run, terms_of(import_run, limits), progress)
    with default_storage.open(import_run.upload.path) as file:
        raws = readers.read(import_run.upload.format, file, limits)
        while (written := writer.write(raws)).received:
            tally.add(written)
            _save(tally, import_run)
            progress.report(done=tally.received, stage=noop("writing rows"))
    if not tally.received:
        tally.reject(Refusal(0, message("The file has no rows.")))
        _save(tally, import_run)
    if tally.between:
        progress.log(
            message(
                "%(count)s rows are nearly the same as items on both sides of the split.",
                count=tally.between,
            )
        )
    if tally.scaled:
        progress.log(
            message(
                "%(count)s pictures of 16 bits or more were scaled to 8, each by the range it uses.",
                count=tally.scaled,
            )
        )
    return {"created": tally.created}


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


def _save(tally: Tally, import_run: ImportRun) -> None:
    project = import_run.project
    # The share that was really used, since small projects hold more out than they are
    # set to.
    share = splitting.threshold(project.evaluation_share, splitting.count(project))
    ImportRun.objects.filter(pk=import_run.pk).update(
        received=tally.received,
        created=tally.created,
        duplicates=tally.duplicates,
        rejected=tally.rejected,
        errors=tally.errors,
        options={**import_run.options, "evaluation_share": share},
    )
