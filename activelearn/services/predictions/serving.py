"""Predictions of the champion for items from outside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Final

from activelearn.core import influence
from activelearn.core import predictions as core
from activelearn.core.features import Spec
from activelearn.core.translation import TranslatedModel
from activelearn.models import ModelVersion
from activelearn.services.features import in_force, payloads, telling
from activelearn.services.predictions import (
    deciding,
    receipts,
    reviewing,
    routing,
    traffic,
)
from activelearn.services.versions import healing
from labeling.errors import ConflictError, InvalidInputError
from labeling.messages import sentence as _
from labeling.models import Item, Project, Review
from labeling.services.transfer.importing import intake
from labeling.services.transfer.predictions import likeliest

MOST: Final = 1000
# Where a picture is decoded or a network looks at each item, some 50 ms, or it is explained, which
# asks about it once for each of its columns: a few seconds in one call.
MOST_SLOW: Final = 100


@dataclass(frozen=True)
class Question:
    """An item from outside, or with ``item`` one of the project's own, by its id.

    external_id: where it is empty, its content names it. image: the file of a picture.
    wish: how people are to be asked where the champion is not sure.
    """

    external_id: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)
    image: bytes | None = None
    item: int | None = None
    wish: reviewing.ReviewWish = field(default_factory=reviewing.ReviewWish)


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
    explanation: list[str] | None = None
    review: Review | None = None
    receipt: str = ""


def predict(
    project: Project, questions: Sequence[Question], *, explain: bool = False
) -> list[ServedPrediction]:
    """Return the predictions of what serves, each accepted or for review, as the dial says.

    While a canary or an A/B test goes on, its share is the challenger's.

    explain: say which words of a text, or columns of a row, speak most for its labels.

    An item to be reviewed joins the pool, ahead of the queue's order; one of the project
    does where its wish says more than a name. Raises ConflictError where no model can serve, or it reads vectors that
    items from outside do not have; NotFoundError where the project has been deleted, and
    InvalidInputError for items that are none of this project's kind or none of its items,
    held-out ones, or too many of them.
    """
    _check_number(questions, MOST_SLOW if explain else MOST)
    serving = healing.load_serving(project)
    champion, _model, spec = serving
    if in_force.is_slow(spec) or spec["kind"] == "image":
        _check_number(questions, MOST_SLOW)
    intake.check_pixels([q.image for q in questions if q.image is not None])
    own = _own_items(project, questions)
    if any(question.item is None for question in questions):
        check_reads(spec, champion.number)
    asked: list[Item | intake.Arrival] = [
        own[question.item]
        if question.item is not None
        else intake.checked(
            project, question.external_id, question.data, question.image
        )
        for question in questions
    ]
    given: list[_Given] = []
    predicted = partial(_predicted, project, given, explain=explain)
    predictions = routing.routed(project, serving, asked, predicted)
    # After all were predicted: a call that is refused adds nothing.
    wishes = [question.wish for question in questions]
    reviews = reviewing.reviewed(project, wishes, asked, predictions)
    tokens = receipts.tokens_of(project, asked, predictions)
    for each in given:
        traffic.note(each.version, each.spec, each.asked, each.rows, each.predictions)
    return list(map(_with_review, predictions, reviews, tokens))


def _with_review(
    prediction: ServedPrediction, review: Review | None, receipt: str
) -> ServedPrediction:
    return replace(prediction, review=review, receipt=receipt)


@dataclass(frozen=True)
class _Given:
    """What a version has said of what was asked about; rows: (n, n_features)."""

    version: ModelVersion
    spec: Spec
    asked: Sequence[Item | intake.Arrival]
    rows: Any
    predictions: Sequence[ServedPrediction]


def _predicted(
    project: Project,
    given: list[_Given],
    serving: routing.Serving,
    asked: Sequence[Item | intake.Arrival],
    *,
    explain: bool,
) -> list[ServedPrediction]:
    """Return what a version says of what is asked about, in its order, and add it to given."""
    version, model, spec = serving
    rows = _rows(asked, spec)
    table = model.probabilities(rows)
    predictions = _served(version, model, table, deciding.rule_of(project, version))
    if explain:
        predictions = _explained(model, spec, asked, predictions)
    given.append(_Given(version, spec, asked, rows, predictions))
    return predictions


def _check_number(questions: Sequence[Question], most: int) -> None:
    """Raise InvalidInputError where one call does not take as many items."""
    if not 1 <= len(questions) <= most:
        raise InvalidInputError(
            errors={"items": [_("From 1 to %(most)s items.") % {"most": most}]}
        )


def check_reads(spec: Spec, number: int) -> None:
    """Raise ConflictError where a version reads what items from outside do not have."""
    if spec.get("encoder", {}).get("name") == telling.VECTORS:
        why = _(
            "Version %(number)s reads vectors that came with the items: it predicts nothing of items from outside, which have none."
        )
        raise ConflictError(why % {"number": number})


def _own_items(project: Project, questions: Sequence[Question]) -> dict[int, Item]:
    """Return the items of the project that are asked about, by id.

    Raises InvalidInputError where one is not there, or held out: whoever saw what the
    model says of it could not label it blind any more.
    """
    wanted = [question.item for question in questions if question.item is not None]
    items = Item.objects.select_related("media").filter(project=project, pk__in=wanted)
    own = {item.pk: item for item in items.pool()} if wanted else {}
    if lost := [pk for pk in wanted if pk not in own]:
        why = _("There is no item %(item)s in the pool of this project.")
        raise InvalidInputError(errors={"items": [why % {"item": lost[0]}]})
    return own


def _rows(asked: Sequence[Item | intake.Arrival], spec: Spec) -> Any:
    """Return the features of what is asked about, in its order."""
    own = [each for each in asked if isinstance(each, Item)]
    if spec["kind"] == "image" and len(own) < len(asked):
        # One by one: a hundred pictures as they are kept may be gigabytes.
        return payloads.rows_of_pictures(map(_file_of, asked), spec)
    items = [
        each if isinstance(each, Item) else Item(data=each.row.data) for each in asked
    ]
    return payloads.rows_of(items, spec)


def _file_of(asked: Item | intake.Arrival) -> bytes:
    """Return the file of a picture, as it is or would be kept; nothing where it is lost."""
    if not isinstance(asked, Item):
        return asked.picture.encoded if asked.picture else b""
    return payloads.file_of(asked) or b""


def _explained(
    model: TranslatedModel,
    spec: Spec,
    asked: Sequence[Item | intake.Arrival],
    predictions: Sequence[ServedPrediction],
) -> list[ServedPrediction]:
    """Return the predictions with what speaks most for them; of pictures nothing does."""
    return [
        replace(prediction, explanation=influence.alternating(strongest))
        for each, prediction in zip(asked, predictions, strict=True)
        for strongest in [_strongest(model, spec, each, prediction.labels)]
    ]


def _strongest(
    model: TranslatedModel,
    spec: Spec,
    asked: Item | intake.Arrival,
    labels: Sequence[str],
) -> list[list[str]]:
    """Return what speaks most for each label, one item at a time: texts may be long."""
    data = asked.data if isinstance(asked, Item) else asked.row.data
    if spec["kind"] == "text":
        text = str(data.get("text", ""))
        return influence.influential(model, [(label, text) for label in labels], spec)
    if spec["kind"] == "table":
        return influence.influential_columns(model, labels, data, spec)
    return []


def judged(
    project: Project, version: ModelVersion, model: TranslatedModel, table: Any
) -> list[ServedPrediction]:
    """Return what a version says of rows, (n, n_labels) probabilities, as ``predict`` does."""
    return _served(version, model, table, deciding.rule_of(project, version))


def _served(
    champion: ModelVersion,
    model: TranslatedModel,
    table: Any,
    rule: deciding.DecisionRule,
) -> list[ServedPrediction]:
    predicted = core.predictions(model, table)
    sure = core.confidences(model, table).tolist()
    return [
        ServedPrediction(
            label=prediction if isinstance(prediction, str) else likeliest(prediction),
            labels=[prediction] if isinstance(prediction, str) else sorted(prediction),
            confidence=share,
            probabilities=dict(zip(model.labels, row.tolist(), strict=True)),
            model=champion.number,
            is_calibrated=model.is_calibrated,
            decision=rule.decision(
                (prediction,) if isinstance(prediction, str) else tuple(prediction),
                share,
                is_calibrated=model.is_calibrated,
            ),
        )
        for prediction, share, row in zip(predicted, sure, table, strict=True)
    ]
