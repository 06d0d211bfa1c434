"""The demo's data and its right answers, taken from the installed packages."""

from __future__ import annotations

import gettext
import io
import json
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import django
import numpy as np
from PIL import Image
from sklearn.datasets import load_digits, load_wine

LANGUAGES: Final = {
    "ca": "Catalan",
    "da": "Danish",
    "es": "Spanish",
    "gl": "Galician",
    "it": "Italian",
    "nb": "Norwegian",
    "pt": "Portuguese",
    "sv": "Swedish",
}
PER_LANGUAGE: Final = 300


@dataclass(frozen=True)
class Demo:
    """A project: its words, its file, and the right answer of each item."""

    slug: str
    name: str
    data_type: str
    labels: tuple[str, ...]
    guideline: str
    file_name: str
    overlap: int
    load: Callable[[], tuple[bytes, dict[str, str]]]


def digits() -> tuple[bytes, dict[str, str]]:
    """Return 1,797 handwritten digits as a ZIP of pictures."""
    images, targets = load_digits(return_X_y=True)
    body = io.BytesIO()
    truth = {}
    with zipfile.ZipFile(body, "w") as archive:
        for number, (pixels, target) in enumerate(zip(images, targets, strict=True)):
            gray = np.asarray(255 - pixels.reshape(8, 8) * 255 / 16).astype(np.uint8)
            picture = Image.fromarray(gray).resize((64, 64), Image.Resampling.BICUBIC)
            encoded = io.BytesIO()
            picture.save(encoded, "PNG")
            name = f"{number:04d}.png"
            archive.writestr(name, encoded.getvalue())
            truth[name] = str(target)
    return body.getvalue(), truth


def languages() -> tuple[bytes, dict[str, str]]:
    """Return sentences of Django's own translations in eight similar languages."""
    rows: list[dict[str, str]] = []
    truth: dict[str, str] = {}
    seen: set[str] = set()
    for code, language in LANGUAGES.items():
        texts = [text for text in sentences(code) if text not in seen]
        seen.update(texts)
        for number, text in enumerate(texts[:PER_LANGUAGE]):
            name = f"{number:03d}-{len(truth):04d}"
            rows.append({"external_id": name, "text": text})
            truth[name] = language
    rows.sort(key=lambda row: row["external_id"])
    return "\n".join(json.dumps(row) for row in rows).encode(), truth


def sentences(code: str) -> list[str]:
    """Return a language's translations of 25 characters or more, sorted."""
    texts: set[str] = set()
    for path in sorted(Path(django.__file__).parent.rglob(f"{code}/LC_MESSAGES/*.mo")):
        with path.open("rb") as file:
            catalog = gettext.GNUTranslations(file)
        for key, value in catalog._catalog.items():  # type: ignore[attr-defined]  # noqa: SLF001
            text = " ".join(str(value).split())
            if key and "\n" not in str(key) and len(text) >= 25 and text != key:
                texts.add(text)
    return sorted(texts)


def wine() -> tuple[bytes, dict[str, str]]:
    """Return 178 wines by their chemistry as table rows."""
    bunch = load_wine()
    lines = []
    truth = {}
    for number, (values, target) in enumerate(
        zip(bunch.data, bunch.target, strict=True)
    ):
        name = f"wine-{number:03d}"
        row = {"external_id": name}
        row |= dict(zip(bunch.feature_names, map(float, values), strict=True))
        lines.append(json.dumps(row))
        truth[name] = f"cultivar {target + 1}"
    return "\n".join(lines).encode(), truth


DEMOS: Final = (
    Demo(
        "digits",
        "Handwritten digits",
        "image",
        tuple("0123456789"),
        "Which digit did the writer mean? When in doubt, follow the pen.",
        "digits.zip",
        1,
        digits,
    ),
    Demo(
        "languages",
        "Which language is this?",
        "text",
        tuple(LANGUAGES.values()),
        "Name the language of the text. **ã, õ** point to Portuguese, **ñ** to Spanish "
        "or Galician, **å** to the north.",
        "languages.jsonl",
        2,
        languages,
    ),
    Demo(
        "wine",
        "Three wines",
        "table",
        ("cultivar 1", "cultivar 2", "cultivar 3"),
        "Tell the cultivar from the chemistry. High proline points to cultivar 1.",
        "wine.jsonl",
        1,
        wine,
    ),
)
