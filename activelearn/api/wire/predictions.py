"""Asking the serving model: items from outside, and what it says of them."""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import UNSET, Meta, UnsetType

from activelearn.services.predictions import serving
from labeling.api.http.fields import (
    Body,
    Columns,
    ReplyData,
    Share,
    about,
    one_of,
    text,
)


class PredictItem(Body):
    """An item from outside."""

    data: Columns
    id: (
        Annotated[
            Annotated[str, text(1000)] | int | None,
            about("The caller's name for it; its place, if left out."),
        ]
        | UnsetType
    ) = UNSET


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


class Predictions(ReplyData):
    """What the serving model says, in the order in which it was asked."""

    predictions: Annotated[list[Prediction], about("One for each item that was sent.")]


def question_of(body: PredictItem) -> serving.Question:
    """Return an item from outside; without a name its content names it."""
    name = "" if body.id is UNSET else body.id
    return serving.Question(str(name or ""), body.data)


def prediction_of(body: PredictItem, place: int, served: Any) -> Prediction:
    """Return what the serving model says of the item at a place."""
    return Prediction(
        id=place if body.id is UNSET else body.id,
        label=served.label,
        labels=served.labels,
        confidence=served.confidence,
        calibrated=served.is_calibrated,
        probabilities=served.probabilities,
        model=served.model,
        decision=served.decision,
    )
