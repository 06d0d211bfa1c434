"""Predictions of a file as a job: staged as any file, kept chunk by chunk."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from typing import Any, Final

from django.core.files.storage import default_storage
from django.db import transaction
from django.utils.translation import gettext_noop as noop

from labeling import queries, signals
from labeling.errors import InvalidInputError
from labeling.messages import message
from labeling.messages import sentence as _
from labeling.models import ImportRun, Job, Project, Upload, User
from labeling.models.policy import MAX_SOURCE
from labeling.services.transfer.collector import without_collector
from labeling.services.transfer.counted import CountedRows
from labeling.services.transfer.importing import readers, staging, words
from labeling.services.transfer.importing.choices import why_not_kept
from labeling.services.transfer.importing.chunk import Refusal
from labeling.services.transfer.importing.raw import FileError, Raw
from labeling.services.transfer.importing.refused import RefusedRows
from labeling.services.transfer.importing.run import check_kept, record, run_of
from labeling.services.transfer.limits import LIMITS, Limits
from labeling.services.transfer.outside import rows, store
from labeling.services.transfer.outside.store import Brought
from labeling.services.transfer.outside.terms import PredictionTerms
from labeling.services.transfer.predicting import tally as tallying
from labeling.services.transfer.predicting.tally import PredictionTally, ReadyRow
from labeling.services.work import jobs
from labeling.services.work.progress import Progress
from labeling.services.work.transactions import Turn, await_turn

KIND: Final = "predictions"
# Rows of one transaction: deletions of items wait for it.
CHUNK: Final = 5000


def start(upload: Upload, user: User | None, options: Mapping[str, Any]) -> ImportRun:
    """Request that the predictions of a staged file are kept.

    options: ``source``, who predicts where a row does not say; ``mapping``, column →
    role; ``label_map``, label of the file → label of the project.

    Raises InvalidInputError where a column is mapped to what is no role, or a label to
    what is none; ConflictError where the file is imported already.
    """
    mapping, label_map, source = chosen(upload.project, options)
    with transaction.atomic():
        staging.check_unused(upload)
        job = jobs.enqueue(
            "predictions",
            project=upload.project,
            params={"upload": str(upload.pk)},
            user=user,
        )
        return record(upload, job, mapping, {"source": source, "label_map": label_map})


def chosen(
    project: Project, options: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, Any], str]:
    """Return the roles of columns, what labels mean, and who predicts.

    Raises InvalidInputError where a choice cannot be followed.
    """
    mapping = dict(options.get("mapping", {}))
    label_map = dict(options.get("label_map", {}))
    source = str(options.get("source", "")).strip()
    _check(project, mapping, label_map, source)
    return mapping, label_map, source


def _check(
    project: Project, mapping: Mapping[str, Any], label_map: Mapping[str, Any], by: str
) -> None:
    allowed = (*rows.ROLES, "ignore")
    for column, role in mapping.items():
        if role not in allowed:
            why = _("%(column)s: not a role.") % {"column": column[:80]}
            raise InvalidInputError(errors={"map": [why]})
    labels = queries.label_names(project.label_set_id)
    if lost := sorted({*map(str, label_map.values())} - labels):
        why = _("“%(label)s” is not a label of this project.")
        raise InvalidInputError(errors={"label_map": [why % {"label": lost[0][:80]}]})
    if len(by) > MAX_SOURCE:
        why = _("A name of at most %(most)s characters.") % {"most": MAX_SOURCE}
        raise InvalidInputError(errors={"source": [why]})
    if unkept := why_not_kept(by):
        raise InvalidInputError(errors={"source": [unkept]})


def again(job: Job, user: User | None) -> Job:
    """Request the predictions of the same file once more; none is doubled.

    Raises ConflictError where the file has been deleted.
    """
    check_kept(job)
    return jobs.enqueue(
        "predictions", project=job.project, params=job.params, user=user
    )


def run(progress: Progress, limits: Limits = LIMITS) -> dict[str, Any]:
    """Keep the predictions of a file; a second run finds all of them the same.

    Raises InvalidInputError where the file is gone or, after the chunks before, its
    rest cannot be read.
    """
    import_run, upload = run_of(progress.job)
    way = staging.reading_of(upload)
    with default_storage.open(upload.path) as file, RefusedRows() as refused:
        for note in words.notes(way, file):
            progress.log(note)
        file.seek(0)
        tally = PredictionTally(CountedRows(limits.reasons), refused)
        try:
            _write(tally, readers.read(way, file, limits), import_run, progress)
        except FileError:
            # What was refused before the rest could not be read is told all the same.
            refused.store(import_run, way)
            raise
        refused.store(import_run, way)
    for note in tally.notes():
        progress.log(note)
    signals.send_on_commit(signals.predictions_changed, import_run.project_id)
    return {"created": tally.counts["new"]}


def terms_of(import_run: ImportRun) -> PredictionTerms:
    """Return what the predictions of a file are asked for, by the labels of now."""
    # Read anew: the labels of a project may have other names by the next chunk.
    project = Project.objects.get(pk=import_run.project_id)
    return PredictionTerms(
        is_multi=project.is_multi,
        labels=queries.label_names(project.label_set_id),
        source=import_run.options.get("source", ""),
        mapping=import_run.mapping,
        label_map=import_run.options.get("label_map", {}),
    )


def _write(
    tally: PredictionTally,
    raws: Iterator[Raw],
    import_run: ImportRun,
    progress: Progress,
) -> None:
    while _keep_chunk(tally, raws, import_run):
        _save(tally, import_run, progress)
    if not tally.received:
        tally.reject(Refusal(0, message("The file has no rows.")))
        _save(tally, import_run, progress)


def _keep_chunk(
    tally: PredictionTally, raws: Iterator[Raw], import_run: ImportRun
) -> int:
    """Keep the predictions of the next rows; return how many rows there were."""
    with without_collector():
        if not (chunk := [*itertools.islice(raws, CHUNK)]):
            return 0
        terms = terms_of(import_run)
        outcomes = [tallying.outcome_of(raw, tally, terms) for raw in chunk]
        brought = [
            Brought(row.raw.number, row.external_id, each)
            for row in outcomes
            if isinstance(row, ReadyRow)
            for each in row.predicted
        ]
        with transaction.atomic():
            # As whoever lets items go: none of them is deleted before the commit.
            await_turn(Turn.PREDICTIONS, import_run.project_id)
            kept = store.keep(import_run.project_id, brought)
            # A source that was misspelled must not stay without a prediction.
            store.forget_empty(import_run.project_id)
        tally.received += len(chunk)
        tallying.count(tally, outcomes, kept)
    return len(chunk)


def _save(tally: PredictionTally, import_run: ImportRun, progress: Progress) -> None:
    """Write the counts, and how far the job is."""
    with transaction.atomic():
        ImportRun.objects.filter(pk=import_run.pk).update(
            received=tally.received,
            created=tally.counts["new"],
            filled=tally.counts["replaced"],
            duplicates=tally.counts["same"] + tally.counts["none"],
            rejected=tally.refusals.count,
            errors=tally.refusals.rows,
        )
        # Last, for it locks the job's row: the counts of a worker that lost the job are
        # not those of the import.
        progress.report(done=tally.received, stage=noop("writing rows"))
