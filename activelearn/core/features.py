"""Payloads to rows of numbers, by a specification that is plain JSON.

Texts are hashed, so that a retrain never changes a cached row.
"""

from __future__ import annotations

import io
import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import sparse

Spec = dict[str, Any]
Ids = NDArray[np.int64]
Rows: TypeAlias = Any  # scipy.sparse.csr_matrix, which has no types

TEXT_SPEC: Spec = {
    "kind": "text",
    "version": 1,
    "words": {"ngrams": [1, 2], "size": 2**17},
    "characters": {"ngrams": [2, 4], "size": 2**16},
}
IMAGE_SPEC: Spec = {"kind": "image", "version": 1, "side": 32, "cell": 8, "bins": 9}
MAX_PIXELS = 20_000_000
FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP")
MAX_CATEGORIES = 40
# The largest number that a column's mean and scale are made from.
LARGEST: Final = 1e100
# The versions of each kind of specification that the code below computes.
KNOWN: Final = {"text": {1}, "image": {1}, "table": {1}}


class UnknownSpecError(ValueError):
    """A specification of features that this code cannot compute."""


def width(spec: Spec) -> int:
    """Return how many features a row by ``spec`` has.

    Raises UnknownSpecError for a specification of another program.
    """
    kind = spec.get("kind")
    if spec.get("version") not in KNOWN.get(str(kind), set()):
        raise UnknownSpecError(f"{kind}, version {spec.get('version')}")
    if kind == "text":
        return int(spec["words"]["size"] + spec["characters"]["size"])
    if kind == "image":
        cells = -(-spec["side"] // spec["cell"])
        return int(spec["side"] ** 2 + cells**2 * spec["bins"])
    return max(1, sum(map(_column_width, spec["columns"])))


def _column_width(column: Spec) -> int:
    return 2 if column["type"] == "number" else len(column["values"]) + 1


class Table(NamedTuple):
    """The features of items: ids (n,), ascending, and their rows (n, n_features)."""

    ids: Ids
    rows: Rows

    def rows_of(self, item_ids: Sequence[int]) -> Rows:
        """Return the rows of ``item_ids``, in their order; each must have one."""
        # An id that has no row would silently get that of the next id.
        return self.rows[np.searchsorted(self.ids, np.array(item_ids, dtype=np.int64))]

    def covered(self, item_ids: Iterable[int]) -> list[int]:
        """Return those of ``item_ids`` that have a row: others came in later."""
        known = set(self.ids.tolist())
        return [pk for pk in item_ids if pk in known]


def text_rows(texts: Sequence[str], spec: Spec) -> Rows:
    """Return (n_texts, words + characters) float32, each half of unit length."""
    # Imported where it is used: web and scheduler save its 130 MiB.
    from sklearn.feature_extraction.text import HashingVectorizer

    words, characters = spec["words"], spec["characters"]
    halves = [
        HashingVectorizer(
            ngram_range=tuple(words["ngrams"]),
            n_features=words["size"],
            alternate_sign=False,
            dtype=np.float32,
            token_pattern=r"(?u)\b\w+\b",  # noqa: S106 (a regular expression)
        ),
        HashingVectorizer(
            analyzer="char_wb",
            ngram_range=tuple(characters["ngrams"]),
            n_features=characters["size"],
            alternate_sign=False,
            dtype=np.float32,
        ),
    ]
    return sparse.hstack([half.transform(texts) for half in halves], format="csr")


def image_row(data: bytes, spec: Spec) -> NDArray[np.float32]:
    """Return pixels and gradient histograms of one picture as a flat float32 row.

    Raises ValueError for what is not a picture of an allowed kind and size.
    """
    side = spec["side"]
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as picture:
            if picture.width * picture.height > MAX_PIXELS:
                raise ValueError("The picture has too many pixels.")
            gray = picture.convert("L").resize((side, side), Image.Resampling.BILINEAR)
    except (OSError, SyntaxError) as error:
        raise ValueError(f"Not a picture: {error}") from error
    pixels = np.asarray(gray, dtype=np.float32) / np.float32(255)
    # A picture of one color has no spread to divide by.
    centered = (pixels - pixels.mean()) / max(float(pixels.std()), 1e-3)
    histogram = gradients(pixels, cell=spec["cell"], bins=spec["bins"])
    # Side squared pixels of variance 1, over side: unit length, as the histogram has.
    return np.concatenate([centered.ravel() / side, histogram]).astype(np.float32)


def gradients(
    pixels: NDArray[np.float32], *, cell: int, bins: int
) -> NDArray[np.float32]:
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


def table_spec(rows: Sequence[Mapping[str, object]]) -> Spec:
    """Return the specification of a table from its first rows: types and scales."""
    names = sorted({name for row in rows for name in row})
    columns = []
    for name in names:
        values = [row.get(name) for row in rows]
        columns.append(_column(name, values))
    return {"kind": "table", "version": 1, "columns": columns}


def _column(name: str, values: Sequence[object]) -> Spec:
    known = [number for value in values if (number := number_of(value)) is not None]
    present = [value for value in values if value not in (None, "")]
    if present and len(known) >= 0.9 * len(present):
        # Larger ones have no finite square: they would be the scale of all others.
        array = np.array([number for number in known if abs(number) <= LARGEST] or [0])
        scale = float(array.std()) or 1.0
        return {
            "name": name,
            "type": "number",
            "mean": float(array.mean()),
            "scale": scale,
        }
    common = Counter(str(value) for value in present).most_common(MAX_CATEGORIES)
    return {
        "name": name,
        "type": "category",
        "values": sorted(key for key, _ in common),
    }


def number_of(value: object) -> float | None:
    """Return ``value`` as a finite number, or None where it is not a number."""
    try:
        number = float(str(value))
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def table_rows(rows: Sequence[Mapping[str, object]], spec: Spec) -> Rows:
    """Return (n_rows, n_features) float32: scaled numbers, categories, missing values."""
    parts = [
        _encode(column, [row.get(column["name"]) for row in rows])
        for column in spec["columns"]
    ]
    dense = np.hstack(parts) if parts else np.zeros((len(rows), 1))
    return sparse.csr_matrix(dense.astype(np.float32))


def _encode(column: Spec, values: Sequence[object]) -> NDArray[np.float64]:
    if column["type"] == "number":
        numbers = [number_of(value) for value in values]
        missing = np.array([number is None for number in numbers], dtype=float)
        filled = np.array([column["mean"] if n is None else n for n in numbers])
        with np.errstate(over="ignore"):  # What is beyond a float is clipped as well.
            scaled = np.clip((filled - column["mean"]) / column["scale"], -10, 10)
        return np.column_stack([scaled, missing])
    place = {value: index for index, value in enumerate(column["values"])}
    encoded = np.zeros((len(values), len(place) + 1))
    for row, value in enumerate(values):
        encoded[row, place.get(str(value), len(place))] = 1
    return encoded
