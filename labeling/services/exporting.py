"""Send everything out: one row per item, each with where its label comes from."""

from __future__ import annotations

import csv
import io
import json
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import IO, Any, Final

from django.db import connection, transaction
from django.utils.translation import gettext as _

from labeling.errors import InvalidInputError
from labeling.models import Annotation, Item, Project, Resolution

FORMATS: Final = {
    "jsonl": "application/x-ndjson",
    "csv": "text/csv; charset=utf-8",
    "parquet": "application/vnd.apache.parquet",
}
FILTERS: Final = {"split": Item.Split.values, "state": Item.State.values}
COLUMNS: Final = (
    "id",
    "external_id",
    "data",
    "label",
    "label_source",
    "confidence",
    "soft_label",
    "split",
    "state",
    "tags",
    "metadata",
    "label_set_version",
    "guideline_version",
    "model_version",
    "votes",
)
CHUNK: Final = 1000
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


def rows(project: Project, filters: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    """Return the rows in the order of the items, chunk by chunk.

    Each chunk is a snapshot of its own, so that a long export keeps no old row alive.
    """
    items = Item.objects.filter(project=project).order_by("pk")
    for name, allowed in FILTERS.items():
        if value := filters.get(name):
            if value not in allowed:
                raise InvalidInputError(
                    errors={
                        name: [_("One of %(values)s.") % {"values": ", ".join(allowed)}]
                    }
                )
            items = items.filter(**{name: value})
    last = 0
    while True:
        with transaction.atomic():
            _one_snapshot()
            chunk = list(items.filter(pk__gt=last)[:CHUNK])
            if not chunk:
                return
            found = list(_rows_of(project, chunk))
        yield from found
        last = chunk[-1].pk


def _one_snapshot() -> None:
    """Read this chunk as of one moment, where this is the outermost transaction."""
    if len(connection.savepoint_ids) == 0:
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")


def _rows_of(project: Project, items: list[Item]) -> Iterator[dict[str, Any]]:
    ids = [item.pk for item in items]
    current = {
        one.item_id: one
        for one in Resolution.objects.select_related("label_set", "guideline").filter(
            item__in=ids, superseded_at=None
        )
    }
    votes = defaultdict(list)
    for vote in (
        Annotation.objects.select_related("annotator")
        .filter(item__in=ids, undone_at=None)
        .order_by("pk")
    ):
        votes[vote.item_id].append(vote)
    for item in items:
        yield _row(project, item, current.get(item.pk), votes[item.pk])


def _row(
    project: Project, item: Item, resolution: Resolution | None, votes: list[Annotation]
) -> dict[str, Any]:
    labels = resolution.labels if resolution else None
    single = labels[0] if labels and not project.is_multi else None
    guideline = resolution.guideline if resolution else None
    return {
        "id": item.pk,
        "external_id": item.external_id,
        "data": item.data,
        "label": labels if project.is_multi else single,
        "label_source": resolution.source if resolution else None,
        "confidence": resolution.confidence if resolution else None,
        "soft_label": resolution.soft_label if resolution else None,
        "split": item.split,
        "state": item.state,
        "tags": item.tags,
        "metadata": item.metadata,
        "label_set_version": resolution.label_set.version if resolution else None,
        "guideline_version": guideline.version if guideline else None,
        "model_version": next((v.model_number for v in votes if v.model_number), None),
        "votes": [_vote(vote) for vote in votes],
    }


def _vote(vote: Annotation) -> dict[str, Any]:
    return {
        "id": vote.pk,
        "annotator": vote.annotator.username,
        "labels": vote.labels,
        "seconds": vote.seconds,
        "created_at": vote.created_at.isoformat(),
        "version": vote.version,
        "suggestion_shown": vote.suggestion_shown,
        "screen": vote.screen,
        "reason": vote.reason,
    }


def stream(
    project: Project, kind: str, filters: Mapping[str, str], *, raw: bool = False
) -> Iterator[bytes]:
    """Return the export in ``kind`` as pieces of bytes.

    CSV cells that a spreadsheet would run as a formula get a leading apostrophe,
    unless ``raw``.
    """
    if kind not in FORMATS:
        raise InvalidInputError(
            errors={
                "format": [_("One of %(values)s.") % {"values": ", ".join(FORMATS)}]
            }
        )
    found = rows(project, filters)
    if kind == "jsonl":
        return (json.dumps(row, ensure_ascii=False).encode() + b"\n" for row in found)
    if kind == "csv":
        return _csv(found, raw=raw)
    return _parquet(found)


def _flat(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row whose lists and objects are JSON texts."""
    return {
        name: json.dumps(value, ensure_ascii=False)
        if isinstance(value, dict | list)
        else value
        for name, value in row.items()
    }


def _csv(found: Iterable[Mapping[str, Any]], *, raw: bool) -> Iterator[bytes]:
    body = io.StringIO()
    writer = csv.DictWriter(body, COLUMNS)
    writer.writeheader()
    for row in found:
        flat = _flat(row)
        writer.writerow(flat if raw else {k: _safe(v) for k, v in flat.items()})
        if body.tell() > 2**16:
            yield body.getvalue().encode()
            body.seek(0)
            body.truncate()
    yield body.getvalue().encode()


def _safe(value: object) -> object:
    is_formula = isinstance(value, str) and value.startswith(_FORMULA)
    return f"'{value}" if is_formula else value


# Column → Arrow type.
_COLUMNS: Final = (
    ("id", "int64"),
    ("external_id", "string"),
    ("data", "string"),
    ("label", "string"),
    ("label_source", "string"),
    ("confidence", "float64"),
    ("soft_label", "string"),
    ("split", "string"),
    ("state", "string"),
    ("tags", "string"),
    ("metadata", "string"),
    ("label_set_version", "int64"),
    ("guideline_version", "int64"),
    ("model_version", "int64"),
    ("votes", "string"),
)


def _parquet(found: Iterable[Mapping[str, Any]]) -> Iterator[bytes]:
    with tempfile.TemporaryFile() as file:
        _write_parquet(found, file)
        file.seek(0)
        while piece := file.read(2**18):
            yield piece


def _write_parquet(found: Iterable[Mapping[str, Any]], file: IO[bytes]) -> None:
    # Imported where it is used: most processes never write a Parquet file.
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = pa.schema([(name, pa.type_for_alias(kind)) for name, kind in _COLUMNS])
    with pq.ParquetWriter(file, schema) as writer:
        batch: list[dict[str, Any]] = []
        for row in found:
            batch.append(_flat(row))
            if len(batch) == CHUNK:
                writer.write_table(pa.Table.from_pylist(batch, schema=schema))
                batch = []
        writer.write_table(pa.Table.from_pylist(batch, schema=schema))
