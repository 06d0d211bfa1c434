"""Pictures decoded and encoded anew. Nothing of Django: a process of its own runs this file.

Pictures with more pixels than are kept are decoded there, under a limit of memory, and
made smaller: ``shrinking`` starts it.
"""

from __future__ import annotations

import io
import math
import struct
import warnings
import zlib
from functools import cache
from typing import Final, NamedTuple

import numpy as np
from PIL import Image, ImageOps

FORMATS: Final = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "AVIF", "HEIF")
# What cameras write; as PNG it would be ten times as large. MPO is a JPEG with further
# pictures behind it, as phones take them.
PHOTOS: Final = ("JPEG", "MPO", "AVIF", "HEIF")
# Gray of 16 or 32 bits, or of fractions.
DEEP: Final = ("I", "F")
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


class Encoded(NamedTuple):
    """A picture as it is kept."""

    content: bytes
    mime: str
    ending: str
    # From more than 8 bits.
    is_scaled: bool


def opened(data: bytes) -> Image.Image:
    """Return a picture whose header alone is read. Raises OSError and ``UNREADABLE``."""
    with warnings.catch_warnings():
        # Whoever decodes it has looked at its size before.
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        if data[4:8] == b"ftyp":
            _know_heif()
        # An allow-list: each decoder is one more place to attack.
        return Image.open(io.BytesIO(data), formats=FORMATS)


@cache
def _know_heif() -> None:
    # Imported where it is used: its library is loaded, and most pictures are others.
    from pi_heif import register_heif_opener

    register_heif_opener(thumbnails=False)


def decoded(picture: Image.Image) -> tuple[Image.Image, bool]:
    """Return an opened picture upright, in 8 bits, and whether it had more.

    Decoding is what a bomb attacks: the caller has looked at the size in the header.
    Raises OSError and ``UNREADABLE``.
    """
    kind = picture.format
    picture.load()
    is_scaled = picture.mode.startswith(DEEP)
    upright = _in_8_bits(picture) if is_scaled else picture
    # In place: a copy has a hundred million bytes.
    ImageOps.exif_transpose(upright, in_place=True)
    # ``encoded`` asks for the format that it was read in.
    upright.format = kind
    return upright, is_scaled


def encoded(picture: Image.Image, *, is_scaled: bool) -> Encoded:
    """Encode a picture anew, without whatever else was in its file."""
    body = io.BytesIO()
    is_jpeg = picture.format in ("JPEG", "MPO")
    if is_jpeg or (picture.format in PHOTOS and picture.mode == "RGB"):
        photo = picture if picture.mode == "RGB" else picture.convert("RGB")
        photo.save(body, "JPEG", quality=92)
        return Encoded(body.getvalue(), "image/jpeg", "jpg", is_scaled)
    is_clear = "transparency" in picture.info or picture.mode in _CLEAR
    mode = "RGBA" if is_clear else "RGB"
    kept = picture if picture.mode in ("L", mode) else picture.convert(mode)
    # PNG would take a color profile along; the sketch asks for the transparency.
    info, kept.info = kept.info, {}
    kept.save(body, "PNG")
    kept.info = info
    return Encoded(body.getvalue(), "image/png", "png", is_scaled)


def size_within(width: int, height: int, most: int) -> tuple[int, int]:
    """Return the size of the same shape that has at most ``most`` pixels."""
    scale = math.sqrt(most / (width * height))
    return max(1, int(width * scale)), max(1, int(height * scale))


def smaller(picture: Image.Image, most: int) -> Image.Image:
    """Return an opened picture with at most ``most`` pixels; raises as ``decoded`` does."""
    size = size_within(*picture.size, most)
    # A JPEG can be decoded at a half, a quarter or an eighth of its size.
    picture.draft(None, size)
    picture.load()
    kind, turned = picture.format, picture.getexif().get(_ORIENTATION)
    blendable = picture
    if "transparency" in picture.info:
        blendable = picture.convert("RGBA")
    elif picture.mode not in _BLENDED:
        blendable = picture.convert(_BLENDABLE.get(picture.mode, "RGB"))
    # Sharp, but beyond the range of what is there, by which gray of 16 bits is scaled.
    is_deep = blendable.mode.startswith(DEEP)
    way = Image.Resampling.BOX if is_deep else Image.Resampling.LANCZOS
    small = blendable.resize(size, way, reducing_gap=2.0)
    small.info.clear()
    if turned:
        small.getexif()[_ORIENTATION] = turned
    small.format = kind
    return small


_ORIENTATION: Final = 0x0112
_CLEAR: Final = ("RGBA", "LA", "PA", "RGBa", "La")
# Modes whose neighbours may be mixed, and what others become first.
_BLENDED: Final = ("L", "RGB", "RGBA", "LA", "CMYK", "YCbCr", "I", "F")
_BLENDABLE: Final = {
    "1": "L",
    "PA": "RGBA",
    "La": "LA",
    "RGBa": "RGBA",
} | dict.fromkeys(("I;16", "I;16L", "I;16B", "I;16N"), "I")


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


def _run() -> None:
    """Read a picture from the input, write it smaller to the output: see ``shrinking``."""
    import resource
    import sys

    memory, seconds, most = map(int, sys.argv[1:])
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
    try:
        picture = opened(sys.stdin.buffer.read())
        small, is_scaled = decoded(smaller(picture, most))
        made = encoded(small, is_scaled=is_scaled)
    except MemoryError:
        sys.exit(TOO_MUCH)
    except (OSError, *UNREADABLE):
        sys.exit(NO_IMAGE)
    head = f"{made.mime} {made.ending} {int(made.is_scaled)}\n"
    sys.stdout.buffer.write(head.encode() + made.content)


# How the process of its own ends where it has no picture to give.
NO_IMAGE: Final = 3
TOO_MUCH: Final = 4

if __name__ == "__main__":
    _run()
