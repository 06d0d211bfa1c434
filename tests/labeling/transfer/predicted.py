"""Predictions from outside, built in memory and kept."""

from __future__ import annotations

from labeling.models import ImportRun, Project
from labeling.services.transfer import importing
from labeling.services.transfer.predicting import run as predicting
from labeling.services.work import jobs
from tests.labeling.transfer.files import lines


def predicted(project: Project, *rows: object, **options: object) -> ImportRun:
    """Keep rows as predictions of a source "llm", where they name no other."""
    return read(project, "p.jsonl", lines(*rows), **options)


def read(project: Project, name: str, data: bytes, **options: object) -> ImportRun:
    upload = importing.stage(project, None, name, [data])
    run = predicting.start(upload, None, {"source": "llm", **options})
    jobs.run(run.job_id)
    return ImportRun.objects.select_related("job").get(pk=run.pk)
