"""What the learner's API takes and answers."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

import msgspec
from msgspec import UNSET, Meta, UnsetType

from activelearn import models
from activelearn.core import gate
from activelearn.services import retrain, serving
from labeling.api.http.fields import (
    Answer,
    Body,
    Columns,
    Moment,
    Share,
    about,
    literals,
    one_of,
    text,
)
from labeling.api.wire.work import JobState, Percent
from labeling.templatetags.localized import localized, stage_of

GateVerdict = Annotated[
    str, one_of(literals(gate.GateVerdict), "Whether it may serve, by the gate.")
]


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
    confidence: Annotated[
        Share, about("Right as often as it says if `calibrated`, else a score.")
    ]
    calibrated: Annotated[
        bool,
        about("Whether random labels showed how sure the model may be of its scores."),
    ]
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
    verdict: Annotated[
        str,
        one_of(
            literals(retrain.Verdict),
            "Of the gate, or why it was not asked; empty before.",
            or_empty=True,
        ),
    ]
    explanation: Annotated[str, about("Why the gate said so.")]
    error: Annotated[str, about("Why it failed.")]
    created_at: Moment
    started_at: Moment | None
    finished_at: Moment | None


class LabelFigures(Answer):
    """How good a model is on one label."""

    label: str
    precision: Share
    recall: Share
    f1: Share
    support: Annotated[int, about("How many held-out items have it.")]


class Estimate(Answer):
    """A figure with its interval, which holds the true one in 95 % of all samples."""

    value: float
    low: float
    high: float


class Summary(Answer):
    """The figures that are never shown without each other."""

    items: Annotated[int, about("How many; votes, where people are judged.")]
    accuracy: Estimate
    macro_f1: Estimate
    balanced_accuracy: Estimate


class LabelReport(Answer):
    """How good a model is on one label, and how sure that is."""

    label: str
    precision: Estimate
    recall: Estimate
    f1: Estimate
    support: Annotated[int, about("How many held-out items have it.")]
    average_precision: Estimate | None


class Confusion(Answer):
    """How many items of a label the model says another label of, or the same."""

    truth: str
    predicted: str
    items: int


class Figures(Answer):
    """All figures of a model on held-out items."""

    summary: Summary
    log_loss: Annotated[Estimate | None, about("In nats.")]
    labels: list[LabelReport]
    confusions: Annotated[
        list[Confusion],
        about("The cells that are not empty; none where items have several labels."),
    ]


class Slice(Answer):
    """The figures of held-out items with one thing in common."""

    kind: Annotated[str, one_of(["length", "metadata", "source", "tag"])]
    name: str
    summary: Summary


class Baseline(Answer):
    """What the model has to beat on the same items."""

    name: Annotated[
        str,
        one_of(
            [
                "majority",
                "nearest",
                "champion",
                "people",
                "people-others",
                "people-experts",
            ],
            "`nearest`: example by the same features; `people`: one against the others, "
            "or against an expert where one decided.",
        ),
    ]
    summary: Summary


class ReliabilityBin(Answer):
    """Answers of about the same confidence, and the share of them that is right."""

    confidence: Annotated[float, about("The mean of these answers'.")]
    right: Annotated[Estimate, about("The share of them that is right.")]
    answers: Annotated[int, about("How many they are.")]


class Reliability(Answer):
    """The reliability diagram, and its expected calibration error (`ece`)."""

    ece: Annotated[Estimate, about("The expected calibration error, a share.")]
    bins: Annotated[list[ReliabilityBin], about("The least confident first.")]


class CalibrationTrial(Answer):
    """Whether a calibration helped, on so many labels."""

    labels: Annotated[int, about("How many labels it was tried on.")]
    gain: Annotated[float, about("In log loss, in nats.")]
    error: Annotated[float, about("The gain's standard error.")]
    needed: Annotated[
        int, about("From how many labels on it could help; 0: nothing to gain.")
    ]


class CalibrationReport(Answer):
    """How sure the model is beside how often it is right."""

    kind: Annotated[
        str, one_of(["none", "temperature", "platt"], "The calibration in use.")
    ]
    trial: Annotated[CalibrationTrial | None, about("Null where none was tried.")]
    before: Annotated[Reliability, about("Without a calibration.")]
    after: Annotated[
        Reliability | None,
        about("Of calibrations that were fitted on other items each."),
    ]


class Evaluation(Answer):
    """All that held-out items say of a version."""

    number: Annotated[int, about("Of the version.")]
    items: int
    better: Annotated[int, about("Items that only this model has right.")]
    worse: Annotated[int, about("Items that only the champion has right.")]
    verdict: GateVerdict
    figures: Figures
    slices: list[Slice]
    baselines: list[Baseline]
    training: Annotated[
        Summary | None, about("On the items that the model has learned from.")
    ]
    calibration: Annotated[
        CalibrationReport | None, about("Null for versions before calibration.")
    ] = None


class Model(Answer):
    """A version of the model with its evidence on held-out items."""

    number: int
    stage: Annotated[str, one_of(models.ModelVersion.Stage.values)]
    created_at: Moment
    promoted_at: Moment | None
    rolled_back_at: Annotated[
        Moment | None, about("When it was taken out of service, until promoted anew.")
    ]
    labels: Annotated[int, about("How many labels it learned from.")]
    calibrated: Annotated[
        bool, about("Whether its confidences are right as often as they say.")
    ]
    snapshot: Annotated[str, about("The SHA-256 of what it learned from.")]
    sha256: Annotated[str, about("Of its file.")]
    accuracy: Share | None
    macro_f1: Share | None
    evaluation_items: int
    better: Annotated[int | None, about("Items that only this model has right.")]
    worse: Annotated[int | None, about("Items that only the champion has right.")]
    verdict: GateVerdict | None
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
        calibrated=answer.is_calibrated,
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
        calibrated=model.is_calibrated,
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
        per_label=_per_label(evidence) if evidence else [],
    )


def _per_label(evidence: models.Evaluation) -> list[LabelFigures]:
    report = msgspec.convert(evidence.report["figures"]["labels"], list[LabelReport])
    return [
        LabelFigures(
            label=row.label,
            precision=row.precision.value,
            recall=row.recall.value,
            f1=row.f1.value,
            support=row.support,
        )
        for row in report
    ]


def evaluation_of(evidence: models.Evaluation) -> Evaluation:
    """Return all that held-out items say of a version."""
    own = {
        "number": evidence.model.number,
        "items": evidence.items,
        "better": evidence.better,
        "worse": evidence.worse,
        "verdict": evidence.verdict,
    }
    return msgspec.convert({**evidence.report, **own}, Evaluation)
