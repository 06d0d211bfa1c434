"""The streams of a project as windows: traffic, items that came in, labels that chance drew."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

import numpy as np
from django.db.models import Q, QuerySet, Sum
from django.utils import timezone

from activelearn.core.watching import shifts
from activelearn.core.watching.gathering import Gathered
from activelearn.models import AskedItem, ModelVersion, WatchPart, WatchWindow
from activelearn.services.labels import snapshots
from activelearn.services.watching import references
from activelearn.services.watching.references import Watched
from labeling.models import Annotation, Item, Resolution
from labeling.models.assignment import Reason
from labeling.services.transfer import beyond
from labeling.services.votes import resolutions

Stream = WatchWindow.Stream
# A window is this large, or, where that takes more than a day, at least so large.
WINDOW: Final = shifts.APART_WINDOW
FEWEST: Final = shifts.APART_FEWEST
LONGEST: Final = timedelta(days=1)
# Much traffic makes larger windows, not more of them.
LARGEST: Final = 20_000
OUTCOMES: Final = 25
# Outcomes that are looked at: what is older tells of another time.
MOST_OUTCOMES: Final = 5000


@dataclass(frozen=True)
class SeenWindow:
    """A window that is not judged yet; rows: (n, d) a sample, and names what it was given."""

    stream: str
    gathered: Gathered
    rows: shifts.Array
    names: list[str]
    started_at: datetime
    ended_at: datetime
    last_item: int = 0
    parts: list[int] = field(default_factory=list)
    item_ids: list[int] = field(default_factory=list)


@dataclass(frozen=True)
class Outcomes:
    """Labels that chance drew: whether the version was wrong, in the order they came."""

    wrong: list[bool]
    moments: list[datetime]


def is_due(version: ModelVersion) -> bool:
    """Whether one of the streams of a version has a window by now; some quick counts."""
    return (
        bool(_parts_due(version)) or bool(_items_due(version)) or _outcomes_due(version)
    )


def _last(version: ModelVersion, stream: str) -> WatchWindow | None:
    return WatchWindow.objects.filter(
        project=version.project_id, model_number=version.number, stream=stream
    ).first()


def _parts_due(version: ModelVersion) -> list[int]:
    """Return the parts that make a window: a thousand items, or those of a day."""
    parts = WatchPart.objects.filter(
        project=version.project_id, model_number=version.number
    ).order_by("pk")
    # In the order they were written, and not all: a backlog is judged step by step.
    taken: list[int] = []
    size = 0
    oldest = timezone.now()
    for pk, count, started_at in parts.values_list("pk", "size", "started_at")[:500]:
        taken.append(pk)
        size += count
        oldest = min(oldest, started_at)
        if size >= LARGEST:
            break
    return taken if _is_window(size, oldest) else []


def _is_window(size: int, oldest: datetime) -> bool:
    is_old = timezone.now() - oldest >= LONGEST
    return size >= WINDOW or (is_old and size >= FEWEST)


def traffic_window(version: ModelVersion) -> SeenWindow | None:
    """Return the traffic that waits as one window; None where there is too little."""
    parts = list(WatchPart.objects.filter(pk__in=_parts_due(version)).order_by("pk"))
    if not parts:
        return None
    total = sum(part.size for part in parts)
    rows, names = [], []
    for part in parts:
        # In proportion to what each has seen, so that the sample is one of all.
        count = min(len(part.names), -(-shifts.REFERENCE * part.size // total))
        rows.append(references.sample_of(part)[:count])
        names += part.names[:count]
    return SeenWindow(
        Stream.TRAFFIC,
        sum((references.gathered_of(part) for part in parts), Gathered()),
        np.vstack(rows),
        names,
        min(part.started_at for part in parts),
        max(part.ended_at for part in parts),
        parts=[part.pk for part in parts],
    )


def _asked(version: ModelVersion) -> QuerySet[AskedItem, str]:
    asked = AskedItem.objects.filter(project=version.project_id)
    return asked.values_list("content_hash", flat=True)


def _newcomers(version: ModelVersion) -> QuerySet[Item]:
    # Not those that the model was not sure of: they would look like other items.
    last = _last(version, Stream.ITEMS)
    items = Item.objects.filter(
        project=version.project_id,
        created_at__gt=version.created_at,
    ).pool()
    items = items.exclude(content_hash__in=_asked(version))
    return items.filter(pk__gt=last.last_item if last else _floor(version)).order_by(
        "pk"
    )


def _floor(version: ModelVersion) -> int:
    """Return the last item before a version: a million earlier ones are not looked at."""
    older = Item.objects.filter(
        project=version.project_id, created_at__lte=version.created_at
    )
    return older.order_by("-pk").values_list("pk", flat=True).first() or 0


def _items_due(version: ModelVersion) -> list[tuple[int, datetime]]:
    """Return the next items that came after a version, where they make a window."""
    items = list(_newcomers(version).values_list("pk", "created_at")[:WINDOW])
    return items if items and _is_window(len(items), items[0][1]) else []


def items_window(watch: Watched) -> SeenWindow | None:
    """Return the next items that came in as a window; None where there are too few."""
    items = _items_due(watch.version)
    if not items:
        return None
    given = references.predicted(watch, [pk for pk, _ in items])
    moments = [moment for _, moment in items]
    return SeenWindow(
        Stream.ITEMS,
        given.gathered,
        given.rows,
        given.names,
        min(moments),
        max(moments),
        last_item=items[-1][0],
        item_ids=given.ids,
    )


def _drawn(version: ModelVersion) -> QuerySet[Resolution]:
    """Return the labels since a version was made, of items that chance drew."""
    # What a model has accepted by itself says nothing about models.
    labels = Resolution.objects.filter(
        project=version.project_id,
        superseded_at=None,
        created_at__gt=version.created_at,
        is_ambiguous=False,
    ).exclude(source=Resolution.Source.AUTO)
    random = Annotation.votes.filter(
        project=version.project_id, reason=Reason.RANDOM, undone_at=None
    )
    is_drawn = Q(item__split=Item.Split.EVALUATION) | Q(item__in=random.values("item"))
    return labels.filter(is_drawn).exclude(
        Q(item__state=Item.State.INVALID) | Q(item__content_hash__in=_asked(version))
    )


def _outcomes_due(version: ModelVersion) -> bool:
    last = _last(version, Stream.OUTCOMES)
    since = last.ended_at if last else version.created_at
    # Cheap first: which of them chance drew takes a look at the votes.
    every = Resolution.objects.filter(
        project=version.project_id, created_at__gt=since, superseded_at=None
    )
    if every[:OUTCOMES].count() < OUTCOMES:
        return False
    new = _drawn(version).filter(created_at__gt=since)
    return new[:OUTCOMES].count() >= OUTCOMES


def outcomes(watch: Watched) -> Outcomes:
    """Return what labels of items that chance drew say of a version, the oldest first.

    Never of items that it has learned from, or that are held out for a label.
    """
    version = watch.version
    labels = list(
        _drawn(version)
        .order_by("-created_at", "-pk")
        .values_list("item", "created_at")[:MOST_OUTCOMES]
    )[::-1]
    unseen = {
        *snapshots.items_of(version.snapshot),
        *beyond.items_of(version.project_id),
    }
    since = {pk: moment for pk, moment in labels if pk not in unseen}
    ids = watch.table.covered(since)
    truth = _truth(version, ids)
    ids = [pk for pk in ids if pk in truth]
    given = references.labels_by(watch, ids)
    wrong = [set(names) != truth[pk] for pk, names in zip(ids, given, strict=True)]
    return Outcomes(wrong, [since[pk] for pk in ids])


def _truth(version: ModelVersion, ids: Sequence[int]) -> dict[int, set[str]]:
    """Return the labels of items, of those that count for a model."""
    labels = [
        label
        for split in Item.Split.values
        for label in resolutions.current(version.project, split, ids)
    ]
    counting = snapshots.counting(version.project, labels)
    return {label.item: set(label.names) for label in counting}


def outcomes_window(watch: Watched, known: Outcomes) -> SeenWindow | None:
    """Return the labels since the last look as a window; None where there are too few."""
    if not _outcomes_due(watch.version) or not known.moments:
        return None
    last = _last(watch.version, Stream.OUTCOMES)
    # By the moment, not by the number: a label may be taken back.
    new = [at for at in known.moments if last is None or at > last.ended_at]
    if not new:
        return None
    return SeenWindow(
        Stream.OUTCOMES,
        Gathered(len(new)),
        np.zeros((0, 0)),
        [],
        new[0],
        new[-1],
    )


def waiting(version: ModelVersion) -> int:
    """Return how many predictions are counted and not judged yet."""
    parts = WatchPart.objects.filter(
        project=version.project_id, model_number=version.number
    )
    return parts.aggregate(items=Sum("size"))["items"] or 0
