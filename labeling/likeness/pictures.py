"""Pictures that are nearly the same: a perceptual hash of 64 bits and a small picture.

The hash is pHash (Zauner 2010): the signs of the 64 lowest frequencies of the cosine
transform of a grey picture of 32 × 32, about their median. Resizing and compression
change few of its bits; its five bands find what differs in at most four.
"""

from __future__ import annotations

import hashlib
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from labeling.likeness.sketch import DIFFERENT, Sketch

KIND: Final = b"P"
SIDE: Final = 32
STRIP: Final = 128  # rows of a picture
LOW: Final = 8
BANDS: Final = 5
# Bits that may differ, of 64.
MOST_BITS: Final = 8
# A page with little on it has nothing that these frequencies could tell apart.
LEAST_CONTRAST: Final = 10.0  # the standard deviation of 256 shades
# Of the small pictures, in 256 shades: how much they may differ on average and anywhere.
MOST_MEAN: Final = 5.0
MOST_ANYWHERE: Final = 40.0

_GRID: Final = np.arange(SIDE)
_COSINES: Final = np.cos(np.pi / SIDE * (_GRID[None, :] + 0.5) * _GRID[: LOW + 1, None])


def sketch(picture: Image.Image, key: str) -> Sketch:
    """Return the sketch of a picture as people see it: transparency is white.

    ``key``: the digest of its pixels. A picture of hardly any contrast is like nothing
    but the same pixels.
    """
    small = _grey(picture)
    if float(small.std()) < LEAST_CONTRAST:
        return Sketch(key)
    frequencies = (_COSINES @ small @ _COSINES.T)[1:, 1:]
    bits = (frequencies > np.median(frequencies)).ravel()
    signature = KIND + np.packbits(bits).tobytes() + small.astype(np.uint8).tobytes()
    return Sketch(key, tuple(_bands(bits)), signature)


def likeness(own: bytes, other: bytes) -> float:
    """Return how alike two pictures are, from 0 to 1; 0 where they are not alike."""
    first, second = (np.frombuffer(data[1:], np.uint8) for data in (own, other))
    bits = int(np.unpackbits(first[:8] ^ second[:8]).sum())
    apart = np.abs(first[8:].astype(np.int16) - second[8:].astype(np.int16))
    is_alike = (
        bits <= MOST_BITS and apart.mean() <= MOST_MEAN and apart.max() <= MOST_ANYWHERE
    )
    return 1 - bits / 64 if is_alike else DIFFERENT


def _grey(picture: Image.Image) -> NDArray[np.float64]:
    if picture.mode in {"RGBA", "LA", "PA"} or "transparency" in picture.info:
        picture = _on_white(picture)
    grey = picture.convert("L").resize((SIDE, SIDE), Image.Resampling.BOX)
    return np.asarray(grey, dtype=np.float64)


def _on_white(picture: Image.Image) -> Image.Image:
    """Return a picture in grey on white paper, strip by strip: whole copies are large."""
    grey = Image.new("L", picture.size)
    for top in range(0, picture.height, STRIP):
        bottom = min(top + STRIP, picture.height)
        colored = picture.crop((0, top, picture.width, bottom)).convert("RGBA")
        paper = Image.new("RGBA", colored.size, "white")
        grey.paste(Image.alpha_composite(paper, colored).convert("L"), (0, top))
    return grey


def _bands(bits: NDArray[np.bool_]) -> list[int]:
    numbers = []
    for number, band in enumerate(np.array_split(bits, BANDS)):
        digest = hashlib.sha256(bytes([number]) + np.packbits(band).tobytes()).digest()
        numbers.append(int.from_bytes(digest[:8], "big", signed=True))
    return numbers
