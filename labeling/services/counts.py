"""Count again what the exact counters say, and mend one that is off."""

from __future__ import annotations

import logging
from typing import Any

from django.db import connection, transaction
from django.db.models import Sum

from labeling.models import (
    Annotation,
    AnnotationEvent,
    Item,
    Project,
    ProjectCounter,
    Resolution,
)

logger = logging.getLogger(__name__)
Kind = AnnotationEvent.Kind


def recount(**which: Any) -> dict[str, int]:
    """Return what a project's counters count, from the rows that ``which`` names."""
    events = AnnotationEvent.objects.filter(**which)
    labeled = Resolution.objects.filter(item__split=Item.Split.POOL, **which)
    return {
        "votes": Annotation.objects.filter(undone_at=None, **which).count(),
        "skips": events.filter(kind=Kind.SKIPPED).count(),
        "flags": events.filter(kind=Kind.FLAGGED).count(),
        "confident": labeled.values("item").distinct().count(),
    }


def reconcile_all() -> int:
    """Compare every project's counters with their rows; return how many were off."""
    projects = Project.objects.order_by("pk").values_list("pk", flat=True)
    return sum(reconcile(pk) for pk in projects)


def reconcile(project_id: int) -> int:
    """Mend the counters that are off and log by how much; return how many they were."""
    off = _differences(project_id)
    if off:
        logger.error("project %s: counters were off by %s; mended", project_id, off)
        ProjectCounter.add(project_id, **off)
    return len(off)


def _differences(project_id: int) -> dict[str, int]:
    """Return what must be added to the counters, all of it as of one moment."""
    with transaction.atomic():
        if len(connection.savepoint_ids) == 0:
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        counted = recount(project=project_id)
        told = ProjectCounter.objects.filter(project=project_id).aggregate(
            **{name: Sum(name, default=0) for name in counted}
        )
    off = {name: counted[name] - told[name] for name in counted}
    return {name: change for name, change in off.items() if change}
