"""Pictures from outside: checked before they are decoded, then encoded by us."""

from __future__ import annotations

import hashlib
import io
import struct
import warnings
import zlib
from collections.abc import Iterable
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from PIL import Image, ImageOps

from labeling.likeness import pictures as likeness
from labeling.likeness.sketch import Sketch
from labeling.messages import message
from labeling.models import Media
from labeling.services.transfer.limits import LIMITS, Limits
from labeling.services.transfer.rows import RowError

FORMATS: Final = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "AVIF", "HEIF")
# Gray of 16 or 32 bits, or of fractions.
DEEP: Final = ("I", "F")
NO_IMAGE: Final = message(
    "Not an image that can be read (%(kinds)s).", kinds=", ".join(FORMATS)
)
# The errors that Pillow raises, besides OSError, on files that are made to trip it.
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


def read(data: bytes, limits: Limits = LIMITS) -> Picture:
    """Return the picture that a file holds. Raises RowError where it has none."""
    try:
        decoded = _decoded(data, limits)
        is_scaled = decoded.mode.startswith(DEEP)
        if is_scaled:
            decoded = _in_8_bits(decoded)
        encoded, mime, ending = _encoded(decoded)
        sha256 = hashlib.sha256(encoded).hexdigest()
        sketch = likeness.sketch(decoded, sha256)
    # The file is a stranger's: whatever its decoder raises, one bad picture must not
    # end an import.
    except (OSError, *UNREADABLE) as error:
        raise RowError(NO_IMAGE) from error
    return Picture(
        sha256=sha256,
        path=f"images/{sha256[:2]}/{sha256}.{ending}",
        mime=mime,
        size=len(encoded),
        width=decoded.width,
        height=decoded.height,
        sketch=sketch,
        encoded=encoded,
        is_scaled=is_scaled,
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


def _decoded(data: bytes, limits: Limits) -> Image.Image:
    if len(data) > limits.picture_bytes:
        most = limits.picture_bytes // 2**20
        raise RowError(message("The image has more than %(most)s MiB.", most=most))
    with warnings.catch_warnings():
        # Our own limit of pixels is checked below.
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        if data[4:8] == b"ftyp":
            _know_heif()
        # An allow-list: each decoder is one more place to attack.
        picture = Image.open(io.BytesIO(data), formats=FORMATS)
    if picture.width * picture.height > limits.picture_pixels:
        raise RowError(
            message(
                "The image has %(width)s×%(height)s pixels; at most %(most)s million are allowed.",
                width=picture.width,
                height=picture.height,
                most=limits.picture_pixels // 10**6,
            )
        )
    # Only now is it decoded, after its header was checked: decoding is what a bomb
    # attacks.
    picture.load()
    upright = ImageOps.exif_transpose(picture)
    # The copy does not know the format that it was read in, and ``_encoded`` asks for
    # it.
    upright.format = picture.format
    return upright


@cache
def _know_heif() -> None:
    # Imported where it is used: its library is loaded, and most pictures are others.
    from pi_heif import register_heif_opener

    register_heif_opener(thumbnails=False)


def _in_8_bits(picture: Image.Image) -> Image.Image:
    """Return a gray picture by the range it uses; Pillow would clip it at 255."""
    values = np.asarray(picture, dtype=np.float64)
    is_known = np.isfinite(values)
    if not is_known.any():
        return Image.new("L", picture.size)
    low, high = float(values[is_known].min()), float(values[is_known].max())
    # Each is halved first: the difference of two huge values would overflow.
    spread = np.nan_to_num(values, nan=low, posinf=high, neginf=low) / 2 - low / 2
    # The least divisor is for a picture of one shade.
    shades = spread / max(high / 2 - low / 2, 1e-300) * 255
    return Image.fromarray(shades.round().astype(np.uint8))


def _encoded(picture: Image.Image) -> tuple[bytes, str, str]:
    """Encode anew, without whatever else was in the file."""
    body = io.BytesIO()
    # What comes from a camera: as PNG it would be ten times as large.
    is_photo = picture.format in ("AVIF", "HEIF") and picture.mode == "RGB"
    if picture.format == "JPEG" or is_photo:
        picture.convert("RGB").save(body, "JPEG", quality=92)
        return body.getvalue(), "image/jpeg", "jpg"
    mode = "RGBA" if "transparency" in picture.info or picture.mode == "RGBA" else "RGB"
    kept = picture if picture.mode == "L" else picture.convert(mode)
    # On a new image, since PNG would take a color profile along from the old one's
    # ``info``.
    clean = Image.new(kept.mode, kept.size)
    clean.paste(kept)
    clean.save(body, "PNG")
    return body.getvalue(), "image/png", "png"
