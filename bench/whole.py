"""Rows that need the whole of Assay running: memory, start, import and export."""

from __future__ import annotations

import hashlib
import json
import statistics
import tempfile
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg

from config.home import socket_folder
from tests.running.machine import Machine

ROWS = 20_000
ROUNDS = 3
NAMES = ("start", "idle-memory", "import-rows", "export-rows", "predictions-in")
_AT_WORK = "SELECT count(*) FROM labeling_job WHERE state IN ('queued', 'running')"
FLOORS = ("import-rows", "export-rows", "predictions-in")


def rows(only: str = "") -> list[dict[str, Any]]:
    """Start Assay in a home of its own and measure it from outside."""
    if only not in ("", "whole", *NAMES):
        return []
    with tempfile.TemporaryDirectory(prefix="assay-bench-") as folder:
        Path(folder).chmod(0o755)
        machine = Machine(Path(folder) / "home")
        try:
            begun = time.monotonic()
            machine.start()
            started = time.monotonic() - begun
            time.sleep(10)
            memory = _memory(machine)
            machine.set_up()
            return [
                _row(
                    "start", (started, "s"), 30, "assay up to ready, without the demo"
                ),
                _row("idle-memory", (memory, "MiB"), 600, "PSS of all processes, idle"),
                *_transfer(machine, Path(folder)),
                _predictions(machine, Path(folder)),
            ]
        finally:
            machine.kill_all()


def _row(
    name: str, figure: tuple[float, str], target: float, detail: str
) -> dict[str, Any]:
    value, unit = figure
    is_floor = name in FLOORS
    return {
        "name": name,
        "value": round(value, 3),
        "unit": unit,
        "target": target,
        "met": value >= target if is_floor else value <= target,
        "detail": detail,
    }


def _memory(machine: Machine) -> float:
    """Return the proportional set size of all parts in MiB: shared pages count once."""
    total = 0
    for pid in machine.processes():
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        total += next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return total / 1024


def _seconds(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def _transfer(machine: Machine, folder: Path) -> list[dict[str, Any]]:
    base, taken, bare = [], [], []
    _import(machine, folder / "rows.jsonl")
    for turn in range(ROUNDS):
        texts = [f"text number {turn}-{n}: " + "some words " * 10 for n in range(ROWS)]
        lines = [
            json.dumps({"external_id": f"row-{turn}-{n}", "text": text})
            for n, text in enumerate(texts)
        ]
        file = folder / "many.jsonl"
        file.write_text("\n".join(lines))
        base.append(_import(machine, folder / "rows.jsonl"))
        taken.append(_import(machine, file))
        # What the learner makes of them is no part of an import.
        _rest(machine)
        bare.append(_copy(machine, texts, turn))
    imported = statistics.median(taken) - statistics.median(base)
    copied = statistics.median(bare)
    exported = _seconds(lambda: _export(machine))
    return [
        _row(
            "import-rows",
            (copied / imported, "× COPY"),
            0.25,
            f"{ROWS / imported:,.0f} rows/s; bare COPY of the rows"
            f" {ROWS / copied:,.0f} rows/s; medians of {ROUNDS}",
        ),
        _row(
            "export-rows",
            (ROUNDS * ROWS / exported, "rows/s"),
            5000,
            "JSON lines over HTTP",
        ),
    ]


def _predictions(machine: Machine, folder: Path) -> dict[str, Any]:
    """Return how many predictions of the imported items are kept each second."""
    file, single = folder / "predicted.jsonl", folder / "single.jsonl"
    single.write_text('{"external_id": "row-0-0", "label": "x", "source": "one"}')
    base, taken = [], []
    for turn in range(ROUNDS):
        file.write_text(
            "\n".join(
                json.dumps(
                    {
                        "external_id": f"row-{part}-{n}",
                        "probabilities": {"x": n % 100 / 100, "y": 0.0},
                        "source": f"bench {turn}",
                    }
                )
                for part in range(ROUNDS)
                for n in range(ROWS)
            )
        )
        base.append(_seconds(lambda: machine.run("predictions", "p", str(single))))
        taken.append(_seconds(lambda: machine.run("predictions", "p", str(file))))
    kept = statistics.median(taken) - statistics.median(base)
    return _row(
        "predictions-in",
        (ROUNDS * ROWS / kept, "rows/s"),
        25_000,
        f"new ones with probabilities, medians of {ROUNDS}, each beside one row",
    )


def _import(machine: Machine, file: Path) -> float:
    return _seconds(lambda: machine.run("import", "p", str(file)))


def _rest(machine: Machine) -> None:
    """Wait until no job waits or runs."""
    host = str(socket_folder(machine.home))
    with psycopg.connect(host=host, user="postgres", dbname="assay") as link:
        while link.execute(_AT_WORK).fetchone() != (0,):
            link.rollback()
            time.sleep(0.2)


def _copy(machine: Machine, texts: list[str], turn: int) -> float:
    """Return the seconds of a bare COPY of the same rows into a table like the items'."""
    host = str(socket_folder(machine.home))
    with psycopg.connect(host=host, user="postgres", dbname="assay") as link:
        link.execute(
            "CREATE TABLE IF NOT EXISTS bare (LIKE labeling_item INCLUDING ALL)"
        )
        digests = [hashlib.sha256(text.encode()).hexdigest() for text in texts]

        def copy() -> None:
            names = (
                "project_id, external_id, data, metadata, tags, content_hash, group_key,"
                " split, state, votes, votes_wanted, is_unsettled, flags, created_at"
            )
            with link.cursor().copy(f"COPY bare ({names}) FROM STDIN") as sink:
                for n, (text, digest) in enumerate(zip(texts, digests, strict=True)):
                    data = json.dumps({"text": text})
                    first = (1, f"row-{turn}-{n}", data, "{}", "{}", digest, digest)
                    sink.write_row(
                        (*first, "pool", "open", 0, 1, False, 0, "2026-01-01")
                    )
            link.commit()

        return _seconds(copy)


def _export(machine: Machine) -> None:
    address = f"http://127.0.0.1:{machine.port}/api/projects/p/export/?format=jsonl"
    request = urllib.request.Request(
        address, headers={"Authorization": f"Token {machine.token}"}
    )
    with urllib.request.urlopen(request, timeout=120) as answer:
        count = sum(1 for _ in answer)
    if count < ROUNDS * ROWS:
        raise RuntimeError(f"only {count} rows came")
