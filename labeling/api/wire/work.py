"""Long work: what is told of a job."""

from __future__ import annotations

from typing import Annotated

from django.urls import get_script_prefix
from msgspec import Meta, structs

from labeling import models
from labeling.api.http.fields import (
    Added,
    Finished,
    Moment,
    ReplyData,
    Started,
    about,
    one_of,
)
from labeling.services.work.progress import heard_at
from labeling.templatetags.localized import localized, stage_of

JobId = Annotated[int, about("As in `jobs/{id}/`.")]
JobState = Annotated[
    str,
    one_of(
        models.Job.State.values,
        "`queued` waits for a worker; after `done`, `failed` and `cancelled` comes nothing.",
    ),
]
Progress = Annotated[str, about("The address that says how far it is.")]
Percent = Annotated[
    int | None,
    Meta(description="How far it is, from 0 to 100; null while that is not known."),
]

StageSince = Annotated[Moment | None, about("When it began with this.")]
StageDone = Annotated[
    int | None,
    about("How much of the stage alone is done; null where that is one step."),
]
StageTotal = Annotated[int | None, about("How many there are in the stage.")]
HeardAt = Annotated[
    Moment | None, about("When its worker was heard last; null where none is at it.")
]


class Job(ReplyData):
    """Work that a worker does, and how far it is."""

    id: JobId
    kind: Annotated[
        str, about("What is done, like `import`, `agreement` or `learn.train`.")
    ]
    state: JobState
    stage: Annotated[str, about("What it does now, in the caller's language.")]
    done: Annotated[int, about("How many of `total` are done.")]
    total: Annotated[int | None, about("Null while that is not known.")]
    percent: Percent
    stage_since: StageSince
    stage_done: StageDone
    stage_total: StageTotal
    heard_at: HeardAt
    created_at: Added
    started_at: Started
    finished_at: Finished
    error: Annotated[str, about("Why it failed, in the caller's language.")]


class JobWithLog(Job):
    """A job and what it has written down."""

    log: Annotated[
        str, about("A line for each step, with its moment; in the caller's language.")
    ]


class JobAsked(Job):
    """A job that was asked for, and where its progress is."""

    url: Progress


def asked_of(job: models.Job) -> JobAsked:
    """Return a job of a project that was asked for, with its address."""
    slug = job.project.slug if job.project else ""
    url = f"{get_script_prefix()}api/projects/{slug}/jobs/{job.pk}/"
    return JobAsked(**structs.asdict(job_of(job)), url=url)


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
        stage_since=job.stage_since,
        stage_done=job.stage_done,
        stage_total=job.stage_total,
        heard_at=heard_at(job),
        created_at=job.created_at,
        started_at=job.started_at,
        finished_at=job.finished_at,
        error=localized(job.error),
    )
