"""Long work: what is told of a job."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from labeling import models
from labeling.api.http.fields import (
    Answer,
    Moment,
    about,
    one_of,
)
from labeling.templatetags.localized import localized, stage_of

JobState = Annotated[str, one_of(models.Job.State.values)]
Percent = Annotated[
    int | None,
    Meta(description="How far it is, from 0 to 100; null while that is not known."),
]


class Job(Answer):
    """Work that a worker does, and how far it is."""

    id: int
    kind: str
    state: JobState
    stage: Annotated[str, about("What it does now, in the caller's language.")]
    done: Annotated[int, about("How many of `total` are done.")]
    total: Annotated[int | None, about("Null while that is not known.")]
    percent: Percent
    created_at: Moment
    started_at: Moment | None
    finished_at: Moment | None
    error: Annotated[str, about("Why it failed, in the caller's language.")]


class JobWithLog(Job):
    """A job and what it has written down."""

    log: str


class JobAsked(Job):
    """A job that was asked for, and where its progress is."""

    url: str


def job_of(job: models.Job) -> Job:
    """Return a job without its log."""
    return Job(
        id=job.pk,
        kind=job.kind,
        state=job.state,
        stage=stage_of(job),
        done=job.done,
        total=job.total,
        percent=job.percent,
        created_at=job.created_at,
        started_at=job.started_at,
        finished_at=job.finished_at,
        error=localized(job.error),
    )
