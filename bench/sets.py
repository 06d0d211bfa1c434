"""The data sets of the measurements of learning, as rows with their true labels."""

from __future__ import annotations

import csv
import gzip
import io
import zipfile
from pathlib import Path
from typing import Any, Final

import numpy as np
from PIL import Image
from scipy import sparse
from sklearn.datasets import load_digits

from activelearn.core import features

DATA: Final = Path(__file__).resolve().parents[2] / "shared" / "data"
TEXTS: Final = ("banking77", "hwu64", "nsmc_korean", "naijasenti")
TABLES: Final = ("telco_churn",)
NAMES: Final = ("digits", "sign_digits", *TEXTS, *TABLES)
MOST_ITEMS: Final = 6000

Truth = list[tuple[str, ...]]


def is_at_hand(name: str) -> bool:
    """Whether a set can be read here; digits come with scikit-learn."""
    return name == "digits" or (DATA / name).is_dir()


def loaded(name: str) -> tuple[Any, Truth]:
    """Return the rows and the true labels of a set, a random sample of many."""
    if name == "digits":
        return _digits()
    items = table(name, "items")
    gold = {line["item_id"]: line["label"] for line in table(name, "gold")}
    items = [item for item in items if item["id"] in gold]
    order = np.random.default_rng(0).permutation(len(items))[:MOST_ITEMS]
    items = [items[place] for place in order]
    return _rows(name, items), [(gold[item["id"]],) for item in items]


def _digits() -> tuple[Any, Truth]:
    images, targets = load_digits(return_X_y=True)
    rows = []
    for pixels in images:
        body = io.BytesIO()
        Image.fromarray((pixels.reshape(8, 8) * 15).astype(np.uint8)).save(body, "PNG")
        rows.append(features.image_row(body.getvalue(), features.IMAGE_SPEC))
    return sparse.csr_matrix(np.vstack(rows)), [(str(target),) for target in targets]


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
        pictures = [packed.read(item["image"]) for item in items]
    dense = [features.image_row(body, features.IMAGE_SPEC) for body in pictures]
    return sparse.csr_matrix(np.vstack(dense))
