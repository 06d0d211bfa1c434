"""The order of a large project, from its rows on disk: seconds, and memory at its most.

``python -m bench orders`` writes a million rows (3 GB), as a project of short texts has
them, and orders the first ten thousand, a hundred thousand and all of them, with 64, 300
and 1,000 labels. Without a database: what a ranking does before and behind is measured by
``bench.million``. Each order is made in a process of its own.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np

from bench import sets
from bench.row import SCALE, most_memory, row

SIZES: Final = (10_000, 100_000, int(1_000_000 * SCALE))
LABELS: Final = (64, 300, 1000)
# Labeled items for each label; all of them are in the pool of before.
EACH: Final = 10
# The rows of a file, as ``services.features.store`` keeps them.
FILE: Final = 5000
# A worker's gigabyte, in MiB.
MOST_MEMORY: Final = 1e9 / 2**20
MOST_SECONDS: Final = 5.0
COLUMNS: Final = 256
NAME: Final = "hwu64"


def rows(only: str = "") -> list[dict[str, Any]]:
    """Write the rows and order them."""
    if only != "orders" or not sets.is_at_hand(NAME):
        # By its name alone: it takes minutes and gigabytes.
        return []
    with tempfile.TemporaryDirectory() as folder:
        names = _written(folder)
        return [
            made
            for size in SIZES
            for labels in LABELS
            for made in _ordered(folder, names[: size // FILE], labels)
        ]


def _written(folder: str) -> list[str]:
    """Write the files; return their names."""
    _begin(folder)
    from activelearn.core import features
    from activelearn.core.joined import JoinedRows
    from activelearn.services.features import files, packing

    texts = sets.texts(NAME)[:FILE]
    base = features.text_rows(texts, features.JOINED_TEXT_SPEC)
    rng = np.random.default_rng(0)
    names = []
    for start in range(0, max(SIZES), FILE):
        noise = rng.normal(0, 0.05, base.dense.shape)
        joined = JoinedRows(base.sparse, (base.dense + noise).astype(np.float16))
        ids = np.arange(start, start + FILE, dtype=np.int64)
        names.append(files.save("features", packing.packed(ids, joined)))
    return names


def _ordered(folder: str, names: list[str], labels: int) -> Iterator[dict[str, Any]]:
    """Order the rows of some files in another process; yield what it took."""
    made = subprocess.run(
        [sys.executable, "-m", "bench.orders", folder, str(labels), *names],
        check=True,
        capture_output=True,
        text=True,
    )
    seconds, memory, strategy = made.stdout.split()
    size = len(names) * FILE
    name = f"order-{size // 1000}k-{labels}"
    detail = f"{size:,} items, {labels} labels of {EACH} examples: {strategy}"
    for figure in (
        row(name, float(seconds), "s", MOST_SECONDS, detail),
        row(f"{name}-memory", float(memory), "MiB", MOST_MEMORY, detail),
    ):
        print(figure["name"], figure["value"], detail, flush=True)
        yield figure


def _begin(folder: str) -> None:
    """Let files lie in a folder; the database of the settings is not asked."""
    known = {"DJANGO_SETTINGS_MODULE": "config.settings", "SECRET_KEY": "bench"}
    for name, value in {**known, "DATABASE_URL": "postgresql:///none"}.items():
        os.environ.setdefault(name, value)
    import django
    from django.conf import settings

    django.setup()
    settings.LEARN_ROOT = folder


def _order(folder: str, labels: int, names: list[str]) -> None:
    """Print the seconds of an order, the most memory in MiB, and who ordered."""
    _begin(folder)
    from activelearn.core.features import Table
    from activelearn.core.strategies import ordering
    from activelearn.services.features.shards import FiledRows
    from bench.learning import POLICY

    filed = FiledRows()
    for name in names:
        filed.add(name, FILE)
    ids = np.arange(len(names) * FILE, dtype=np.int64)
    rng = np.random.default_rng(1)
    known = np.sort(rng.choice(ids, min(EACH * labels, len(ids) // 2), replace=False))
    directions = rng.normal(size=(COLUMNS, labels))
    truth = (filed.dense[known].astype(np.float64) @ directions).argmax(axis=1)
    material = ordering.Material(
        Table(ids, filed),
        {pk: (f"{name:04}",) for pk, name in zip(known.tolist(), truth, strict=True)},
        np.setdiff1d(ids, known),
        [],
    )
    policy = replace(POLICY, label_count=labels)
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    begun = time.perf_counter()
    ranking = ordering.chosen(material, policy).placed(rng)
    print(time.perf_counter() - begun, most_memory(), ranking.strategy)


if __name__ == "__main__":
    _order(sys.argv[1], int(sys.argv[2]), sys.argv[3:])
