"""What the learner's API takes and answers."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, ClassVar

import msgspec
from msgspec import UNSET, Meta, UnsetType

from activelearn import models
from activelearn.services import serving
from labeling.api.http.fields import Answer, Body, Columns, Share, about, one_of, text
from labeling.api.wire.work import JobState, Percent
from labeling.templatetags.localized import localized, stage_of


class QuestionBody(Body):
    """An item from outside."""

    data: Columns
    id: (
        Annotated[
            str | int | None, about("The caller's name for it; its place, if left out.")
        ]
        | UnsetType
    ) = UNSET


class PredictBody(Body):
    """Items that the serving model is asked about."""

    items: Annotated[list[QuestionBody], Meta(min_length=1, max_length=serving.MOST)]


class Prediction(Answer):
    """What the serving model says of one item."""

    id: Annotated[str | int | None, about("As it was sent, or the item's place.")]
    label: str
    confidence: Annotated[Share, about("Calibrated.")]
    probabilities: Annotated[dict[str, float], about("By label.")]
    model: Annotated[int, about("The number of the model's version.")]
    decision: Annotated[
        str,
        one_of(
            ["accept", "review"],
            "`review`: less sure than the project asks for, so people are asked.",
        ),
    ]


class Predictions(Answer):
    """What the serving model says, in the order in which it was asked."""

    predictions: list[Prediction]


class TrainingBody(Body):
    """Why a model is to be trained."""

    or_nothing: ClassVar = frozenset({"reason"})

    reason: Annotated[str, text(300)] | None = None


class TrainingRun(Answer):
    """One training: why it started, how far it is, what came of it."""

    id: int
    state: JobState
    trigger: Annotated[str, one_of(models.TrainingRun.Trigger.values)]
    reason: str
    stage: Annotated[str, about("What it does now, in the caller's language.")]
    percent: Percent
    judges: Annotated[
        int | None, about("The version that it judges again, where it trains none.")
    ]
    same_as: Annotated[
        int | None, about("The run that had learned the same before, if one had.")
    ]
    labels: Annotated[int | None, about("How many labels it learned from.")]
    verdict: Annotated[str, about("Of the gate; empty before it.")]
    explanation: Annotated[str, about("Why the gate said so.")]
    error: Annotated[str, about("Why it failed.")]
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None


class LabelFigures(Answer):
    """How good a model is on one label."""

    label: str
    precision: Share
    recall: Share
    f1: Share
    support: Annotated[int, about("How many held-out items have it.")]


class Model(Answer):
    """A version of the model with its evidence on held-out items."""

    number: int
    stage: Annotated[str, one_of(models.ModelVersion.Stage.values)]
    created_at: datetime
    promoted_at: datetime | None
    rolled_back_at: Annotated[
        datetime | None, about("When it was taken out of service, until promoted anew.")
    ]
    labels: Annotated[int, about("How many labels it learned from.")]
    snapshot: Annotated[str, about("The SHA-256 of what it learned from.")]
    sha256: Annotated[str, about("Of its file.")]
    accuracy: Share | None
    macro_f1: Share | None
    evaluation_items: int
    better: Annotated[int | None, about("Items that only this model has right.")]
    worse: Annotated[int | None, about("Items that only the champion has right.")]
    verdict: str | None
    waits_for: Annotated[
        int | None,
        about(
            "Held-out labels that are expected to tell, where it waits: it is judged "
            "again by itself then."
        ),
    ]
    per_label: list[LabelFigures]


def question_of(body: QuestionBody) -> serving.Question:
    """Return an item from outside; without a name its content names it."""
    name = "" if body.id is UNSET else body.id
    return serving.Question(str(name or ""), body.data)


def prediction_of(body: QuestionBody, place: int, answer: Any) -> Prediction:
    """Return what the serving model says of the item at a place."""
    return Prediction(
        id=place if body.id is UNSET else body.id,
        label=answer.label,
        confidence=answer.confidence,
        probabilities=answer.probabilities,
        model=answer.model,
        decision=answer.decision,
    )


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
        judges=run.judges.number if run.judges else None,
        same_as=run.same_as_id,
        labels=run.label_count,
        verdict=run.verdict,
        explanation=localized(run.explanation),
        error=localized(job.error),
        created_at=run.created_at,
        started_at=job.started_at,
        finished_at=job.finished_at,
    )


def model_of(model: models.ModelVersion) -> Model:
    """Return a model version with its evidence."""
    evidence: models.Evaluation | None = getattr(model, "evaluation", None)
    return Model(
        number=model.number,
        stage=model.stage,
        created_at=model.created_at,
        promoted_at=model.promoted_at,
        rolled_back_at=model.rolled_back_at,
        labels=model.snapshot.items,
        snapshot=model.snapshot.sha256,
        sha256=model.sha256,
        accuracy=evidence.accuracy if evidence else None,
        macro_f1=evidence.macro_f1 if evidence else None,
        evaluation_items=evidence.items if evidence else 0,
        better=evidence.better if evidence else None,
        worse=evidence.worse if evidence else None,
        verdict=evidence.verdict if evidence else None,
        waits_for=(
            model.waits_for
            if model.stage == models.ModelVersion.Stage.WAITING
            else None
        ),
        per_label=msgspec.convert(
            evidence.labels if evidence else [], list[LabelFigures]
        ),
    )
