"""Sketches of items that are here already."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from django.core.files.storage import default_storage
from django.db.models import QuerySet
from PIL import Image

from labeling.likeness import pictures, rows, texts
from labeling.likeness.sketch import Sketch
from labeling.models import Item, Media, Project

CHUNK = 1000


def of_items(project: Project, items: QuerySet[Item]) -> Iterator[tuple[Item, Sketch]]:
    """Yield some items of a project in their order, each with its sketch."""
    chosen = items.select_related("media").defer("metadata", "tags")
    stream = chosen.iterator(CHUNK)
    while chunk := list(itertools.islice(stream, CHUNK)):
        yield from zip(chunk, _sketches(project, chunk), strict=True)


def _sketches(project: Project, items: list[Item]) -> list[Sketch]:
    if project.data_type == Project.DataType.TEXT:
        return texts.sketches([str(item.data["text"]) for item in items])
    return [
        _of_picture(item.media)
        if item.media
        else rows.sketch(item.data, item.content_hash)
        for item in items
    ]


def _of_picture(media: Media) -> Sketch:
    """Return the sketch of a picture; one whose file is gone is like nothing."""
    try:
        with default_storage.open(media.path) as file, Image.open(file) as picture:
            return pictures.sketch(picture, media.sha256)
    except OSError:
        return Sketch(media.sha256)
