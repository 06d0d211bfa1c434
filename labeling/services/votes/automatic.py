"""Labels that a model's sure prediction gives without a person, and how they end.

Nothing that a person has voted on or holds is touched. Such a label is none of the
confident labels that start a retrain; whoever votes on the item later has the last word.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from labeling import signals
from labeling.models import (
    Assignment,
    Disagreement,
    Gold,
    Item,
    Project,
    Resolution,
)
from labeling.services.queue import giving_back
from labeling.services.votes import relabel, settle

Source = Resolution.Source


class SurePrediction(NamedTuple):
    """What the model says of an item, and how sure it is of all of it, in [0, 1]."""

    labels: list[str]
    confidence: float


def free(project: Project) -> QuerySet[Item]:
    """Return the items of the pool that no person has to do with yet.

    Open ones without a vote, that nobody holds, an expert is asked about, or a file has
    the answer of.
    """
    held = Assignment.objects.filter(item=OuterRef("pk"), state__in=Assignment.LIVE)
    asked = Disagreement.objects.filter(item=OuterRef("pk"), resolved_at=None)
    known = Gold.objects.filter(item=OuterRef("pk"))
    return Item.objects.filter(
        ~Exists(held),
        ~Exists(asked),
        ~Exists(known),
        project=project,
        state=Item.State.OPEN,
        votes=0,
        is_unsettled=False,
    ).pool()


def accepted(project: Project) -> QuerySet[Resolution]:
    """Return the labels in force that the model alone has given."""
    return Resolution.objects.filter(
        project=project, source=Source.AUTO, superseded_at=None
    )


def accept(
    project: Project,
    predictions: Mapping[int, SurePrediction],
    *,
    model_number: int,
    label_set_id: int,
) -> list[int]:
    """Give items the labels of the model's predictions; return which got one.

    label_set_id: in whose words these are; where other labels are in force by now,
    none gets one. What a person has voted on or taken meanwhile is left alone, and so is
    what has a label already: the same call again does nothing. Runs in the caller's
    transaction.
    """
    items = list(
        # What is locked here is being voted on, or settled.
        Item.objects.select_for_update(skip_locked=True, no_key=True)
        .filter(pk__in=free(project).filter(pk__in=predictions).values("pk"))
        .defer("data", "metadata")
        .order_by("pk")
    )
    if not items or relabel.in_force(project.pk) != label_set_id:
        return []
    ids = [item.pk for item in items]
    now = timezone.now()
    Resolution.objects.bulk_create(
        Resolution(
            project=project,
            item=item,
            labels=sorted(predictions[item.pk].labels),
            source=Source.AUTO,
            confidence=predictions[item.pk].confidence,
            counted_model=model_number,
            label_set_id=label_set_id,
            guideline_id=project.guideline_id,
            created_at=now,
        )
        for item in items
    )
    # Without a vote an item wants one at least, so that it can be asked about again.
    Item.objects.filter(pk__in=ids).update(state=Item.State.SETTLED, votes_wanted=1)
    giving_back.withdraw(ids)
    return ids


def reopen(project: Project, labels: QuerySet[Resolution]) -> list[int]:
    """End labels of ``accepted`` and ask people about their items; return the items.

    Done again it does nothing. Runs in the caller's transaction.
    """
    items = list(
        Item.objects.select_for_update(no_key=True)
        .filter(pk__in=labels.values("item"), state=Item.State.SETTLED)
        .defer("data", "metadata")
        .order_by("pk")
    )
    ids = [item.pk for item in items]
    # Behind the items: a vote may have settled one of them meanwhile.
    ended = accepted(project).filter(item__in=ids)
    still = set(ended.values_list("item", flat=True))
    ended.update(superseded_at=timezone.now())
    again = [item for item in items if item.pk in still]
    for item in again:
        item.state = Item.State.OPEN
        item.votes_wanted = settle.votes_wanted(project, item, item.votes)
    Item.objects.bulk_update(again, ["state", "votes_wanted"], batch_size=1000)
    if again:
        signals.send_on_commit(signals.items_changed, project.pk)
    return [item.pk for item in again]
