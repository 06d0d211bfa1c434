"""Pictures to rows: gray pixels, the direction of edges, and since version 2 colors.

Version 3 has beside them what an encoder sees in the picture: it knows that two things are
alike, where pixels know which places are bright. Either part may be left out.
"""

from __future__ import annotations

import io
import math
import struct
import zlib
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps
from threadpoolctl import threadpool_limits

from activelearn.core import sparse
from activelearn.core.joined import JoinedRows
from activelearn.encoders import network, published

Spec = dict[str, Any]
PictureRow: TypeAlias = NDArray[np.float32]
Rows: TypeAlias = Any  # scipy.sparse.csr_matrix, which has no types, or JoinedRows

# Models of earlier releases read version 1, and go on with it.
FIRST_IMAGE_SPEC: Final[Spec] = {
    "kind": "image",
    "version": 1,
    "side": 32,
    "cell": 8,
    "bins": 9,
}
IMAGE_SPEC: Final[Spec] = {
    "kind": "image",
    "version": 2,
    "side": 32,
    "cell": 8,
    "bins": 9,
    # Levels of each color difference that are counted, and the side of the small
    # picture of both differences. The counts weigh less: with their full weight, classes
    # that differ in shape alone lost 4 points of accuracy at 50 labels.
    "levels": 5,
    "weight": 0.25,
    "chroma": 8,
}
# The own part of a row has a squared length of about 2. The encoder's numbers are scaled
# so that those of a project's pictures lie about 1 from their mean.
ENCODER: Final[Spec] = {
    "name": "efficientnet-lite0",
    "sha256": published.KNOWN["efficientnet-lite0"],
    "dimensions": 1392,
    "weight": 1.0,
}
JOINED_IMAGE_SPEC: Final[Spec] = {**IMAGE_SPEC, "version": 3, "encoder": ENCODER}
ENCODED_IMAGE_SPEC: Final[Spec] = {"kind": "image", "version": 3, "encoder": ENCODER}
MAX_PIXELS: Final = 20_000_000
FORMATS: Final = ("PNG", "JPEG", "WEBP", "GIF", "BMP")
# What Pillow raises, besides ValueError, on files that are damaged or made to trip it.
UNREADABLE: Final = (
    OSError,
    SyntaxError,
    TypeError,
    LookupError,
    ArithmeticError,
    EOFError,
    struct.error,
    zlib.error,
    Image.DecompressionBombError,
)
# More than 8 bits for each pixel.
_DEEP: Final = ("I", "F")


def image_width(spec: Spec) -> int:
    """Return how many features a picture has."""
    return _own_width(spec) + int(spec.get("encoder", {}).get("dimensions", 0))


def _own_width(spec: Spec) -> int:
    if "side" not in spec:
        return 0
    cells = -(-spec["side"] // spec["cell"])
    gray = int(spec["side"] ** 2 + cells**2 * spec["bins"])
    if spec["version"] == 1:
        return gray
    return gray + int(4 + spec["levels"] ** 2 + 2 * spec["chroma"] ** 2)


def image_row(data: bytes, spec: Spec) -> PictureRow:
    """Return the features of one picture as a flat float32 row.

    Behind its own, where the specification names an encoder, that one's numbers times its
    weight. Raises ValueError for what is not a picture of an allowed kind and size, and
    WrongEncoderError where this program does not bring that encoder.
    """
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as picture:
            if picture.width * picture.height > MAX_PIXELS:
                raise ValueError("The picture has too many pixels.")
            if spec["version"] == 1:
                return _gray(_shrunk(picture.convert("L"), spec["side"]), spec)
            seen = _as_seen(picture)
    except UNREADABLE as error:
        raise ValueError(f"Not a picture: {error}") from error
    return np.concatenate([*_own(seen, spec), *_encoded(seen, spec)]).astype(np.float32)


def image_rows(values: PictureRow, spec: Spec) -> Rows:
    """Return rows (n, n_features) as they are kept, of the features of n pictures."""
    width = _own_width(spec)
    own = sparse.csr_matrix(values[:, :width])
    if "encoder" not in spec:
        return own
    return JoinedRows(own, values[:, width:].astype(np.float16))


def _own(seen: Image.Image, spec: Spec) -> list[PictureRow]:
    if "side" not in spec:
        return []
    gray = _gray(_shrunk(seen.convert("L"), spec["side"]), spec)
    return [gray, *_colors(seen, spec)]


def _encoded(seen: Image.Image, spec: Spec) -> list[PictureRow]:
    if not (named := spec.get("encoder")):
        return []
    encoder = network.network(named["name"], named["sha256"])
    # The whole picture, as the own features see it, too: nothing is cut off.
    pixels = np.asarray(_shrunk(seen, network.SIDE))
    # Several threads add up in another order each time.
    with threadpool_limits(limits=1):
        return [encoder.encoded(pixels) * np.float32(named["weight"])]


def _as_seen(picture: Image.Image) -> Image.Image:
    """Return the picture as people see it: upright, on white, in 8 bits and RGB."""
    upright = ImageOps.exif_transpose(picture)
    if upright.mode.startswith(_DEEP):
        upright = _in_8_bits(upright)
    if not upright.has_transparency_data:
        return upright.convert("RGB")
    drawn = upright.convert("RGBA")
    white = Image.new("RGBA", drawn.size, "white")
    return Image.alpha_composite(white, drawn).convert("RGB")


def _in_8_bits(picture: Image.Image) -> Image.Image:
    """Return a gray picture by the range it uses; Pillow would clip it at 255."""
    values = np.nan_to_num(np.asarray(picture, dtype=np.float64), posinf=0, neginf=0)
    low, high = float(values.min()), float(values.max())
    scaled = (values - low) / max(high - low, 1e-9) * 255
    return Image.fromarray(scaled.astype(np.uint8))


def _shrunk(picture: Image.Image, side: int) -> Image.Image:
    return picture.resize((side, side), Image.Resampling.BILINEAR)


def _gray(gray: Image.Image, spec: Spec) -> PictureRow:
    """Return pixels and gradient histograms, each part of unit length."""
    pixels = np.asarray(gray, dtype=np.float32) / np.float32(255)
    # A picture of one color has no spread to divide by.
    centered = (pixels - pixels.mean()) / max(float(pixels.std()), 1e-3)
    histogram = gradients(pixels, cell=spec["cell"], bins=spec["bins"])
    # Side squared pixels of variance 1, over side: unit length, as the histogram has.
    flat = centered.ravel() / spec["side"]
    return np.concatenate([flat, histogram]).astype(np.float32)


def _colors(
    picture: Image.Image, spec: Spec
) -> tuple[PictureRow, PictureRow, PictureRow]:
    """Return how much of which colors there is, and where.

    First how blue, red, yellow and green the whole is (4,); then how often each color
    occurs (levels squared,), of the length ``weight``; both are square roots of shares.
    Last the color differences, place by place (2 x chroma squared,).
    """
    levels, side = spec["levels"], spec["chroma"]
    apart = _differences(picture, spec["side"])
    # A square root for more levels near gray, where most colors are.
    spread = np.sign(apart) * np.sqrt(np.abs(apart))
    coarse = np.clip((spread + 1) / 2 * levels, 0, levels - 1).astype(np.int64)
    counts = np.bincount(coarse @ np.array([levels, 1]), minlength=levels**2)
    shares = np.sqrt(counts / len(coarse)) * spec["weight"]
    most = np.concatenate([np.maximum(apart, 0), np.maximum(-apart, 0)], axis=1)
    where = _differences(picture, side).ravel() / side
    whole = np.sqrt(most.mean(axis=0))
    return whole.astype(np.float32), shares.astype(np.float32), where.astype(np.float32)


def _differences(picture: Image.Image, side: int) -> PictureRow:
    """Return (side squared, 2) in [-1, 1]: blue and red less the brightness; gray is 0."""
    small = np.asarray(_shrunk(picture.convert("YCbCr"), side), dtype=np.float32)
    return (small[:, :, 1:].reshape(-1, 2) - 128) / np.float32(128)


def gradients(pixels: PictureRow, *, cell: int, bins: int) -> PictureRow:
    """Return histograms of oriented gradients, cell by cell, at unit length.

    pixels: (height, width). Dalal and Triggs (2005), without overlapping blocks.
    """
    dy, dx = np.gradient(pixels)
    strength = np.hypot(dx, dy)
    angle = np.mod(np.arctan2(dy, dx), math.pi) / math.pi * bins
    # Rounding may make an angle pi itself, which is one bin too many.
    bucket = np.minimum(angle.astype(np.int64), bins - 1)
    rows = np.arange(pixels.shape[0])[:, None] // cell
    columns = np.arange(pixels.shape[1])[None, :] // cell
    across = -(-pixels.shape[1] // cell)
    down = -(-pixels.shape[0] // cell)
    place = ((rows * across + columns) * bins + bucket).ravel()
    histogram = np.bincount(place, strength.ravel(), minlength=across * down * bins)
    length = max(float(np.linalg.norm(histogram)), 1e-6)
    return (histogram / length).astype(np.float32)
