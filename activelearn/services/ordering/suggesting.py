"""The suggestions that stand in an order: the champion's predictions, with words."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any, Final

from activelearn.core import influence
from activelearn.encoders.published import WrongEncoderError
from activelearn.models import ModelVersion
from activelearn.services.versions import loading, registry
from labeling.errors import ConflictError
from labeling.models import Gold, Item, Prediction, Project
from labeling.services.transfer.outside import using

# About as many items as are lent before the next order comes.
EXPLAINED: Final = 200

Suggestion = dict[str, Any]
logger = logging.getLogger(__name__)


def suggestions_for(
    project: Project, item_ids: Sequence[int]
) -> tuple[int | None, dict[int, Suggestion]]:
    """Return the champion's number, and the suggestions by item.

    They are the champion's, or those of the source from outside that the project names.
    item_ids: in serving order, for only the first ones are explained. A gold question
    and a project that labels blind get no suggestion.

    Raises NotFoundError where the project has been deleted.
    """
    champion = registry.champion(project)
    number = champion.number if champion else None
    if project.suggestion_mode == Project.SuggestionMode.BLIND:
        return number, {}
    if project.suggestions_by:
        return number, using.suggestions(project, item_ids)
    if champion is None:
        return None, {}
    # A suggestion on a gold question would test the model and not the person.
    questions = Gold.objects.filter(item__in=item_ids, is_question=True)
    predictions = Prediction.objects.filter(item__in=item_ids).exclude(
        item__in=questions.values("item")
    )
    suggestions = {
        prediction.item_id: {
            "label": prediction.label,
            **({} if prediction.labels is None else {"labels": prediction.labels}),
            "confidence": prediction.confidence,
            "calibrated": champion.is_calibrated,
            "model": prediction.model_number,
        }
        for prediction in predictions
    }
    if project.suggestion_mode == Project.SuggestionMode.ASSIST:
        # Only what people get before the next order comes is worth the time.
        _explain(project, champion, suggestions, item_ids[:EXPLAINED])
    return champion.number, suggestions


def _explain(
    project: Project,
    champion: ModelVersion,
    suggestions: dict[int, Suggestion],
    item_ids: Sequence[int],
) -> None:
    """Add to the suggestions of texts the words that speak most for them.

    Of several labels, first the strongest word of each one.
    """
    if project.data_type != Project.DataType.TEXT:
        return
    texts = dict(
        Item.objects.filter(
            pk__in=[pk for pk in item_ids if pk in suggestions]
        ).values_list("pk", "data__text")
    )
    asked = [
        (pk, label, str(text))
        for pk, text in texts.items()
        for label in suggestions[pk].get("labels", [suggestions[pk]["label"]])
    ]
    pairs = [(label, text) for _, label, text in asked]
    try:
        model, spec = loading.load(champion)
        strongest = influence.influential(model, pairs, spec)
    except (ConflictError, WrongEncoderError) as refusal:
        # An order without these words is better than none.
        logger.warning("no words for suggestions: %s", refusal)
        return
    words_of: dict[int, list[list[str]]] = {pk: [] for pk in texts}
    for (pk, _, _), words in zip(asked, strongest, strict=True):
        words_of[pk].append(words)
    for pk, lists in words_of.items():
        suggestions[pk]["words"] = influence.alternating(lists)
