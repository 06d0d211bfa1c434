"""Asking the serving model: items from outside, and what it says of them."""

from __future__ import annotations

import base64
import binascii
from typing import Annotated

from django.utils.translation import gettext as _
from msgspec import UNSET, Meta, UnsetType

from activelearn.services.predictions import serving
from activelearn.services.predictions.reviewing import ReviewWish
from labeling.api.http.fields import (
    LONGEST_NAME,
    Body,
    Columns,
    Key,
    Moment,
    ReplyData,
    Share,
    about,
    one_of,
    text,
)
from labeling.api.wire.queue import AskedReview, asked_review_of
from labeling.errors import InvalidInputError
from labeling.models.review import MOST_PRIORITY


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
        explanation=UNSET if served.explanation is None else served.explanation,
        review=UNSET if served.review is None else asked_review_of(served.review, slug),
    )
