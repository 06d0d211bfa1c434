"""The suggestions that stand in an order: the champion's predictions, with words."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any, Final

from activelearn.core import conformal, influence
from activelearn.core.conformal import LikelyRule
from activelearn.core.features import Rows, Spec
from activelearn.core.translation import TranslatedModel
from activelearn.encoders.published import WrongEncoderError
from activelearn.models import LearningPolicy, ModelVersion
from activelearn.services.features import in_force, payloads, store
from activelearn.services.versions import loading, registry
from labeling import queries
from labeling.errors import ConflictError
from labeling.models import Gold, Item, Prediction, Project
from labeling.services.transfer.outside import using

# About as many items as are lent before the next order comes.
EXPLAINED: Final = 200
# With twenty people at work, who each hold 30 items, it is more.
WITH_LIKELY: Final = 1000

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
    if project.shown_suggestions == Project.SuggestionMode.BLIND:
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
    if project.shown_suggestions == Project.SuggestionMode.ASSIST:
        # Only what people get before the next order comes is worth the time.
        first = [pk for pk in item_ids if pk in suggestions]
        _add_details(project, champion, suggestions, first)
    return champion.number, suggestions


def _add_details(
    project: Project,
    champion: ModelVersion,
    suggestions: dict[int, Suggestion],
    item_ids: Sequence[int],
) -> None:
    """Add what speaks for suggestions, and which labels are likely beside theirs."""
    is_text = project.data_type == Project.DataType.TEXT
    likely = _likely_rule(project, champion)
    if not item_ids or not (is_text or likely):
        return
    try:
        model, spec = loading.load(champion)
        if is_text:
            _explain(model, spec, suggestions, item_ids[:EXPLAINED])
        if likely:
            items, rows = _rows_of(project, spec, item_ids[:WITH_LIKELY])
            today = queries.label_names(project.label_set_pk)
            names = conformal.names_of(likely, model, rows, today) if items else []
            for pk, labels in zip(items, names, strict=True):
                if labels:
                    suggestions[pk]["likely"] = labels
    except (ConflictError, WrongEncoderError) as refusal:
        # An order without these is better than none.
        logger.warning("suggestions without their details: %s", refusal)


def _likely_rule(project: Project, champion: ModelVersion) -> LikelyRule | None:
    """Return which labels are likely, where that is wanted and known."""
    rule = champion.likely_rule
    label_count = len(queries.label_names(project.label_set_pk))
    is_wanted = LearningPolicy.of(project.pk).likely_labels
    is_known = rule is not None and bool(rule.limits)
    return rule if is_wanted and is_known and label_count > conformal.MANY else None


def _rows_of(
    project: Project, spec: Spec, item_ids: Sequence[int]
) -> tuple[list[int], Rows]:
    """Return those of the items that are still there, and their rows."""
    if project.data_type == Project.DataType.IMAGE or in_force.is_slow(spec):
        # An encoder takes long to look at an item, or costs money, and has seen these.
        if in_force.reads_unseen(project, spec):
            return [], None
        table = store.load(project, spec)
        covered = table.covered(item_ids)
        return covered, table.rows_of(covered)
    items = Item.objects.in_bulk(item_ids)
    return list(items), payloads.rows_of(list(items.values()), spec)


def _explain(
    model: TranslatedModel,
    spec: Spec,
    suggestions: dict[int, Suggestion],
    item_ids: Sequence[int],
) -> None:
    """Add to the suggestions of texts the words that speak most for them.

    Of several labels, first the strongest word of each one.
    """
    texts = dict(Item.objects.filter(pk__in=item_ids).values_list("pk", "data__text"))
    asked = [
        (pk, label, str(text))
        for pk, text in texts.items()
        for label in suggestions[pk].get("labels", [suggestions[pk]["label"]])
    ]
    pairs = [(label, text) for _, label, text in asked]
    strongest = influence.influential(model, pairs, spec)
    words_of: dict[int, list[list[str]]] = {pk: [] for pk in texts}
    for (pk, _, _), words in zip(asked, strongest, strict=True):
        words_of[pk].append(words)
    for pk, lists in words_of.items():
        suggestions[pk]["words"] = influence.alternating(lists)
