"""Pictures from outside: checked before they are decoded, then encoded by us."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from PIL import Image

from labeling.likeness import pictures as likeness
from labeling.likeness.sketch import Sketch
from labeling.messages import Message, message
from labeling.models import Media
from labeling.services.transfer.importing import decoding, shrinking
from labeling.services.transfer.importing.decoding import Encoded
from labeling.services.transfer.limits import LIMITS, Limits
from labeling.services.transfer.rows import RowError

NO_IMAGE: Final = message(
    "Not an image that can be read (%(kinds)s).", kinds=", ".join(decoding.FORMATS)
)


class Picture(NamedTuple):
    """A picture that was decoded and encoded anew, and where its file is to be."""

    sha256: str
    path: str
    mime: str
    size: int  # bytes
    width: int
    height: int
    sketch: Sketch
    encoded: bytes
    is_scaled: bool = False  # from more than 8 bits
    # The size in the file, where it was made smaller.
    before: tuple[int, int] | None = None


def read(data: bytes, limits: Limits = LIMITS) -> Picture:
    """Return the picture that a file holds, with at most as many pixels as are kept.

    Raises RowError where it has none, or is too large.
    """
    if len(data) > limits.picture_bytes:
        most = limits.picture_bytes // 2**20
        raise RowError(message("The image has more than %(most)s MiB.", most=most))
    # The file is a stranger's: whatever its decoder raises, one bad picture must not
    # end an import.
    try:
        return _read(data, limits)
    except (OSError, *decoding.UNREADABLE) as error:
        raise RowError(NO_IMAGE) from error


def pixels_of(data: bytes) -> int:
    """Return how many pixels a file says that it has; 0 where it is no picture."""
    try:
        width, height = decoding.opened(data).size
    except (OSError, *decoding.UNREADABLE):
        # Whoever reads it says what is wrong.
        return 0
    return width * height


def _read(data: bytes, limits: Limits) -> Picture:
    opened = decoding.opened(data)
    pixels = opened.width * opened.height
    if pixels > limits.most_pixels:
        raise RowError(_too_large(opened.size, limits))
    if max(opened.size) > limits.picture_side:
        raise RowError(_too_long(opened.size, limits))
    if pixels > limits.picture_pixels:
        made = shrinking.shrunk(data, limits)
        if made is None:
            raise RowError(NO_IMAGE)
        # Ours, and small enough.
        return _picture(made, decoding.opened(made.content), before=opened.size)
    decoded, is_scaled = decoding.decoded(opened)
    return _picture(decoding.encoded(decoded, is_scaled=is_scaled), decoded)


def _too_large(size: tuple[int, int], limits: Limits) -> Message:
    return message(
        "The image has %(width)s×%(height)s pixels; at most %(most)s million are allowed.",
        width=size[0],
        height=size[1],
        most=limits.most_pixels // 10**6,
    )


def _too_long(size: tuple[int, int], limits: Limits) -> Message:
    return message(
        "The image has %(width)s×%(height)s pixels; a side may have %(most)s.",
        width=size[0],
        height=size[1],
        most=limits.picture_side,
    )


def _picture(
    made: Encoded, shown: Image.Image, before: tuple[int, int] | None = None
) -> Picture:
    sha256 = hashlib.sha256(made.content).hexdigest()
    return Picture(
        sha256=sha256,
        path=f"images/{sha256[:2]}/{sha256}.{made.ending}",
        mime=made.mime,
        size=len(made.content),
        width=shown.width,
        height=shown.height,
        sketch=likeness.sketch(shown, sha256),
        encoded=made.content,
        is_scaled=made.is_scaled,
        before=before,
    )


def keep(picture: Picture) -> None:
    """Store a picture's file, whole or not at all, also where a worker dies meanwhile.

    Idempotent. A file of another length was cut off, when files were still written in
    place, and is replaced.
    """
    with suppress(FileNotFoundError):
        if default_storage.size(picture.path) == picture.size:
            return
    # Renamed when it is whole, which is atomic: a reader never sees a part of it.
    part = default_storage.save(f"{picture.path}.part", ContentFile(picture.encoded))
    Path(default_storage.path(part)).replace(default_storage.path(picture.path))


def record(pictures: Iterable[Picture]) -> dict[str, int]:
    """Have a row for each picture; return the rows' keys by sha256."""
    rows = {
        picture.sha256: Media(
            sha256=picture.sha256,
            path=picture.path,
            mime=picture.mime,
            size=picture.size,
            width=picture.width,
            height=picture.height,
        )
        for picture in pictures
    }
    if not rows:
        return {}
    # In one order: otherwise two imports of the same pictures can deadlock.
    Media.objects.bulk_create(
        [rows[sha256] for sha256 in sorted(rows)], ignore_conflicts=True
    )
    return dict(Media.objects.filter(sha256__in=rows).values_list("sha256", "pk"))
