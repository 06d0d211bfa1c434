"""What predictions from outside are used for: suggestions, and an order of the pool."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import QuerySet

from labeling import queries
from labeling.models import Gold, Item, OutsidePrediction, Project

Suggestion = dict[str, Any]


def suggestions(project: Project, item_ids: Sequence[int]) -> dict[int, Suggestion]:
    """Return by item what the source predicts whose suggestions the project shows.

    Held-out items and gold questions have none, whatever place they have in the queue;
    nor has what is said in labels that the project does not have any more.
    """
    # A suggestion on a gold question would test the source and not the person.
    questions = Gold.objects.filter(item__in=item_ids, is_question=True)
    rows = _of(project, project.suggestions_by).filter(
        item__in=item_ids, item__split=Item.Split.POOL
    )
    names = queries.label_names(project.label_set_id)
    return {
        row.item_id: _suggestion(row, project)
        for row in rows.exclude(item__in=questions.values("item"))
        if names.issuperset(row.labels)
    }


def _suggestion(row: OutsidePrediction, project: Project) -> Suggestion:
    shares = row.probabilities or {}
    named = {name: shares.get(name) for name in row.labels}
    # By name where two are equal, so that each order says the same.
    first = min(named, key=lambda name: (-(named[name] or 0.0), name), default="")
    return {
        "label": first,
        **({"labels": named} if project.is_multi else {}),
        "confidence": row.confidence,
        "calibrated": False,
        "source": project.suggestions_by,
    }


def doubts(project: Project, name: str, most: int) -> dict[int, float]:
    """Return how unsure a source is of open items without a vote, in [0, 1].

    Of at most ``most`` of them, those that it is least sure of. What has no score is not
    among them.
    """
    rows = _of(project, name).filter(
        confidence__isnull=False,
        item__in=Item.objects.filter(project=project, votes=0).wanting_votes().pool(),
    )
    # In the database: a million scores are no load for it, and for us they are.
    least_sure = rows.order_by("confidence", "item")[:most]
    pairs = least_sure.values_list("item", "confidence")
    return {item: 1 - (confidence or 0.0) for item, confidence in pairs}


def _of(project: Project, name: str) -> QuerySet[OutsidePrediction]:
    return OutsidePrediction.objects.filter(source__project=project, source__name=name)
