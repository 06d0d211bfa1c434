"""Features once per item, in the worker, kept on disk."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np
from django.contrib.postgres.aggregates import BitXor
from django.db import connection, transaction
from django.db.models import Count, QuerySet, Sum

from activelearn.core import features as core
from activelearn.core import representations
from activelearn.core.joined import csr_of
from activelearn.models import FeatureShard, ModelVersion
from activelearn.services.features import (
    added,
    files,
    first_look,
    in_force,
    packing,
    payloads,
    shards,
    specs,
)
from activelearn.services.features.item_ids import ids_of
from activelearn.services.features.shards import FiledRows, PartOfRows
from labeling.errors import DamagedFileError
from labeling.messages import Message
from labeling.models import Item, Project
from labeling.services.transfer import unread
from labeling.services.work.transactions import Turn, await_turn, held
from labeling.sql import statements

CHUNK = 5000
_SQL: Final = statements.load(Path(__file__).with_name("store.sql"))
logger = logging.getLogger(__name__)
Ids = core.Ids


# Told of rows that were computed: how many there are, and how many there will be.
Step = Callable[[int, int], object]
hash_of = core.hash_of


def no_step(_done: int, _total: int) -> None:
    """Tell nobody."""


def spec_of(project: Project) -> core.Spec:
    """Return how the project's data become numbers today."""
    if project.data_type == Project.DataType.TABLE:
        return specs.today(project)
    return in_force.today(project)


def kept_of(project: Project) -> set[str]:
    """Return the names of the specifications whose rows are computed today."""
    if project.data_type == Project.DataType.TABLE:
        return {hash_of(specs.today(project))}
    return in_force.kept(project)


def renewed_spec_of(project: Project) -> core.Spec:
    """Return how they become numbers: a first look at texts, a new one at a table."""
    if project.data_type == Project.DataType.TEXT:
        first_look.begin(project)
    if project.data_type == Project.DataType.TABLE:
        specs.renew(project)
    return spec_of(project)


def load(
    project: Project,
    spec: core.Spec | None = None,
    step: Step = no_step,
) -> core.Table:
    """Return the features of all items by ``spec``; compute what is missing.

    Every item has exactly one row, whoever else computes rows at the same time and
    whoever was killed at it: it is looked at each time, and mended. Without a
    specification the project's own counts, renewed where it was outgrown. Each has its
    own files, so that a model goes on with its features while the next one is made with
    others. ``step`` is called after each chunk that was computed, with how many items
    have a row and how many there are; what it raises loses no row. Raises what
    ``payloads.read`` raises.
    """
    spec = spec or renewed_spec_of(project)
    if spec == core.ENCODED_IMAGE_SPEC:
        # No files of their own: to see all pictures once more would take hours.
        joined = load(project, core.JOINED_IMAGE_SPEC, step)
        return load_beside(joined, project, spec, step)
    own = FeatureShard.objects.filter(project=project, spec_hash=hash_of(spec))
    _look_again(project, spec)
    while True:
        complete(project, spec, step)
        # Anew: a query set keeps what it has read.
        ids, rows, readable, damaged = _readable(own.all())
        damaged = damaged or _damaged(project, readable, ids)
        if not damaged:
            every = np.concatenate([np.zeros(0, np.int64), *ids])
            return core.Table(every, rows, hash_of(spec))
        logger.warning("computing %s files of features anew", len(damaged))
        _delete(own.filter(pk__in=damaged))


def load_beside(
    today: core.Table,
    project: Project,
    spec: core.Spec,
    step: Step = no_step,
) -> core.Table:
    """Return the table by ``spec``: ``today`` itself, or a part of its columns.

    Where neither will do, it is loaded. Raises what ``load`` raises.
    """
    wanted = hash_of(spec)
    if wanted == today.spec_hash:
        return today
    # A version of before the encoder reads the sparse columns of today's rows: to load
    # them once more would take twice the memory.
    for family in representations.SPECS.values():
        names = {hash_of(own): name for name, own in family.items()}
        if today.spec_hash == hash_of(family["joined"]) and wanted in names:
            part = partial(representations.part_of, name=names[wanted])
            # Without any row there are no columns to take.
            rows = PartOfRows(today.rows, part) if len(today.ids) else today.rows
            return core.Table(today.ids, rows, wanted)
    return load(project, spec, step)


def _readable(
    every: Iterable[FeatureShard],
) -> tuple[list[Ids], FiledRows, list[FeatureShard], list[int]]:
    """Return items and rows of files, whose these are, and those damaged or gone."""
    ids, rows, readable, damaged = [], FiledRows(), [], []
    for shard in every:
        try:
            own = shards.ids_in(shard.sha256)
        except DamagedFileError as error:
            logger.error("%s", error)  # noqa: TRY400 # where it is from says nothing
            damaged.append(shard.pk)
        else:
            ids.append(own)
            rows.add(shard.sha256, len(own))
            readable.append(shard)
    return ids, rows, readable, damaged


def complete(project: Project, spec: core.Spec, step: Step) -> None:
    """Compute the rows that are missing, a chunk at a time; raises what ``load`` raises.

    One worker at a time looks for what is missing and computes it: two that did so at
    once would do the same twice. That takes minutes, so it is in no transaction.
    """
    while True:
        with held(Turn.FEATURES, project.pk):
            chunk = _missing(project, spec)
            if not chunk:
                return
            _add(project, spec, chunk)
        # Behind the commit: the chunk is kept whatever comes of it.
        own = FeatureShard.objects.filter(project=project, spec_hash=hash_of(spec))
        step(
            own.aggregate(total=Sum("items"))["total"] or 0,
            Item.objects.filter(project=project).count(),
        )


def _add(project: Project, spec: core.Spec, chunk: Sequence[Item]) -> None:
    """Compute the rows of some items and keep what of these could not be read."""
    ids = np.array([item.pk for item in chunk], dtype=np.int64)
    computed, reasons = payloads.read(chunk, spec)
    # The file before the row that names it, and the disk before the lock.
    sha256 = files.save("features", packing.packed(ids, computed))
    with transaction.atomic():
        # Whoever lost the connection while it computed has lost its turn as well.
        await_turn(Turn.FEATURES, project.pk)
        if _is_covered(project, hash_of(spec), chunk):
            return
        shard = FeatureShard.objects.create(
            project=project,
            spec=spec,
            spec_hash=hash_of(spec),
            first_item=chunk[0].pk,
            last_item=chunk[-1].pk,
            items=len(chunk),
            sha256=sha256,
            unread=len(reasons),
        )
        # Only of today's specification: what an older model cannot read would replace it.
        if hash_of(spec) in kept_of(project):
            _keep_unread(shard, chunk, reasons)


def _is_covered(project: Project, spec_hash: str, chunk: Sequence[Item]) -> bool:
    """Whether another worker has kept a file with some of these items meanwhile."""
    return FeatureShard.objects.filter(
        project=project,
        spec_hash=spec_hash,
        first_item__lte=chunk[-1].pk,
        last_item__gte=chunk[0].pk,
    ).exists()


def _keep_unread(
    shard: FeatureShard, some: Sequence[Item], reasons: Mapping[int, list[Message]]
) -> None:
    """Keep for people what could not be read of some items of a file, by place."""
    within = (shard.first_item, shard.last_item)
    by_item = {some[place].pk: why for place, why in reasons.items()}
    unread.keep(shard.project_id, within, by_item)


def _look_again(project: Project, spec: core.Spec) -> None:
    """Look what could not be read of files by an earlier release, which did not say."""
    if spec != spec_of(project):
        return
    for shard in FeatureShard.objects.filter(
        project=project, spec_hash=hash_of(spec), unread=None
    ):
        items = Item.objects.select_related("media").filter(
            project=project, pk__range=(shard.first_item, shard.last_item)
        )
        if spec["kind"] == "image":
            try:
                table = shards.read(shard)
            except DamagedFileError:
                continue  # computed anew in a moment, and then looked at
            # A picture that could not be decoded has left a row without any value.
            is_empty = np.diff(csr_of(table.rows).indptr) == 0
            some = list(items.filter(pk__in=table.ids[is_empty].tolist()))
            reasons = payloads.read(some, spec)[1] if some else {}
        else:
            some = list(items) if spec["kind"] == "table" else []
            reasons = payloads.unread_cells(some, spec)
        with transaction.atomic():
            _keep_unread(shard, some, reasons)
            FeatureShard.objects.filter(pk=shard.pk).update(unread=len(reasons))


def _missing(project: Project, spec: core.Spec) -> list[Item]:
    """Return the first items that lie in the range of no file, at most a chunk."""
    with connection.cursor() as cursor:
        cursor.execute(
            _SQL["first_gap"], {"project": project.pk, "spec_hash": hash_of(spec)}
        )
        gap = cursor.fetchone()
    if gap is None:
        return []
    items = Item.objects.select_related("media").only("data", "media__path")
    within = items.filter(project=project, pk__gt=gap[0])
    if gap[1] is not None:
        within = within.filter(pk__lt=gap[1])
    # What takes a network a few seconds is kept, and others may go first then.
    chunk = in_force.SOON if in_force.is_slow(spec) else CHUNK
    return list(within.order_by("pk")[:chunk])


def _damaged(
    project: Project, readable: Sequence[FeatureShard], parts: Sequence[Ids]
) -> list[int]:
    """Return the files that lack an item of their range, or repeat one.

    Earlier releases could leave such files behind. Rows of deleted items do no harm.
    """
    if not parts:
        return []
    ids = np.concatenate(parts)
    items = Item.objects.filter(
        project=project, pk__lte=max(s.last_item for s in readable)
    )
    facts = items.aggregate(count=Count("pk"), total=Sum("pk"), mixed=BitXor("pk"))
    # The same number, sum and bits: as good as the same items, without reading them.
    if [facts["count"], facts["total"], facts["mixed"]] == [
        len(ids),
        int(ids.sum()) if len(ids) else None,
        int(np.bitwise_xor.reduce(ids)) if len(ids) else None,
    ]:
        return []
    existing = ids_of(items)
    damaged = []
    reach = 0
    for shard, part in zip(readable, parts, strict=True):
        low = np.searchsorted(existing, shard.first_item)
        high = np.searchsorted(existing, shard.last_item, side="right")
        is_whole = bool(np.isin(existing[low:high], part).all())
        if is_whole and shard.first_item > reach and _has_no_double(part):
            reach = shard.last_item
        else:
            damaged.append(shard.pk)
    return damaged


def _has_no_double(ids: Ids) -> bool:
    return len(np.unique(ids)) == len(ids)


def forget(project: Project) -> int:
    """Take the rows of deleted items out of the files; return how many.

    Rows by a specification that no model at work reads any more go as a whole: they can
    be computed anew. The old files stay for a while: somebody may be reading them (see
    ``files.KEPT``).
    """
    kept = FeatureShard.objects.filter(project=project)
    at_work = ModelVersion.objects.filter(project=project, stage__in=added.AT_WORK)
    used = set(at_work.values_list("spec_hash", flat=True))
    if hash_of(core.ENCODED_IMAGE_SPEC) in used:
        used.add(hash_of(core.JOINED_IMAGE_SPEC))
    # Today's stay too, though no model has them yet: the next one is about to.
    _delete(kept.exclude(spec_hash__in=used | kept_of(project)))
    return sum(_forget(shard.pk) for shard in kept)


def _delete(unwanted: QuerySet[FeatureShard]) -> None:
    """Delete rows that name files, which stay for whoever is reading them."""
    for sha256 in unwanted.values_list("sha256", flat=True):
        files.release("features", sha256)
    unwanted.delete()


def _forget(pk: int) -> int:
    with transaction.atomic():
        # Locked: of two that take items out, the later one must read what the first has
        # left.
        shard = FeatureShard.objects.select_for_update().filter(pk=pk).first()
        return _without_deleted(shard) if shard else 0


def _without_deleted(shard: FeatureShard) -> int:
    items = Item.objects.filter(
        project=shard.project_id, pk__range=(shard.first_item, shard.last_item)
    )
    gone = shard.items - items.count()
    if gone:
        try:
            table = shards.read(shard)
        except DamagedFileError:
            # Of those that are left the rows are computed anew when they are needed.
            shard.delete()
            return gone
        ids, rows = table.ids, table.rows
        kept = np.isin(
            ids, np.array(items.values_list("pk", flat=True), dtype=ids.dtype)
        )
        shard.items = int(kept.sum())
        # A new file: whoever has read the row reads the old one on, which is deleted
        # later.
        files.release("features", shard.sha256)
        shard.sha256 = files.save("features", packing.packed(ids[kept], rows[kept]))
        shard.save(update_fields=["items", "sha256"])
    return gone
