"""What an encoder that was added needs before its rows count: its middle, and all of them."""

from __future__ import annotations

import time

from activelearn.core import brought
from activelearn.core import features as core
from activelearn.models import AddedEncoder, FeatureShard
from activelearn.services.features import added, came_with, specs, telling
from labeling.errors import ConflictError
from labeling.messages import message
from labeling.models import Item, Project


def renew(project: Project) -> None:
    """Let rows be computed anew whose items have come to a vector since."""
    for name, spec in added.specs_of(project).items():
        if name == added.VECTORS:
            shards = FeatureShard.objects.filter(
                project=project, spec_hash=core.hash_of(spec), unread__gt=0
            )
            kept = came_with.having(project, spec["encoder"]["source"])
            for shard in shards:
                within = kept.filter(
                    item__gte=shard.first_item, item__lte=shard.last_item
                )
                if within.count() > shard.items - (shard.unread or 0):
                    shard.delete()


def freeze(row: AddedEncoder) -> None:
    """Keep where what an encoder tells of a sample of the pool lies, and how far out.

    Raises what ``telling.vectors_of`` raises, and ConflictError where that tells no two items
    apart.
    """
    drawn = specs.drawn(row.project, brought.SAMPLE)
    items = list(Item.objects.filter(pk__in=drawn).order_by("pk"))
    begun = time.perf_counter()
    vectors = telling.vectors_of(items, row.given)
    # What nobody knew before it was asked. In no specification: it changes no row.
    pace = {"per_second": round(len(items) / (time.perf_counter() - begun))}
    try:
        encoder = brought.fitted(row.given, row.project.data_type, vectors)
    except brought.NothingSaidError as error:
        raise ConflictError(
            message(
                "What the encoder tells of the items is the same of all, or nothing."
            )
        ) from error
    # Of two workers, the first one's counts: rows by it may be there already.
    unfrozen = AddedEncoder.objects.filter(pk=row.pk, encoder__isnull=True)
    unfrozen.update(encoder=encoder, given={**row.given, **pace})
    row.refresh_from_db()
