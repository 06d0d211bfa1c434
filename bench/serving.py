"""The champion over HTTP: how long other programs wait for it, and how much it answers."""

from __future__ import annotations

import asyncio
import base64
import io
import itertools
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from bench import load
from bench.row import SCALE, row
from tests.running.machine import Machine, until

NAMES = (
    *("predict-p50-joining", "predict-p99-joining"),
    *("predict-p50-at-50", "predict-p99-at-50"),
    *("predict-texts", "predict-rows"),
)
PICTURES = "predict-pictures"
CALLS = max(100, int(1000 * min(1, SCALE)))
# The demonstration projects, and how many labels their models learn from.
LABELS = {"languages": 200, "wine": 90, "digits": 150}


def rows(only: str = "") -> list[dict[str, Any]]:
    """Have three models serve and ask them from outside."""
    if only not in ("", "serving", *NAMES, PICTURES):
        return []
    with tempfile.TemporaryDirectory(prefix="assay-bench-") as folder:
        Path(folder).chmod(0o755)
        machine = Machine(Path(folder) / "home")
        try:
            machine.start(demo=True)
            machine.token = machine.run("token", "engineer").split()[1]
            for slug, labels in LABELS.items():
                machine.run("simulate", slug, "--labels", str(labels))
                until(partial(_serves, machine, slug), seconds=600)
            until(lambda: _is_at_rest(machine), seconds=600)
            return asyncio.run(_measured(machine))
        finally:
            machine.kill_all()


def _serves(machine: Machine, slug: str) -> bool:
    models = machine.sure("GET", f"/api/projects/{slug}/models/")["results"]
    return any(model["stage"] == "champion" for model in models)


def _is_at_rest(machine: Machine) -> bool:
    return all(
        job["state"] not in ("queued", "running")
        for slug in LABELS
        for job in machine.sure("GET", f"/api/projects/{slug}/jobs/")["results"]
    )


async def _measured(machine: Machine) -> list[dict[str, Any]]:
    texts = [{"data": {"text": f"ein kurzer Satz, number {n}"}} for n in range(1000)]
    alcohol = [{"data": {"alcohol": 11 + n / 250, "hue": 1.0}} for n in range(1000)]
    return [
        *await _at_fifty(machine, texts[:CALLS]),
        await _throughput(machine, "languages", ("predict-texts", 2000), texts),
        await _throughput(machine, "wine", ("predict-rows", 2000), alcohol),
        await _throughput(machine, "digits", (PICTURES, 10), _pictures(20)),
    ]


def _pictures(count: int) -> list[dict[str, Any]]:
    rng = np.random.default_rng(0)
    made = []
    for _ in range(count):
        body = io.BytesIO()
        pixels = rng.integers(0, 256, (64, 64, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(body, "PNG")
        made.append({"image": base64.b64encode(body.getvalue()).decode()})
    return made


async def _at_fifty(
    machine: Machine, texts: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    """Ask about one text fifty times a second, whatever comes back."""
    path, times = "/api/projects/languages/predict/", load.Times()
    clients = [load.Client(machine.port, machine.token) for _ in range(50)]
    results = []

    async def ask(client: load.Client, due: float) -> None:
        del due
        body = {"items": [texts[next(numbers) % len(texts)]]}
        await times.of("ask", client.call("POST", path, body))

    # The first call of each process reads the model.
    numbers = itertools.count()
    await load.open_loop(clients, [n / 10 for n in range(20)], ask)
    for kind, words in (
        ("joining", "each joins the queue"),
        ("at-50", "none joins the queue, as of one that the model is sure of"),
    ):
        numbers = itertools.count()
        times.taken.clear()
        await load.open_loop(clients, [n / 50 for n in range(len(texts))], ask)
        results += [
            row(
                f"predict-{name}-{kind}",
                times.percentile(share, "ask"),
                "ms",
                target,
                f"one text a call, 50 calls a second for {len(texts) / 50:.0f} s; {words}",
            )
            for name, share, target in (("p50", 0.5, 10.0), ("p99", 0.99, 25.0))
        ]
    return results


async def _throughput(
    machine: Machine, slug: str, named: tuple[str, float], items: list[dict[str, Any]]
) -> dict[str, Any]:
    """Ask about many at once, a few times; they have all joined by the second time."""
    name, target = named
    client = load.Client(machine.port, machine.token)
    path, body = f"/api/projects/{slug}/predict/", {"items": items}
    await client.call("POST", path, body)
    taken = []
    for _ in range(3):
        begun = time.perf_counter()
        await client.call("POST", path, body)
        taken.append(time.perf_counter() - begun)
    client.close()
    rate = len(items) / sorted(taken)[1]
    return row(name, rate, "items/s", target, f"{len(items)} in a call; median of 3")
