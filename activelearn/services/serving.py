"""Answers of the champion for items from outside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from activelearn.services import features, registry
from labeling.errors import ConflictError, InvalidInputError
from labeling.models import Item, Project
from labeling.services.transfer import intake

MOST = 100


@dataclass(frozen=True)
class Question:
    """An item from outside; without a name of its own its content names it."""

    external_id: str
    data: Mapping[str, Any]


@dataclass(frozen=True)
class Answer:
    """One prediction."""

    label: str
    confidence: float
    probabilities: dict[str, float]
    model: int
    decision: str


def predict(project: Project, questions: Sequence[Question]) -> list[Answer]:
    """Return the champion's answers; below the project's confidence, a review.

    What is to be reviewed becomes an item of the pool: people are asked about it.
    """
    if project.data_type == Project.DataType.IMAGE:
        raise ConflictError(_("Prediction of images from outside is not offered yet."))
    if not 1 <= len(questions) <= MOST:
        raise InvalidInputError(
            errors={"items": [_("From 1 to %(most)s items.") % {"most": MOST}]}
        )
    champion = registry.champion(project)
    if champion is None:
        raise ConflictError(_("No model serves yet: label more items."))
    model = registry.load(champion)
    rows = [intake.checked(project, one.external_id, one.data) for one in questions]
    items = [Item(data=row.data) for row in rows]
    table = model.probabilities(features.rows_of(items, features.spec_of(project)))
    answers = []
    for given in table:
        best = int(given.argmax())
        confidence = float(given[best])
        answers.append(
            Answer(
                label=model.labels[best],
                confidence=confidence,
                probabilities={
                    label: float(p)
                    for label, p in zip(model.labels, given, strict=True)
                },
                model=champion.number,
                decision="accept" if confidence >= project.confidence else "review",
            )
        )
    unsure = [
        row
        for row, answer in zip(rows, answers, strict=True)
        if answer.decision == "review"
    ]
    intake.add_to_pool(project, unsure)
    return answers
