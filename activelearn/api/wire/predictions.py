"""Asking the serving model: items from outside, and what it says of them."""

from __future__ import annotations

import base64
import binascii
from typing import Annotated

from django.urls import get_script_prefix
from django.utils.translation import gettext as _
from msgspec import UNSET, Meta, UnsetType

from activelearn.models import Feedback, PredictionBatch
from activelearn.models.feedback import MOST_SECONDS
from activelearn.services.predictions import receipts, serving
from activelearn.services.predictions.batch_files import has_file
from activelearn.services.predictions.feedback import FeedbackDraft, FeedbackReport
from activelearn.services.predictions.reviewing import ReviewWish
from labeling.api.http.fields import (
    LONGEST_NAME,
    Added,
    Body,
    Columns,
    Count,
    Key,
    Moment,
    Names,
    ReplyData,
    Share,
    about,
    checked_later,
    one_of,
    text,
)
from labeling.api.wire.queue import AskedReview, asked_review_of
from labeling.api.wire.work import JobState
from labeling.errors import InvalidInputError
from labeling.models.review import MOST_PRIORITY
from labeling.services.transfer.exporting import FORMATS


class PredictItem(Body):
    """An item from outside, or one of the project's pool."""

    data: (
        Annotated[
            Columns, about("Of texts and table rows; further columns of a picture.")
        ]
        | UnsetType
    ) = UNSET
    image: (
        Annotated[
            str,
            Meta(
                description="A picture's file (PNG, JPEG, WebP and others), in base64.",
                extra_json_schema={"format": "byte"},
            ),
        ]
        | UnsetType
    ) = UNSET
    item: (
        Annotated[
            Key,
            about("Instead of `data` and `image`: the id of an item of the pool."),
        ]
        | UnsetType
    ) = UNSET
    id: (
        Annotated[
            Annotated[str, text(1000)] | int | None,
            about("The caller's name for it; its place, if left out."),
        ]
        | UnsetType
    ) = UNSET
    priority: Annotated[
        int,
        Meta(
            ge=0,
            le=MOST_PRIORITY,
            description="Of a review: the higher, the earlier people are asked.",
        ),
    ] = 0
    deadline: Annotated[
        Moment | None,
        about("Of a review: until when it is needed. The sooner, the earlier."),
    ] = None
    callback: Annotated[
        str,
        text(
            500,
            "Of a review: the address that is told by a webhook when it ends, at the "
            "server of one of the project's endpoints (`webhooks/`).",
        ),
    ] = ""


class PredictBody(Body):
    """Items that the serving model is asked about."""

    items: Annotated[
        list[PredictItem],
        Meta(
            min_length=1,
            max_length=serving.MOST,
            description="Answered in this order.",
        ),
    ]
    explain: Annotated[
        bool, about("Whether to say what speaks most for each; of at most 100 items.")
    ] = False


class Prediction(ReplyData):
    """What the serving model says of one item."""

    id: Annotated[str | int | None, about("As it was sent, or the item's place.")]
    label: Annotated[
        str, about("The likeliest of `labels`; empty where it predicts no label.")
    ]
    labels: Annotated[
        list[str],
        about("The prediction: one label, or where items may have several all."),
    ]
    confidence: Annotated[
        Share,
        about(
            "Of the whole prediction: right as often as it says if `calibrated`, else a "
            "score."
        ),
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
            "`review`: not `calibrated`, or less sure than the project asks for, so people "
            "are asked.",
        ),
    ]
    prediction: Annotated[
        str, about("Its receipt, signed, by which `feedback/` names it.")
    ]
    explanation: (
        Annotated[
            list[str],
            about(
                "Asked for: the words of a text, or the columns of a row, that speak most "
                "for `labels`, the strongest first; of a picture none. What an encoder "
                "tells of a text has no words, so it is left out."
            ),
        ]
        | UnsetType
    ) = UNSET

    review: (
        Annotated[
            AskedReview,
            about(
                "Of `review`: what people are asked. An item of the pool gets one where "
                "`priority`, `deadline` or `callback` is given."
            ),
        ]
        | UnsetType
    ) = UNSET


class Predictions(ReplyData):
    """What the serving model says, in the order in which it was asked."""

    predictions: Annotated[list[Prediction], about("One for each item that was sent.")]


def questions_of(body: PredictBody) -> list[serving.Question]:
    """Return what is asked about, in its order.

    Raises InvalidInputError where an item is given in two ways or in none, or its picture
    is no base64.
    """
    errors: dict[str, list[str]] = {}
    questions = []
    for place, item in enumerate(body.items):
        try:
            questions.append(_question_of(item))
        except ValueError as error:
            errors[str(place)] = [str(error)]
    if errors:
        raise InvalidInputError(errors={"items": errors})
    return questions


def _question_of(body: PredictItem) -> serving.Question:
    """Return one item; without a name its content names it. Raises ValueError."""
    is_given = body.data is not UNSET or body.image is not UNSET
    if is_given == (body.item is not UNSET):
        raise ValueError(_("Give data, an image, or the id of an item in item."))
    # Another year than people mean is none that every program can read.
    if body.deadline is not None and not 2000 <= body.deadline.year <= 2999:
        raise ValueError(_("The deadline is no moment of this age."))
    name = "" if body.id is UNSET or body.id is None else str(body.id)
    wish = ReviewWish(name[:LONGEST_NAME], body.priority, body.deadline, body.callback)
    if body.item is not UNSET:
        return serving.Question(item=body.item, wish=wish)
    return serving.Question(
        name,
        {} if body.data is UNSET else body.data,
        None if body.image is UNSET else _decoded(body.image),
        wish=wish,
    )


def _decoded(image: str) -> bytes:
    try:
        return base64.b64decode(image, validate=True)
    except binascii.Error as error:
        raise ValueError(_("The image is not base64.")) from error


def prediction_of(
    body: PredictItem, place: int, served: serving.ServedPrediction, slug: str
) -> Prediction:
    """Return what the serving model says of the item at a place; ``slug``: the project's."""
    return Prediction(
        id=place if body.id is UNSET else body.id,
        label=served.label,
        labels=served.labels,
        confidence=served.confidence,
        calibrated=served.is_calibrated,
        probabilities=served.probabilities,
        model=served.model,
        decision=served.decision,
        prediction=served.receipt,
        explanation=UNSET if served.explanation is None else served.explanation,
        review=UNSET if served.review is None else asked_review_of(served.review, slug),
    )


class FeedbackBody(Body, forbid_unknown_fields=True):
    """What is said of a prediction: one of the first four names it."""

    prediction: Annotated[
        str, text(receipts.LONGEST, "Its receipt, as `predict/` has returned it.")
    ] = ""
    review: Annotated[Key, about("The id of its review.")] | None = None
    item: Annotated[Key, about("The id of its item of the pool.")] | None = None
    id: Annotated[str, text(LONGEST_NAME, "The caller's name for its item.")] = ""
    correct: Annotated[bool | None, about("Whether it was right.")] = None
    labels: Annotated[Names | None, about("What would have been right.")] = None
    event: Annotated[
        str,
        one_of(Feedback.Event.values, "What was done with it, instead.", or_empty=True),
    ] = ""
    seconds: Annotated[
        Annotated[float, checked_later(0, int(MOST_SECONDS))] | None,
        about("That a person took over it."),
    ] = None
    data: Annotated[
        Columns | None,
        about("As they were sent to `predict/`, so that people can be asked about it."),
    ] = None


class FeedbackTaken(ReplyData):
    """Feedback as it is kept."""

    id: Annotated[int, about("Of the feedback; the last word on a prediction counts.")]
    item: Annotated[int | None, about("Its item, where it is in the pool.")]
    correct: Annotated[bool | None, about("Whether the prediction was right.")]


class FeedbackRate(ReplyData):
    """How much feedback there is of a label or of a day."""

    name: Annotated[
        str, about("The predicted label, empty where it is not known; or the day.")
    ]
    total: Annotated[Count, about("Of all of it.")]
    wrong: Annotated[Count, about("That contradict the prediction.")]


class FeedbackSummary(ReplyData):
    """What the feedback of the last 30 days says."""

    total: Annotated[Count, about("Of all of it.")]
    wrong: Annotated[Count, about("That contradict the prediction.")]
    redone: Annotated[Count, about("Where it was asked for again.")]
    to_send: Annotated[
        Count, about("That contradict and can be sent to people (`feedback/send/`).")
    ]
    labels: Annotated[list[FeedbackRate], about("By predicted label.")]
    days: Annotated[list[FeedbackRate], about("By day, the newest first.")]


class FeedbackSent(ReplyData):
    """What people are asked about now."""

    sent: Annotated[Count, about("Items; at most 500 at once.")]


def draft_of(body: FeedbackBody) -> FeedbackDraft:
    """Return what is said of a prediction."""
    return FeedbackDraft(
        prediction=body.prediction,
        review=body.review,
        item=body.item,
        external_id=body.id,
        is_correct=body.correct,
        labels=body.labels,
        event=body.event,
        seconds=body.seconds,
        data=body.data,
    )


def summary_of(report: FeedbackReport) -> FeedbackSummary:
    """Return a report as it is told."""
    return FeedbackSummary(
        total=report.total,
        wrong=report.wrong,
        redone=report.redone,
        to_send=report.to_send,
        labels=[FeedbackRate(*rate) for rate in report.by_label],
        days=[
            FeedbackRate(day.isoformat(), rate.total, rate.wrong)
            for day, rate in report.by_day
        ],
    )


class PredictedBatch(ReplyData):
    """A file whose rows are predicted as a job."""

    id: Annotated[int, about("As in `predict/batches/{id}/`.")]
    state: JobState
    url: Annotated[str, about("The address that says how far it is.")]
    job: Annotated[int, about("As in `jobs/{id}/`: it can be cancelled there.")]
    file_name: Annotated[str, about("As it was sent.")]
    model: Annotated[int | None, about("The version that predicts; null until then.")]
    rows: Annotated[Count, about("That were read so far.")]
    refused: Annotated[Count, about("Of these, those that are no items; see `error`.")]
    unsure: Annotated[Count, about("Of these, those whose decision is `review`.")]
    has_file: Annotated[bool, about("Whether its predictions can be had.")]
    created_at: Added


class BatchFileQuery(Body):
    """In which format the predictions are sent."""

    format: Annotated[str, one_of(FORMATS, "Each with the same columns.")] = "jsonl"


class BatchForm(Body):
    """A form with a file; any that an import takes."""

    file: Annotated[
        str,
        Meta(
            description="JSON lines, JSON, CSV, Excel, Parquet or ZIP.",
            extra_json_schema={"format": "binary"},
        ),
    ]


def batch_of(batch: PredictionBatch) -> PredictedBatch:
    """Return a batch as it is told."""
    address = f"{get_script_prefix()}api/projects/{batch.project.slug}/predict/batches/"
    job = batch.job
    return PredictedBatch(
        id=batch.pk,
        state=job.state if job else "failed",
        url=f"{address}{batch.pk}/",
        job=job.pk if job else 0,
        file_name=batch.file_name,
        model=batch.model_number,
        rows=batch.received,
        refused=batch.refused,
        unsure=batch.unsure,
        has_file=has_file(batch),
        created_at=batch.created_at,
    )
