"""The history of items: facts that happened, only ever added."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.utils import timezone

from labeling.models import (
    Annotation,
    AnnotationEvent,
    Assignment,
    Disagreement,
    Item,
)


def append(
    of: Item | Assignment | Annotation | Disagreement,
    kind: AnnotationEvent.Kind,
    payload: dict[str, Any],
    *,
    actor_id: int | None,
    at: datetime | None = None,
) -> None:
    """Add a fact to the history of an item, or of what belongs to one."""
    where: dict[str, int | None] = {}
    match of:
        case Item():
            where = {"item_id": of.pk}
        case Disagreement():
            where = {"item_id": of.item_id}
        case Assignment():
            where = {"item_id": of.item_id, "assignment_id": of.pk}
        case Annotation():
            where = {
                "item_id": of.item_id,
                "assignment_id": of.assignment_id,
                "annotation_id": of.pk,
            }
    AnnotationEvent.objects.create(
        project_id=of.project_id,
        actor_id=actor_id,
        kind=kind,
        payload=payload,
        at=at or timezone.now(),
        **where,
    )
