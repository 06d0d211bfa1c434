"""Small files of features joined to larger ones: each predict call may add one.

Two neighbors become one whose range goes over both. No item is left out by that: one that
comes in late between them lies in the range of a file that lacks it, which
``store.load`` sees, and computes that file anew.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Final

import numpy as np
from django.db import transaction

from activelearn.core.joined import stacked
from activelearn.models import FeatureShard
from activelearn.services.features import files, packing, shards
from labeling.errors import DamagedFileError
from labeling.models import Project
from labeling.services.work.transactions import Turn, await_turn

# Items of a file that is made of others; as many as one that is computed at once.
MOST: Final = 5000


def compact(project: Project, most: int = MOST) -> int:
    """Join the project's small files that are a day old; return how many went.

    A kill at any point leaves the files of before, or those of after.
    """
    before = datetime.fromtimestamp(time.time() - files.KEPT, UTC)
    every = FeatureShard.objects.filter(project=project)
    hashes = every.order_by("spec_hash").values_list("spec_hash", flat=True).distinct()
    joined = 0
    for spec_hash in list(hashes):
        # A list: what is joined meanwhile must not be read again.
        neighbors = list(every.filter(spec_hash=spec_hash))
        for group in _groups(neighbors, before, most):
            joined += _join(group)
    return joined


def _groups(
    neighbors: Sequence[FeatureShard], before: datetime, most: int
) -> Iterator[list[FeatureShard]]:
    """Yield neighbors, two or more, that together have no more items than one may."""
    group: list[FeatureShard] = []
    for shard in neighbors:
        is_old = shard.created_at < before
        if not is_old or sum(each.items for each in group) + shard.items > most:
            if len(group) > 1:
                yield group
            group = []
        if is_old:
            group.append(shard)
    if len(group) > 1:
        yield group


def _join(group: Sequence[FeatureShard]) -> int:
    """Put the rows of some neighbors into one file; return how many files went."""
    try:
        tables = [shards.read(shard) for shard in group]
    except DamagedFileError:
        # It is computed anew when somebody needs it.
        return 0
    ids = np.concatenate([table.ids for table in tables])
    rows = stacked([table.rows for table in tables])
    # The file before the row that names it, and the disk before the lock.
    sha256 = files.save("features", packing.packed(ids, rows))
    first, *others = group
    with transaction.atomic():
        await_turn(Turn.FEATURES, first.project_id)
        now = FeatureShard.objects.select_for_update().filter(
            pk__in=[shard.pk for shard in group]
        )
        if {shard.pk: shard.sha256 for shard in now} != {
            shard.pk: shard.sha256 for shard in group
        }:
            # Rows of deleted items were taken out meanwhile; the next night will do.
            return 0
        for shard in group:
            files.release("features", shard.sha256)
        now.exclude(pk=first.pk).delete()
        FeatureShard.objects.filter(pk=first.pk).update(
            last_item=group[-1].last_item,
            items=len(ids),
            sha256=sha256,
            unread=_unread(group),
        )
    return len(others)


def _unread(group: Sequence[FeatureShard]) -> int | None:
    """Return how many items are not read whole; None where one file does not say."""
    counts = [shard.unread for shard in group]
    known = [count for count in counts if count is not None]
    return sum(known) if len(known) == len(counts) else None
