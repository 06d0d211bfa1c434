"""Rows of an export as files for other tools."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from io import BufferedRandom
from typing import Any, Final

from django.core.files.storage import default_storage

from labeling.errors import InvalidInputError
from labeling.messages import message
from labeling.models import Item, Label, Project
from labeling.services.transfer import foreign
from labeling.services.transfer.exporting.rows import (
    COLUMNS,
    EncodedRow,
    ExportSnapshot,
)

_AT_ONCE: Final = 500


def check(kind: str, project: Project) -> None:
    """Raise InvalidInputError where a tool's format does not hold this project's items."""
    form = foreign.OUTGOING[kind]
    if project.data_type not in form.data_types:
        raise InvalidInputError(
            message(
                "%(format)s holds no items of this kind: choose another format.",
                format=form.title,
            )
        )


def write(
    kind: str, taken: ExportSnapshot, project: Project, file: BufferedRandom
) -> None:
    """Write the rows as the tool reads them. Raises InvalidInputError where it cannot."""
    form = foreign.OUTGOING[kind]
    names = Label.objects.filter(label_set_id=project.label_set_id)
    labels = [*names.order_by("position").values_list("name", flat=True)]
    target = foreign.Target(project.data_type, project.is_multi, labels)
    has_pictures = project.data_type == Project.DataType.IMAGE
    form.write(_records(taken.rows, has_pictures=has_pictures), target, file)


def _records(
    rows: Iterator[EncodedRow], *, has_pictures: bool
) -> Iterator[foreign.Record]:
    while some := [*map(_values, itertools.islice(rows, _AT_ONCE))]:
        ids = [row["id"] for row in some]
        paths = _paths(ids) if has_pictures else {}
        for row in some:
            yield _record(row, paths.get(row["id"], ""))


def _values(row: Sequence[bytes]) -> dict[str, Any]:
    return dict(zip(COLUMNS, map(json.loads, row), strict=True))


def _paths(items: Iterable[int]) -> dict[int, str]:
    """Return where the pictures of items are, by the items' ids."""
    shown = Item.objects.filter(pk__in=[*items]).exclude(media=None)
    return dict(shown.values_list("pk", "media__path"))


def _record(row: dict[str, Any], path: str) -> foreign.Record:
    label = row["label"]
    labels = label if isinstance(label, list) else [label]
    return foreign.Record(
        external_id=row["external_id"],
        data=row["data"],
        labels=[each for each in labels if each is not None],
        source=row["label_source"] or "",
        confidence=row["confidence"] or 0.0,
        tags=row["tags"],
        metadata=row["metadata"],
        votes=row["votes"],
        predictions=[_prediction(each) for each in row["predictions"]],
        picture=partial(_picture, path) if path else None,
    )


def _prediction(given: dict[str, Any]) -> foreign.ExportedPrediction:
    return foreign.ExportedPrediction(
        given["source"],
        given["labels"],
        given.get("score"),
        given.get("probabilities", {}),
        given.get("embedding", ""),
    )


def _picture(path: str) -> tuple[bytes, str]:
    with default_storage.open(path) as file:
        return bytes(file.read()), path.rpartition(".")[2]
