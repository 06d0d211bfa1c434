"""Pictures from outside: checked before they are decoded, then encoded by us."""

from __future__ import annotations

import hashlib
import io
import struct
import warnings
import zlib
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from PIL import Image, ImageOps

from labeling.models import Media
from labeling.services.transfer.importing.rows import RowError

FORMATS: Final = ("PNG", "JPEG", "WEBP", "GIF", "BMP")
NO_IMAGE: Final = f"Not an image that can be read ({', '.join(FORMATS)})."
MAX_PIXELS: Final = 20_000_000
MAX_BYTES: Final = 25 * 2**20
# What Pillow ends with, besides an OSError, on files that are made to trip it.
UNREADABLE: Final = (
    SyntaxError,
    ValueError,
    TypeError,
    LookupError,
    ArithmeticError,
    EOFError,
    struct.error,
    zlib.error,
    Image.DecompressionBombError,
)


def store(data: bytes) -> tuple[Media, str]:
    """Keep a picture's file; return its row to be, and a key of what it looks like.

    Near-identical pictures share the key. The row is kept by ``record``.
    """
    try:
        picture = _decoded(data)
        encoded, mime, ending = _encoded(picture)
        likeness = _likeness(picture)
    except (OSError, *UNREADABLE) as error:
        raise RowError(NO_IMAGE) from error
    sha256 = hashlib.sha256(encoded).hexdigest()
    path = f"images/{sha256[:2]}/{sha256}.{ending}"
    _keep(path, encoded)
    media = Media(
        sha256=sha256,
        path=path,
        mime=mime,
        size=len(encoded),
        width=picture.width,
        height=picture.height,
    )
    return media, likeness


def _keep(path: str, encoded: bytes) -> None:
    """Have a file whole or not at all, also where a worker dies or another one writes.

    What has the wrong length was cut off when files were written in place.
    """
    with suppress(FileNotFoundError):
        if default_storage.size(path) == len(encoded):
            return
    part = default_storage.save(f"{path}.part", ContentFile(encoded))
    Path(default_storage.path(part)).replace(default_storage.path(path))


def record(pictures: Sequence[Media]) -> None:
    """Keep the rows of pictures, where they are not kept yet, and set their keys.

    In order, or two imports of the same pictures would wait for each other.
    """
    rows = {one.sha256: one for one in pictures}
    fresh = [rows[sha256] for sha256 in sorted(rows)]
    Media.objects.bulk_create(fresh, ignore_conflicts=True)
    keys = dict(Media.objects.filter(sha256__in=rows).values_list("sha256", "pk"))
    for one in pictures:
        one.pk = keys[one.sha256]


def _decoded(data: bytes) -> Image.Image:
    if len(data) > MAX_BYTES:
        raise RowError(f"The image has more than {MAX_BYTES // 2**20} MiB.")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        picture = Image.open(io.BytesIO(data), formats=FORMATS)
    if picture.width * picture.height > MAX_PIXELS:
        raise RowError(
            f"The image has {picture.width}×{picture.height} pixels; "
            f"at most {MAX_PIXELS // 10**6} million are allowed."
        )
    picture.load()
    upright = ImageOps.exif_transpose(picture)
    upright.format = picture.format
    return upright


def _encoded(picture: Image.Image) -> tuple[bytes, str, str]:
    """Encode anew, without whatever else was in the file."""
    body = io.BytesIO()
    if picture.format == "JPEG":
        picture.convert("RGB").save(body, "JPEG", quality=92)
        return body.getvalue(), "image/jpeg", "jpg"
    mode = "RGBA" if "transparency" in picture.info or picture.mode == "RGBA" else "RGB"
    kept = picture if picture.mode == "L" else picture.convert(mode)
    clean = Image.new(kept.mode, kept.size)
    clean.paste(kept)
    clean.save(body, "PNG")
    return body.getvalue(), "image/png", "png"


def _likeness(picture: Image.Image) -> str:
    """Return the hash of a 16 × 16 picture in 16 shades."""
    small = picture.convert("L").resize((16, 16), Image.Resampling.BILINEAR)
    shades = bytes(value // 16 for value in small.tobytes())
    return hashlib.sha256(shades).hexdigest()
