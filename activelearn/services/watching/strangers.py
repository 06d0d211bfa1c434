"""Items unlike all that a version learned from: groups of them, and sending these to people."""

from __future__ import annotations

from typing import Final

from django.db import transaction

from activelearn.core.watching import comparing, outliers, shifts
from activelearn.models import SentBatch, WatchWindow
from activelearn.services.labels import snapshots
from activelearn.services.versions import requests
from activelearn.services.watching.references import Watched
from activelearn.services.watching.streams import SeenWindow
from labeling.errors import ConflictError, NotFoundError
from labeling.messages import sentence as _
from labeling.models import Item, Project, User

# Groups of a window that are kept, and items of each that are sent at once.
_MOST: Final = 5
BATCH: Final = 50


def groups_of(watch: Watched, seen: SeenWindow) -> list[list[int]]:
    """Return the groups of a window's items that are far from all that was learned from."""
    # Of traffic nobody keeps the items.
    if not seen.item_ids:
        return []
    learned = watch.table.covered(snapshots.items_of(watch.version.snapshot))
    # What a model learned from may be a million items; a part of them says enough.
    some = learned[:: max(1, len(learned) // shifts.REFERENCE)]
    rows = comparing.few_columns(watch.table.rows_of(some))
    groups = outliers.outliers(rows, seen.rows).groups[:_MOST]
    return [[seen.item_ids[place] for place in group.tolist()] for group in groups]


def send(project: Project, user: User, window_id: int, group: int) -> SentBatch:
    """Let people label a group of outliers next: at most 50 of it at once.

    Raises NotFoundError where the project has no such group, and ConflictError where all
    of its items have votes or are gone.
    """
    rows = WatchWindow.objects.filter(project=project, pk=window_id)
    window = rows.first()
    if window is None or not 0 <= group < len(window.outliers):
        raise NotFoundError(_("There is no such group."))
    # Items of the window may have been labeled, or deleted, since.
    wanting = Item.objects.filter(
        project=project, pk__in=window.outliers[group], votes=0
    ).wanting_votes()
    items = list(wanting.pool().order_by("pk").values_list("pk", flat=True)[:BATCH])
    if not items:
        raise ConflictError(_("People have labeled all of these."))
    with transaction.atomic():
        batch = SentBatch.objects.create(project=project, items=items, by=user)
        requests.request_order(project.pk)
    return batch
