"""Predictions of the champion for items from outside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from activelearn.core import predictions as core
from activelearn.services.features import payloads
from activelearn.services.versions import healing
from labeling.errors import ConflictError, InvalidInputError
from labeling.messages import sentence as _
from labeling.models import Item, Project
from labeling.services.transfer import intake
from labeling.services.transfer.predictions import likeliest

MOST = 100


@dataclass(frozen=True)
class Question:
    """An item from outside; where ``external_id`` is empty, its content names it."""

    external_id: str
    data: Mapping[str, Any]


@dataclass(frozen=True)
class ServedPrediction:
    """One prediction; confidence and probabilities are in [0, 1].

    confidence: that all of its labels are right, and none is left out. label: the
    likeliest of them, or nothing where it is none. Where it is not calibrated they are
    scores: nothing says how often they are right.
    """

    label: str
    labels: list[str]
    confidence: float
    probabilities: dict[str, float]
    model: int
    decision: str
    is_calibrated: bool


def predict(project: Project, questions: Sequence[Question]) -> list[ServedPrediction]:
    """Return the champion's predictions; below the project's confidence, a review.

    An item to be reviewed joins the pool, so that people label it. Raises ConflictError
    where no model can serve, NotFoundError where the project has been deleted, and
    InvalidInputError for items that are none of this project's kind, or too many of them.
    """
    if project.data_type == Project.DataType.IMAGE:
        raise ConflictError(_("Prediction of images from outside is not offered yet."))
    if not 1 <= len(questions) <= MOST:
        raise InvalidInputError(
            errors={"items": [_("From 1 to %(most)s items.") % {"most": MOST}]}
        )
    champion, model, spec = healing.load_serving(project)
    rows = [
        intake.checked(project, question.external_id, question.data)
        for question in questions
    ]
    items = [Item(data=row.data) for row in rows]
    table = model.probabilities(payloads.rows_of(items, spec))
    predicted = core.predictions(model, table)
    sure = core.confidences(model, table).tolist()
    predictions = [
        ServedPrediction(
            label=prediction if isinstance(prediction, str) else likeliest(prediction),
            labels=[prediction] if isinstance(prediction, str) else sorted(prediction),
            confidence=confidence,
            probabilities=dict(zip(model.labels, row.tolist(), strict=True)),
            model=champion.number,
            is_calibrated=model.is_calibrated,
            # A score that nobody has held against labels accepts nothing.
            decision="accept"
            if model.is_calibrated and confidence >= project.confidence
            else "review",
        )
        for prediction, confidence, row in zip(predicted, sure, table, strict=True)
    ]
    unsure = [
        row
        for row, prediction in zip(rows, predictions, strict=True)
        if prediction.decision == "review"
    ]
    # After all were predicted: a call that is refused adds nothing.
    intake.add(project, unsure)
    return predictions
