"""What is measured of items as they come in, by their kind: some numbers for each."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np

from activelearn.core.cells import is_missing, number_of, text_of

Measures = dict[str, list[float]]
_WORDS: Final = re.compile(r"\w+")
# The longer side, in pixels, at which brightness, contrast and blur are measured.
_SIDE: Final = 128
_MOST_COLUMNS: Final = 40
_FAR: Final = 10


def of_texts(texts: Sequence[str]) -> Measures:
    """Return of each text its characters, words, share of letters beyond ASCII, and more.

    The share of letters tells languages of other scripts apart; ``empty`` is 1 where there
    is no word, ``repeated`` where the same text came before in the batch.
    """
    words = [len(_WORDS.findall(text)) for text in texts]
    seen: set[str] = set()
    repeated = []
    for text in texts:
        repeated.append(float(text in seen))
        seen.add(text)
    return {
        "characters": [float(len(text)) for text in texts],
        "words": [float(count) for count in words],
        "foreign": [_beyond_ascii(text) for text in texts],
        "empty": [float(not count) for count in words],
        "repeated": repeated,
    }


def _beyond_ascii(text: str) -> float:
    letters = [letter for letter in text if letter.isalpha()]
    return sum(not x.isascii() for x in letters) / len(letters) if letters else 0.0


def of_rows(rows: Sequence[Mapping[str, Any]], spec: Mapping[str, Any]) -> Measures:
    """Return of each row its share of missing, unseen and outlying cells.

    spec: of the table that the model was made for. The share of missing cells is also told
    for each of its first 40 columns, as ``missing: name``.
    """
    columns = list(spec["columns"])
    cells = [[row.get(column["name"]) for column in columns] for row in rows]
    gone = [[float(is_missing(value)) for value in row] for row in cells]
    measures: Measures = {
        "missing": [_mean(row) for row in gone],
        "unseen": [
            _mean([_is_unseen(v, c) for v, c in zip(row, columns, strict=True)])
            for row in cells
        ],
        "outlying": [
            _mean([_is_outlying(v, c) for v, c in zip(row, columns, strict=True)])
            for row in cells
        ],
    }
    for place, column in enumerate(columns[:_MOST_COLUMNS]):
        measures[f"missing: {column['name']}"] = [row[place] for row in gone]
    return measures


def _is_unseen(value: Any, column: Mapping[str, Any]) -> float:
    """Return 1 for a category that the model was not made for."""
    known = column.get("values")
    if not known or column["type"] not in ("category", "boolean") or is_missing(value):
        return 0.0
    text = text_of(value)
    return float(text not in known and text.lower() not in known)


def _is_outlying(value: Any, column: Mapping[str, Any]) -> float:
    """Return 1 for a number more than ten of its scales away from its center."""
    number = number_of(value) if column["type"] == "number" else None
    if number is None:
        return 0.0
    return float(abs(number - column["center"]) > _FAR * column["scale"])


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0


def of_pictures(files: Sequence[bytes]) -> Measures:
    """Return of each picture its pixels, brightness, contrast and sharpness.

    Brightness and contrast are the mean and the deviation of its gray values, in [0, 1];
    sharpness the variance of their Laplacian (Pech-Pacheco et al. 2000, ICPR, 314–317). A
    picture that cannot be read has none of these, and is ``empty``.
    """
    measures: Measures = {
        name: [] for name in ("pixels", "brightness", "contrast", "sharpness", "empty")
    }
    for file in files:
        seen = _seen(file)
        measures["empty"].append(float(seen is None))
        values = seen or (np.nan,) * 4
        for name, value in zip(measures, values, strict=False):
            measures[name].append(float(value))
    return measures


def _seen(file: bytes) -> tuple[float, float, float, float] | None:
    from PIL import Image

    try:
        with Image.open(io.BytesIO(file)) as picture:
            pixels = picture.width * picture.height
            picture.draft("L", (_SIDE, _SIDE))
            small = picture.convert("L")
            small.thumbnail((_SIDE, _SIDE))
            gray = np.asarray(small, dtype=np.float64) / 255
    except (OSError, ValueError, Image.DecompressionBombError):
        # A damaged file is what ``empty`` counts.
        return None
    return pixels, float(gray.mean()), float(gray.std()), _sharpness(gray)


def _sharpness(gray: Any) -> float:
    if min(gray.shape) < 3:
        return 0.0
    inner = gray[1:-1, 1:-1]
    around = gray[:-2, 1:-1] + gray[2:, 1:-1] + gray[1:-1, :-2] + gray[1:-1, 2:]
    return float((around - 4 * inner).var())
