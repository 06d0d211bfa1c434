"""Receipts of predictions: signed, so that a million predictions need no million rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from django.core import signing

from labeling.errors import InvalidInputError
from labeling.messages import sentence as _
from labeling.models import Item, Project
from labeling.services.transfer.importing.intake import Arrival

LONGEST: Final = 100_000
_DIGITS: Final = 6


class ReceiptedPrediction(Protocol):
    """What a receipt holds of a prediction."""

    @property
    def model(self) -> int:
        """The number of the version."""

    @property
    def labels(self) -> list[str]:
        """What it predicts."""

    @property
    def confidence(self) -> float:
        """In [0, 1]."""


@dataclass(frozen=True)
class PredictionReceipt:
    """What was predicted of which item; ``content``: its digest, where it came from outside."""

    model: int
    labels: list[str]
    confidence: float
    item: int | None
    content: str


def tokens_of(
    project: Project,
    asked: Sequence[Item | Arrival],
    predictions: Sequence[ReceiptedPrediction],
) -> list[str]:
    """Return a receipt of each prediction, which this project alone takes back."""
    signer = _signer(project)
    return [
        signer.sign_object(
            {
                "m": prediction.model,
                "l": prediction.labels,
                "c": round(prediction.confidence, _DIGITS),
                "i": each.pk if isinstance(each, Item) else None,
                "h": "" if isinstance(each, Item) else each.content_hash,
            }
        )
        for each, prediction in zip(asked, predictions, strict=True)
    ]


def receipt_of(project: Project, token: str) -> PredictionReceipt:
    """Return what a receipt says. Raises InvalidInputError where it is none of the project's."""
    try:
        # Cut first: the signature of megabytes would take its time.
        kept: dict[str, Any] = _signer(project).unsign_object(token[:LONGEST])
    except signing.BadSignature as error:
        why = _("It is no prediction of this project.")
        raise InvalidInputError(errors={"prediction": [why]}) from error
    return PredictionReceipt(kept["m"], kept["l"], kept["c"], kept["i"], kept["h"])


def _signer(project: Project) -> signing.Signer:
    # Of each project its own: a receipt of one is nothing in another. Without a moment: the
    # same prediction has the same receipt.
    return signing.Signer(salt=f"assay.prediction.{project.pk}")
