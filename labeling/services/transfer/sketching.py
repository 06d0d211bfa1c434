"""Sketches of items: of rows that come, and of what is here already."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from django.core.files.storage import default_storage
from django.db.models import QuerySet
from PIL import Image

from labeling.likeness import pictures, rows, texts
from labeling.likeness.sketch import Sketch
from labeling.models import Item, Project

CHUNK = 1000


def of_data(
    data_type: str, contents: Sequence[tuple[Mapping[str, Any], str]]
) -> list[Sketch]:
    """Return the sketches of texts or table rows, each with its content's hash."""
    if data_type == Project.DataType.TEXT:
        return texts.sketches([str(data["text"]) for data, _ in contents])
    return [rows.sketch(data, content_hash) for data, content_hash in contents]


def of_items(project: Project, items: QuerySet[Item]) -> Iterator[tuple[Item, Sketch]]:
    """Yield some items of a project in their order, each with its sketch."""
    chosen = items.select_related("media").defer("metadata", "tags")
    stream = chosen.iterator(CHUNK)
    while chunk := list(itertools.islice(stream, CHUNK)):
        yield from zip(chunk, _sketches(project, chunk), strict=True)


def _sketches(project: Project, items: list[Item]) -> list[Sketch]:
    if project.data_type == Project.DataType.IMAGE:
        return [_of_picture(item) for item in items]
    contents = [(item.data, item.content_hash) for item in items]
    return of_data(project.data_type, contents)


def _of_picture(item: Item) -> Sketch:
    """Return the sketch of a picture; one whose file is gone is like nothing."""
    media = item.media
    if media is None:
        return Sketch(item.content_hash)
    try:
        with default_storage.open(media.path) as file, Image.open(file) as picture:
            return pictures.sketch(picture, media.sha256)
    except OSError:
        return Sketch(media.sha256)
