"""The data sets of the measurements of learning, as rows with their true labels."""

from __future__ import annotations

import csv
import gzip
import io
import zipfile
from functools import cache
from pathlib import Path
from typing import Any, Final

import numpy as np
from PIL import Image
from sklearn.datasets import load_digits

from activelearn.core import features

DATA: Final = Path(__file__).resolve().parents[2] / "shared" / "data"
TEXTS: Final = ("banking77", "hwu64", "nsmc_korean", "naijasenti")
TABLES: Final = ("telco_churn", "penguins")
PICTURES: Final = ("digits", "sign_digits", "shape_images")
# Columns whose value items share that are much alike: a random split would put the same
# shape on both sides.
GROUPED_BY: Final = {"shape_images": "source_shape"}
NAMES: Final = ("digits", "sign_digits", *TEXTS, "telco_churn")
MOST_ITEMS: Final = 6000

Truth = list[tuple[str, ...]]


def kind_of(name: str) -> str:
    """Return what the items of a set are: "text", "image" or "table"."""
    if name in PICTURES:
        return "image"
    return "table" if name in TABLES else "text"


def groups_of(name: str) -> list[str]:
    """Return of each item of a set what it shares with others; empty where nothing."""
    if not (column := GROUPED_BY.get(name)):
        return []
    return [item[column] for item in _labeled(name)[0]]


def is_at_hand(name: str) -> bool:
    """Whether a set can be read here; digits come with scikit-learn."""
    return name == "digits" or (DATA / name).is_dir()


def loaded(name: str) -> tuple[Any, Truth]:
    """Return the rows and the true labels of a set, a random sample of many."""
    if name == "digits":
        return _digits()
    items, gold = _labeled(name)
    return _rows(name, items), [(gold[item["id"]],) for item in items]


def texts(name: str) -> list[str]:
    """Return the texts of a set of texts, in the order of ``loaded``."""
    return [item["text"] for item in _labeled(name)[0]]


def _labeled(name: str) -> tuple[list[dict[str, str]], dict[str, str]]:
    """Return the items of a set that have a label, a sample of many, and their labels."""
    gold = {line["item_id"]: line["label"] for line in table(name, "gold")}
    items = [item for item in table(name, "items") if item["id"] in gold]
    order = np.random.default_rng(0).permutation(len(items))[:MOST_ITEMS]
    return [items[place] for place in order], gold


def _digits() -> tuple[Any, Truth]:
    images, targets = load_digits(return_X_y=True)
    pictures = []
    for pixels in images:
        body = io.BytesIO()
        Image.fromarray((pixels.reshape(8, 8) * 15).astype(np.uint8)).save(body, "PNG")
        pictures.append(body.getvalue())
    return _picture_rows(tuple(pictures)), [(str(target),) for target in targets]


# A network takes a minute for as many, and several measurements read the same ones.
@cache
def _picture_rows(pictures: tuple[bytes, ...]) -> Any:
    spec = features.JOINED_IMAGE_SPEC
    values = [features.image_row(body, spec) for body in pictures]
    return features.image_rows(np.vstack(values), spec)


def table(folder: str, name: str) -> list[dict[str, str]]:
    """Return the lines of a table of a set."""
    path = DATA / folder / f"{name}.csv"
    if path.exists():
        with path.open(newline="", encoding="utf-8") as file:
            return list(csv.DictReader(file))
    with gzip.open(f"{path}.gz", "rt", newline="", encoding="utf-8") as packed:
        return list(csv.DictReader(packed))


def _rows(name: str, items: list[dict[str, str]]) -> Any:
    if name in TEXTS:
        # As a project reads its texts up to its first hundred labels.
        texts = [item["text"] for item in items]
        return features.text_rows(texts, features.JOINED_TEXT_SPEC)
    if name in TABLES:
        left_out = {"id", "split"}
        data = [{k: v for k, v in item.items() if k not in left_out} for item in items]
        return features.table_rows(data, features.table_spec(data, len(data))[0])
    with zipfile.ZipFile(DATA / name / "images.zip") as packed:
        return _picture_rows(tuple(packed.read(item["image"]) for item in items))
