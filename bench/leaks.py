"""How many planted near-duplicates come to the group of what they are made from.

All items of a set are placed first, as an import does; then changed copies of some of
them. Beside it: how many items share a group with another item of the set, which is a
true duplicate at best.
"""

from __future__ import annotations

import importlib
import io
import os
import zipfile
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, Final

import django
import numpy as np
from PIL import Image

from bench import sets
from bench.row import row
from labeling.likeness import pictures, texts
from labeling.likeness import rows as records
from labeling.likeness.sketch import Sketch

COPIES: Final = 500
CHUNK: Final = 2000
# The share of the first kind of copies, which say the same, that may be missed.
MOST_MISSED: Final = 0.02
Change = Callable[[str, np.random.Generator], str]


def recased(text: str, rng: np.random.Generator) -> str:
    """Return a text in capitals, with other spaces."""
    del rng
    return "  ".join(text.upper().split()) + " "


def polite(text: str, rng: np.random.Generator) -> str:
    """Return a text with a word more in the end."""
    del rng
    return f"{text} please"


def one_letter(text: str, rng: np.random.Generator) -> str:
    """Return a text with another letter at one place."""
    at = int(rng.integers(len(text)))
    return f"{text[:at]}q{text[at + 1 :]}"


def one_word(text: str, rng: np.random.Generator) -> str:
    """Return a text with another word at one place."""
    words = text.split()
    words[int(rng.integers(len(words)))] = "something"
    return " ".join(words)


TEXT_CHANGES: Final[dict[str, Change]] = {
    "re-cased, re-spaced": recased,
    "please added": polite,
    "a letter changed": one_letter,
    "a word replaced": one_word,
}


def _groups() -> Any:
    """Return the module, which needs Django to be set up, but no database."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    os.environ.setdefault("SECRET_KEY", "measured")
    os.environ.setdefault("DATABASE_URL", "postgresql:///nothing")
    django.setup()
    return importlib.import_module("labeling.services.transfer.groups")


def placed(index: Any, sketches: Sequence[Sketch]) -> list[str]:
    """Return the groups of items that come now, in this order."""
    groups = _groups()
    return [
        groups.placed(index, groups.Newcomer("", sketch), seed=1, below=0.1).group_key
        for sketch in sketches
    ]


def of_texts(name: str) -> dict[str, float]:
    """Return the caught share by change; "together": of the set itself."""
    known = sorted({item["text"] for item in sets.table(name, "items")})
    rng = np.random.default_rng(1)
    index = _groups().Index()
    own: list[str] = []
    for start in range(0, len(known), CHUNK):
        own += placed(index, texts.sketches(known[start : start + CHUNK]))
    chosen = rng.choice(len(known), min(COPIES, len(known)), replace=False)
    caught = {"together": _together(own)}
    for words, change in TEXT_CHANGES.items():
        copies = texts.sketches([change(known[at], rng) for at in chosen])
        caught[words] = _caught(own, chosen, placed(index, copies))
    return caught


def of_pictures(name: str) -> dict[str, float]:
    """Return the caught share of resized and of re-compressed pictures."""
    with zipfile.ZipFile(sets.DATA / name / "images.zip") as packed:
        known = [packed.read(path) for path in sorted(packed.namelist())]
    index = _groups().Index()
    own = placed(index, [_sketch(body) for body in known])
    rng = np.random.default_rng(1)
    chosen = rng.choice(len(known), min(COPIES, len(known)), replace=False)
    caught = {"together": _together(own)}
    for words, scale in (("resized to 70 %", 0.7), ("re-compressed", 1.0)):
        copies = [_sketch(_saved(known[at], scale)) for at in chosen]
        caught[words] = _caught(own, chosen, placed(index, copies))
    return caught


def of_rows(name: str) -> dict[str, float]:
    """Return the caught share of rows with noise in the last digit of their decimals."""
    known = [_row(item) for item in sets.table(name, "items")]
    rng = np.random.default_rng(1)
    index = _groups().Index()
    own = placed(index, [records.sketch(values, _key(values)) for values in known])
    chosen = rng.choice(len(known), min(COPIES, len(known)), replace=False)
    noisy = [_noisy(known[at], rng) for at in chosen]
    copies = [records.sketch(values, _key(values)) for values in noisy]
    caught = _caught(own, chosen, placed(index, copies))
    return {"together": _together(own), "noise in the last digit": caught}


def _row(item: dict[str, str]) -> dict[str, Any]:
    return {name: value for name, value in item.items() if name not in {"id", "split"}}


def _key(data: dict[str, Any]) -> str:
    return texts.key("|".join(f"{name}={data[name]}" for name in sorted(data)))


def _noisy(data: dict[str, Any], rng: np.random.Generator) -> dict[str, Any]:
    changed = dict(data)
    for name, value in data.items():
        whole, point, digits = str(value).partition(".")
        if point and digits.isdecimal() and whole.lstrip("-").isdecimal():
            step = 10.0 ** -len(digits) * int(rng.integers(-1, 2))
            changed[name] = f"{float(value) + step:.{len(digits)}f}"
    return changed


def _sketch(body: bytes) -> Sketch:
    with Image.open(io.BytesIO(body)) as picture:
        return pictures.sketch(picture, texts.key(body.hex()))


def _saved(body: bytes, scale: float) -> bytes:
    with Image.open(io.BytesIO(body)) as picture:
        size = [max(8, round(side * scale)) for side in picture.size]
        copy = picture.convert("RGB").resize((size[0], size[1]))
    saved = io.BytesIO()
    copy.save(saved, "JPEG", quality=60)
    return saved.getvalue()


def _together(own: Sequence[str]) -> float:
    sizes = Counter(own)
    return sum(size for size in sizes.values() if size > 1) / len(own)


def _caught(own: Sequence[str], chosen: Any, copies: Sequence[str]) -> float:
    pairs = zip(chosen, copies, strict=True)
    return float(np.mean([own[at] == copy for at, copy in pairs]))


MEASURED: Final = {
    "banking77": of_texts,
    "hwu64": of_texts,
    "nsmc_korean": of_texts,
    "sign_digits": of_pictures,
    "shape_images": of_pictures,
    "telco_churn": of_rows,
    "penguins": of_rows,
}


def rows(only: str = "") -> list[dict[str, Any]]:
    """Measure each set that is at hand."""
    results = []
    for name, measure in MEASURED.items():
        is_wanted = only in {"", "leaks", f"leaks-{name}"}
        if not is_wanted or not sets.is_at_hand(name):
            continue
        caught = measure(name)
        together = caught.pop("together")
        shares = [f"{words} {share:.1%}" for words, share in caught.items()]
        shares.append(f"{together:.1%} of the set itself share a group")
        missed = 1 - next(iter(caught.values()))
        results.append(
            row(f"leaks-{name}", missed, "missed", MOST_MISSED, "; ".join(shares))
        )
    return results
