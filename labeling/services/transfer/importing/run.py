"""An import as a job: start it, cancel it, run it chunk by chunk."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from django.core.files.storage import default_storage
from django.db import transaction
from django.utils.translation import gettext_noop as noop

from labeling.errors import ConflictError, InvalidInputError
from labeling.messages import message
from labeling.messages import sentence as _
from labeling.models import ImportRun, Job, Project, Upload, User
from labeling.services.transfer import beyond, pictures, splitting
from labeling.services.transfer.counted import CountedRows
from labeling.services.transfer.importing import (
    choices,
    counting,
    readers,
    staging,
    words,
)
from labeling.services.transfer.importing.choices import ImportChoices
from labeling.services.transfer.importing.chunk import Refusal
from labeling.services.transfer.importing.raw import Raw
from labeling.services.transfer.importing.refused import RefusedRows
from labeling.services.transfer.importing.tally import Before, Tally
from labeling.services.transfer.importing.write import Writer, Written, terms_of
from labeling.services.transfer.limits import LIMITS, Limits
from labeling.services.transfer.rows import EMBEDDING, ROLES
from labeling.services.work import jobs
from labeling.services.work.progress import Progress

# Puts labels in force that a project lacks; labels are another room's.
AddLabels = Callable[[Project, User | None, Sequence[str]], None]


def start(
    upload: Upload,
    user: User | None,
    mapping: Mapping[str, Any],
    options: Mapping[str, Any],
    add_labels: AddLabels | None = None,
) -> ImportRun:
    """Request the import of a staged file; ``options``: its ``ImportChoices``.

    Labels that the project lacks are added by ``add_labels`` where that is chosen; none
    stays where anything else is refused. Raises InvalidInputError where a column is
    mapped to what is no role, or a choice cannot be followed; ConflictError where the
    file is imported already.
    """
    check_roles(mapping)
    _check_vectors(upload.project, mapping)
    chosen = choices.of_options(options)
    lacking = _lacking(upload, mapping, chosen)
    with transaction.atomic():
        if lacking and add_labels:
            add_labels(upload.project, user, lacking)
        choices.check(upload.project, chosen)
        mapping = _with_data(upload, mapping, chosen)
        staging.check_unused(upload)
        job = jobs.enqueue(
            "import",
            project=upload.project,
            params={"upload": str(upload.pk)},
            user=user,
        )
        return record(upload, job, mapping, {**options, **asdict(chosen)})


def record(
    upload: Upload, job: Job, mapping: Mapping[str, Any], options: Mapping[str, Any]
) -> ImportRun:
    """Keep what a job does with a staged file."""
    return ImportRun.objects.create(
        project=upload.project,
        upload=upload,
        job=job,
        file_name=upload.name,
        mapping=dict(mapping),
        options=dict(options),
    )


def _lacking(
    upload: Upload, mapping: Mapping[str, Any], chosen: ImportChoices
) -> list[str]:
    """Return the labels to be added to the project, if that is chosen."""
    if chosen.unknown_labels != "add" or chosen.labels_are == "data":
        return []
    return counting.labels_in(upload, mapping).missing(chosen)


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
    if why := choices.why_not_kept(dict(mapping)):
        raise InvalidInputError(errors={"mapping": [why]})
    allowed = {*ROLES, "text", "image", "ignore", "data"}
    for column, role in mapping.items():
        # A column that is mapped to its own name is data.
        if not isinstance(role, str) or (role not in allowed and role != column):
            raise InvalidInputError(
                errors={"mapping": [_("%(column)s: not a role.") % {"column": column}]}
            )


def _check_vectors(project: Project, mapping: Mapping[str, Any]) -> None:
    """Raise InvalidInputError where a column of a table is mapped to vectors."""
    if project.data_type == Project.DataType.TABLE and EMBEDDING in mapping.values():
        why = _("A table is read as it is: it has no vectors.")
        raise InvalidInputError(errors={"mapping": [why]})


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
    check_kept(job)
    # Without the tally of the attempts before: this one says what it finds.
    params = {"upload": job.params["upload"]}
    return jobs.enqueue("import", project=job.project, params=params, user=user)


def check_kept(job: Job) -> None:
    """Raise ConflictError where the file of a job has been deleted."""
    if not ImportRun.objects.filter(upload=job.params["upload"]).exists():
        raise ConflictError(
            message("The file of this import has been deleted; send it again.")
        )


def run(progress: Progress, limits: Limits = LIMITS) -> dict[str, Any]:
    """Read the file and keep its good rows; idempotent: a second run creates nothing.

    Raises InvalidInputError where the file is gone or, after the rows before, its
    rest cannot be read, and NotFoundError where the project has been deleted.
    """
    import_run, upload = run_of(progress.job)
    # A deletion of unused pictures that runs now could take one that this file brings
    # again.
    pictures.await_forgetting()
    way = staging.reading_of(upload)
    with default_storage.open(upload.path) as file, RefusedRows() as refused:
        for note in words.notes(way, file):
            progress.log(note)
        file.seek(0)
        before = Before(**progress.job.params.get("tally", {}))
        tally = Tally(
            CountedRows(limits.reasons),
            refused,
            CountedRows(
                limits.reasons, rows=import_run.remarks if before.received else []
            ),
            before,
            unseen={*import_run.mapping},
            mapping=import_run.mapping,
        )
        raws = tally.noting(readers.read(way, file, limits))
        _write(tally, raws, import_run, progress, limits)
        if tally.received or not tally.problem:
            refused.store(import_run, way)
    if tally.problem:
        raise tally.problem
    for note in tally.notes():
        progress.log(note)
    return {"created": tally.created}


def _write(
    tally: Tally,
    raws: Iterator[Raw],
    import_run: ImportRun,
    progress: Progress,
    limits: Limits,
) -> None:
    def count(written: Written) -> None:
        tally.add(written)
        _save(tally, import_run, progress)

    due = 1
    with Writer(import_run, terms_of(import_run, limits), progress, count) as writer:
        for _written in writer.write_all(raws):
            # It reads all labels: not behind each part of a large file, but early, for a
            # run may begin meanwhile, and from what that has learned nothing is held out.
            if writer.has_labels and tally.received >= due:
                beyond.hold_out(import_run.project_id, progress)
                due = 2 * tally.received
        if writer.has_labels:
            beyond.note(beyond.hold_out(import_run.project_id, progress), progress)
    if not tally.received and not tally.problem:
        tally.reject(Refusal(0, message("The file has no rows.")))
        with transaction.atomic():
            _save(tally, import_run, progress)


def run_of(job: Job) -> tuple[ImportRun, Upload]:
    """Return the import that a job is for, also where the job is its second one.

    With it comes its file. Raises InvalidInputError where that is gone.
    """
    import_run = ImportRun.objects.select_related("project", "upload", "job").get(
        upload=job.params["upload"]
    )
    # "Run again" makes a new job for the same file; the import follows that one.
    if import_run.job_id != job.pk:
        import_run.job = job
        import_run.save(update_fields=["job"])
    if import_run.upload is None:
        raise InvalidInputError(
            message("The file of this import is gone: send it again.")
        )
    return import_run, import_run.upload


def _save(tally: Tally, import_run: ImportRun, progress: Progress) -> None:
    """Write the counts, and how far the job is, in the transaction of the rows.

    An attempt that begins anew keeps the counts of those before until it is further.
    """
    if not tally.is_ahead:
        progress.report()
        return
    project = import_run.project
    # The share that was really used, since small projects hold more out than they are
    # set to.
    share = splitting.threshold(project.evaluation_share, splitting.count(project))
    import_run.options = {**import_run.options, "evaluation_share": share}
    ImportRun.objects.filter(pk=import_run.pk).update(
        received=tally.received,
        created=tally.created,
        duplicates=tally.duplicates,
        rejected=tally.refusals.count,
        filled=tally.filled,
        remarks=tally.remarks.rows,
        errors=tally.refusals.rows,
        options=import_run.options,
    )
    progress.note(tally=tally.so_far())
    # Last, for it locks the job's row: the counts of a worker that lost the job are
    # not those of the import.
    progress.report(done=tally.received, stage=noop("writing rows"))
