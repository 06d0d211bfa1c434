"""Count again what the exact counters say, and mend one that is off."""

from __future__ import annotations

import logging
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from django.db import connection
from django.db.models import Count, F, Q

from labeling.models import (
    AnnotationEvent,
    Item,
    Project,
    ProjectCounter,
    Resolution,
)
from labeling.services.votes.statements import SQL
from labeling.services.work.transactions import one_moment

logger = logging.getLogger(__name__)
Kind = AnnotationEvent.Kind
# By person; what is nobody's doing by None.
Counts = dict[int | None, Counter[str]]
# What a vote counts says ``labeling_vote_counts`` of the database, which writing a vote
# asks too.
_OF_VOTES: Final = ("votes", "repeats", "known", "known_right")
_OF_EVENTS: Final = {
    "skips": Count("pk", filter=Q(kind=Kind.SKIPPED)),
    "flags": Count("pk", filter=Q(kind=Kind.FLAGGED)),
}
_NAMES: Final = (*_OF_VOTES, *_OF_EVENTS, "confident", "corrected")


def recount(*, project: int | None = None, items: Sequence[int] = ()) -> Counts:
    """Return what the counters count, from the rows of a project or of some items."""
    which = Q(item__in=items) if project is None else Q(project=project)
    events = AnnotationEvent.objects.filter(kind__in=(Kind.SKIPPED, Kind.FLAGGED))
    labeled = Resolution.objects.filter(which, item__split=Item.Split.POOL).exclude(
        source=Resolution.Source.AUTO
    )
    counted: Counts = defaultdict(Counter)
    confident = labeled.filter(is_ambiguous=False).values("item").distinct()
    counted[None]["confident"] = confident.count()
    counted[None]["corrected"] = labeled.filter(is_correction=True).count()
    with connection.cursor() as cursor:
        cursor.execute(SQL["recount"], {"project": project, "items": list(items)})
        for annotator, *numbers in cursor.fetchall():
            counted[annotator].update(dict(zip(_OF_VOTES, numbers, strict=True)))
    of_people = events.filter(which).order_by().values(annotator=F("actor"))
    _add(counted, of_people.annotate(**_OF_EVENTS))
    return counted


def _add(counted: Counts, rows: Iterable[Mapping[str, Any]]) -> None:
    for row in rows:
        counts = {name: row[name] for name in _NAMES if name in row}
        counted[row["annotator"]].update(counts)


def take_off(project_id: int, counted: Counts) -> None:
    """Take from a project's counters, in the caller's transaction.

    Lock order: by person, as everybody does who changes several counters.
    """
    for person in sorted(counted, key=lambda pk: pk or 0):
        changes = {name: -number for name, number in counted[person].items() if number}
        if changes:
            ProjectCounter.add(project_id, person, **changes)


def reconcile_all() -> int:
    """Compare every project's counters with their rows; return how many were off."""
    projects = Project.objects.order_by("pk").values_list("pk", flat=True)
    return sum(reconcile(pk) for pk in projects)


def reconcile(project_id: int) -> int:
    """Mend the counters that are off and log by how much; return how many they were."""
    # Taken off as a difference, never set: what is counted meanwhile stays counted.
    off = _surplus(project_id)
    for person, surplus in off.items():
        logger.error(
            "project %s: the counters of %s were off by %s; mended",
            project_id,
            f"person {person}" if person else "nobody's doing",
            dict(surplus),
        )
    take_off(project_id, off)
    return sum(len(surplus) for surplus in off.values())


def _surplus(project_id: int) -> Counts:
    """Return by how much counters are too high, all of it as of one moment."""
    with one_moment():
        counted = recount(project=project_id)
        rows = ProjectCounter.objects.filter(project=project_id)
        surplus: Counts = defaultdict(Counter)
        _add(surplus, rows.values("annotator", *_NAMES))
    for person, counts in counted.items():
        surplus[person].subtract(counts)
    return {
        person: off
        for person, counts in surplus.items()
        if (off := Counter({name: n for name, n in counts.items() if n}))
    }
