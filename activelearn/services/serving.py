"""Answers of the champion for items from outside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from activelearn.services import features, registry
from labeling.errors import ConflictError, InvalidInputError
from labeling.models import Item, Project

MOST = 100


@dataclass(frozen=True)
class Answer:
    """One prediction."""

    label: str
    confidence: float
    probabilities: dict[str, float]
    model: int
    decision: str


def predict(project: Project, payloads: Sequence[Mapping[str, Any]]) -> list[Answer]:
    """Return the champion's answers; below the project's confidence, a review."""
    if project.data_type == Project.DataType.IMAGE:
        raise ConflictError("Prediction of images from outside is not offered yet.")
    if not 1 <= len(payloads) <= MOST:
        raise InvalidInputError(errors={"items": [f"From 1 to {MOST} items."]})
    champion = registry.champion(project)
    if champion is None:
        raise ConflictError("No model serves yet: label more items.")
    model = registry.load(champion)
    items = [Item(data=dict(payload)) for payload in payloads]
    table = model.probabilities(features.rows_of(items, features.spec_of(project)))
    answers = []
    for row in table:
        best = int(row.argmax())
        confidence = float(row[best])
        answers.append(
            Answer(
                label=model.labels[best],
                confidence=confidence,
                probabilities={
                    label: float(p) for label, p in zip(model.labels, row, strict=True)
                },
                model=champion.number,
                decision="accept" if confidence >= project.confidence else "review",
            )
        )
    return answers
