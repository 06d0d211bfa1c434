"""Features once per item, in the worker, kept on disk."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from django.core.files.storage import default_storage
from numpy.typing import NDArray
from scipy import sparse

from activelearn.core import features as core
from activelearn.models import FeatureShard, ModelVersion
from activelearn.services import files
from labeling.models import Item, Project

CHUNK = 5000
_Stage = ModelVersion.Stage
_AT_WORK: Final = (
    _Stage.CHAMPION,
    _Stage.CHALLENGER,
    _Stage.WAITING,
    _Stage.SHADOW,
    _Stage.CANARY,
)
Ids = core.Ids


def hash_of(spec: core.Spec) -> str:
    """Return the name of a specification."""
    return hashlib.sha256(json.dumps(spec, sort_keys=True).encode()).hexdigest()


def spec_of(project: Project) -> core.Spec:
    """Return how the project's data become numbers; a table's first items decide."""
    if project.data_type == Project.DataType.TEXT:
        return core.TEXT_SPEC
    if project.data_type == Project.DataType.IMAGE:
        return core.IMAGE_SPEC
    if first := FeatureShard.objects.filter(project=project).first():
        return dict(first.spec)
    sample = Item.objects.filter(project=project).values_list("data", flat=True)[:5000]
    return core.table_spec(list(sample))


def load(project: Project, spec: core.Spec | None = None) -> core.Table:
    """Return the features of all items by ``spec``; compute what is missing.

    Without a specification the project's own of today counts. Each has its own files, so
    that a model goes on with its features while the next one is made with others.
    """
    spec = spec or spec_of(project)
    spec_hash = hash_of(spec)
    _complete(project, spec, spec_hash)
    shards = FeatureShard.objects.filter(project=project, spec_hash=spec_hash)
    parts = [_read(shard) for shard in shards]
    if not parts:
        no_rows = sparse.csr_matrix((0, 1), dtype=np.float32)
        return core.Table(np.zeros(0, dtype=np.int64), no_rows)
    ids = np.concatenate([part.ids for part in parts])
    return core.Table(ids, sparse.vstack([part.rows for part in parts], format="csr"))


def _complete(project: Project, spec: core.Spec, spec_hash: str) -> None:
    newest = (
        FeatureShard.objects.filter(project=project, spec_hash=spec_hash)
        .order_by("-last_item")
        .values_list("last_item", flat=True)
        .first()
    )
    # Nothing comes in later with a lower id: who adds items to a project has the turn
    # of its imports until the commit.
    last = newest or 0
    while chunk := list(
        Item.objects.select_related("media")
        .only("data", "media__path")
        .filter(project=project, pk__gt=last)
        .order_by("pk")[:CHUNK]
    ):
        rows = rows_of(chunk, spec)
        ids = np.array([item.pk for item in chunk], dtype=np.int64)
        FeatureShard.objects.get_or_create(
            project=project,
            spec_hash=spec_hash,
            first_item=chunk[0].pk,
            defaults={
                "spec": spec,
                "last_item": chunk[-1].pk,
                "items": len(chunk),
                "sha256": files.save("features", _pack(ids, rows)),
            },
        )
        last = chunk[-1].pk


def forget(project: Project) -> int:
    """Take the rows of deleted items out of the files; return how many.

    Rows by a specification that no model at work reads any more go as a whole: they can
    be computed anew. The old files stay for a while: somebody may be reading them (see
    ``files.KEPT``).
    """
    shards = FeatureShard.objects.filter(project=project)
    at_work = ModelVersion.objects.filter(project=project, stage__in=_AT_WORK)
    used = set(at_work.values_list("spec_hash", flat=True))
    shards.exclude(spec_hash__in=used | {hash_of(spec_of(project))}).delete()
    return sum(_forget(shard) for shard in shards)


def _forget(shard: FeatureShard) -> int:
    items = Item.objects.filter(
        project=shard.project_id, pk__range=(shard.first_item, shard.last_item)
    )
    gone = shard.items - items.count()
    if gone:
        ids, rows = _read(shard)
        kept = np.isin(
            ids, np.array(items.values_list("pk", flat=True), dtype=ids.dtype)
        )
        shard.items = int(kept.sum())
        shard.sha256 = files.save("features", _pack(ids[kept], rows[kept]))
        shard.save(update_fields=["items", "sha256"])
    return gone


def rows_of(items: Sequence[Item], spec: core.Spec) -> core.Rows:
    """Return the rows of ``items``; a picture that cannot be read is all zeros."""
    payloads: list[Any] = [item.data for item in items]
    if spec["kind"] == "text":
        return core.text_rows([str(data.get("text", "")) for data in payloads], spec)
    if spec["kind"] == "table":
        return core.table_rows(payloads, spec)
    dense = np.vstack([_picture(item, spec) for item in items])
    return sparse.csr_matrix(dense)


def _picture(item: Item, spec: core.Spec) -> NDArray[np.float32]:
    if item.media is None:
        return np.zeros(core.width(spec), dtype=np.float32)
    with default_storage.open(item.media.path) as file:
        return core.image_row(file.read(), spec)


def _pack(ids: Ids, rows: core.Rows) -> bytes:
    body = io.BytesIO()
    np.savez(
        body,
        ids=ids,
        data=rows.data,
        indices=rows.indices,
        indptr=rows.indptr,
        shape=np.array(rows.shape),
    )
    return body.getvalue()


def _read(shard: FeatureShard) -> core.Table:
    packed = np.load(
        io.BytesIO(files.read("features", shard.sha256)), allow_pickle=False
    )
    parts = (packed["data"], packed["indices"], packed["indptr"])
    rows = sparse.csr_matrix(parts, shape=tuple(packed["shape"]))
    return core.Table(packed["ids"], rows)
