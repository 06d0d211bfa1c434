"""Training runs: asking for one, and what came of it."""

from __future__ import annotations

from typing import Annotated, ClassVar

from activelearn import models
from activelearn.core import causes as core
from activelearn.models.version import LONGEST_REASON
from activelearn.services.training import retrain
from labeling.api.http.fields import (
    Added,
    Body,
    Finished,
    ReplyData,
    Started,
    about,
    literals,
    one_of,
    text,
)
from labeling.api.wire.work import (
    HeardAt,
    JobState,
    Percent,
    StageDone,
    StageSince,
    StageTotal,
)
from labeling.services.work.progress import heard_at
from labeling.templatetags.localized import localized, stage_of


class TrainingBody(Body):
    """Why a model is to be trained."""

    or_nothing: ClassVar = frozenset({"reason"})

    reason: (
        Annotated[
            str,
            text(LONGEST_REASON, "In the person's own words, for the list of runs."),
        ]
        | None
    ) = None


class StartedBy(ReplyData):
    """A cause that was due when a run started by itself."""

    cause: Annotated[str, one_of(core.CAUSES, "What it was.")]
    now: Annotated[
        float,
        about(
            "What was there: of `schedule` days, of `errors` and `drift` alarms, else a number."
        ),
    ]
    wanted: Annotated[float, about("With how much it was due.")]


class TrainingRun(ReplyData):
    """One training: why it started, how far it is, what came of it."""

    id: Annotated[int, about("The server's number of the run.")]
    state: JobState
    trigger: Annotated[
        str, one_of(models.TrainingRun.Trigger.values, "What made it start.")
    ]
    reason: Annotated[str, about("Why it started, in the caller's language.")]
    stage: Annotated[str, about("What it does now, in the caller's language.")]
    percent: Percent
    stage_since: StageSince
    stage_done: StageDone
    stage_total: StageTotal
    heard_at: HeardAt
    judges: Annotated[
        int | None, about("The version that it judges again, where it trains none.")
    ]
    same_as: Annotated[
        int | None, about("The run that had learned the same before, if one had.")
    ]
    labels: Annotated[int | None, about("How many labels it learned from.")]
    unread: Annotated[
        int | None,
        about("Items not read whole; `items/?unread=yes` has those of now."),
    ]
    causes: Annotated[
        list[StartedBy],
        about("What started it by itself; empty where something else did."),
    ]
    verdict: Annotated[
        str,
        one_of(
            literals(retrain.RunVerdict),
            "Of the gate, or why it was not asked; empty before.",
            or_empty=True,
        ),
    ]
    explanation: Annotated[str, about("Why the gate said so.")]
    error: Annotated[str, about("Why it failed.")]
    created_at: Added
    started_at: Started
    finished_at: Finished


def run_of(run: models.TrainingRun) -> TrainingRun:
    """Return a run with its progress and what came of it."""
    job = run.job
    return TrainingRun(
        id=run.pk,
        state=job.state,
        trigger=run.trigger,
        reason=localized(run.reason),
        stage=stage_of(job),
        percent=job.percent,
        stage_since=job.stage_since,
        stage_done=job.stage_done,
        stage_total=job.stage_total,
        heard_at=heard_at(job),
        judges=run.judges.number if run.judges else None,
        same_as=run.same_as_id,
        labels=run.label_count,
        causes=[StartedBy(**cause) for cause in run.causes],
        unread=run.unread,
        verdict=run.verdict,
        explanation=localized(run.explanation),
        error=localized(job.error),
        created_at=run.created_at,
        started_at=job.started_at,
        finished_at=job.finished_at,
    )
