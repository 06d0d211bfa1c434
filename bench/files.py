"""Large files: a CSV of 2 GB and a ZIP of 100,000 pictures, each in bounded memory.

Both are made in a folder that is removed afterwards. ``SCALE`` shrinks them.
"""

from __future__ import annotations

import csv
import io
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import psycopg
from PIL import Image

from bench.row import SCALE, most_memory, row
from config.home import socket_folder
from tests.running.machine import ROOT, Machine

NAMES = ("import-2gb-csv", "import-100k-pictures")
CSV_BYTES = int(2e9 * SCALE)
# Of one text: a long review, as people paste them.
WORDS = 300
PICTURES = int(100_000 * SCALE)
SIDE = 64  # pixels
# MiB that one import may have in memory: a chunk as rows, as items and as sketches.
MEMORY = 512.0
ROWS_FLOOR, PICTURES_FLOOR = 1000.0, 150.0  # rows/s
# How many times slower the second half of a file may be than its first one.
SLOWER = 1.3
_LATEST = "SELECT received FROM labeling_importrun WHERE id > coalesce(%s, 0)"


@dataclass
class Watched:
    """What was seen of an import: seconds, MiB, and (seconds, rows) now and then."""

    seconds: float = 0.0
    memory: float = 0.0
    printed: str = ""
    steps: list[tuple[float, int]] = field(default_factory=list)

    def slower(self) -> float:
        """Return how many times as long a row of the second half took."""
        (begun, first), *_, (ended, last) = self.steps
        half = min(self.steps, key=lambda step: abs(step[1] - (first + last) / 2))
        before = (half[0] - begun) / max(1, half[1] - first)
        after = (ended - half[0]) / max(1, last - half[1])
        return after / before


def rows(only: str = "") -> list[dict[str, Any]]:
    """Import the files into an Assay of their own, by ``assay import``."""
    names = NAMES if only == "files" else [name for name in NAMES if name == only]
    if not names:
        # By their names alone: they take half an hour.
        return []
    with tempfile.TemporaryDirectory(prefix="assay-bench-") as folder:
        Path(folder).chmod(0o755)
        machine = Machine(Path(folder) / "home")
        try:
            machine.start()
            machine.set_up()
            measures = {NAMES[0]: _large_csv, NAMES[1]: _many_pictures}
            return [
                each for name in names for each in measures[name](machine, Path(folder))
            ]
        finally:
            machine.kill_all()


def _large_csv(machine: Machine, folder: Path) -> list[dict[str, Any]]:
    file = folder / "large.csv"
    count = _write_csv(file)
    size = file.stat().st_size
    watched = _watched(machine, "p", file)
    file.unlink()
    _check(watched, count)
    detail = f"{count:,} rows of {size / count:,.0f} bytes, {size / 1e9:.2f} GB"
    return _rows_of("import-2gb-csv", count, watched, ROWS_FLOOR, detail)


def _many_pictures(machine: Machine, folder: Path) -> list[dict[str, Any]]:
    project = {
        "name": "Pictures",
        "slug": "pictures",
        "data_type": "image",
        "task_type": "single",
        "labels": [{"name": "x"}, {"name": "y"}],
    }
    machine.sure("POST", "/api/projects/", project)
    file = folder / "pictures.zip"
    _write_zip(file)
    watched = _watched(machine, "pictures", file)
    size = file.stat().st_size
    file.unlink()
    _check(watched, PICTURES)
    detail = f"{PICTURES:,} PNG of {SIDE}×{SIDE} pixels, {size / 1e6:,.0f} MB"
    return _rows_of("import-100k-pictures", PICTURES, watched, PICTURES_FLOOR, detail)


def _rows_of(
    name: str, count: int, watched: Watched, floor: float, detail: str
) -> list[dict[str, Any]]:
    pace = f"{detail}, in {watched.seconds:,.0f} s"
    return [
        row(name, count / watched.seconds, "rows/s", floor, pace),
        row(f"{name}-memory", watched.memory, "MiB", MEMORY, "its process at its most"),
        row(f"{name}-pace", watched.slower(), "×", SLOWER, "second half, first half"),
    ]


def _check(watched: Watched, count: int) -> None:
    if f"{count} rows: {count} new" not in watched.printed:
        raise RuntimeError(f"not all of {count} rows are items: {watched.printed}")


def _write_csv(file: Path) -> int:
    """Write texts of random words until the file is large enough; return their number."""
    rng = np.random.default_rng(1)
    letters = np.array([*"abcdefghijklmnopqrstuvwxyz"])
    words = ["".join(rng.choice(letters, size)) for size in rng.integers(3, 10, 20_000)]
    count = 0
    with file.open("w", newline="", encoding="utf-8") as sink:
        writer = csv.writer(sink)
        writer.writerow(["id", "text"])
        while sink.tell() < CSV_BYTES:
            for text in rng.integers(len(words), size=(1000, WORDS)).tolist():
                writer.writerow(
                    [f"large-{count}", " ".join([words[at] for at in text])]
                )
                count += 1
    return count


def _pictures() -> Iterator[bytes]:
    """Return small pictures, of which no two are alike."""
    rng = np.random.default_rng(2)
    for _ in range(PICTURES):
        coarse = Image.fromarray(rng.integers(256, size=(8, 8, 3), dtype=np.uint8))
        body = io.BytesIO()
        coarse.resize((SIDE, SIDE), Image.Resampling.BICUBIC).save(body, "PNG")
        yield body.getvalue()


def _write_zip(file: Path) -> None:
    with zipfile.ZipFile(file, "w") as archive:
        for number, picture in enumerate(_pictures()):
            archive.writestr(f"pictures/{number:06}.png", picture)


def _watched(machine: Machine, project: str, file: Path) -> Watched:
    """Import a file by a process of its own and watch it."""
    watched, begun = Watched(), time.monotonic()
    host = str(socket_folder(machine.home))
    words = [sys.executable, "manage.py", "import", project, str(file)]
    with (
        psycopg.connect(host=host, user="postgres", dbname="assay") as link,
        subprocess.Popen(
            words,
            cwd=ROOT,
            env=machine.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as child,
    ):
        link.autocommit = True
        earlier = link.execute("SELECT max(id) FROM labeling_importrun").fetchone()
        while child.poll() is None:
            watched.memory = max(watched.memory, most_memory(child.pid))
            latest = link.execute(_LATEST, earlier).fetchone()
            if latest and latest[0] != (watched.steps or [(0, 0)])[-1][1]:
                watched.steps.append((time.monotonic() - begun, latest[0]))
            time.sleep(0.1)
        watched.printed = child.communicate()[0]
    watched.seconds = time.monotonic() - begun
    return watched
