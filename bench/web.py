"""The queue over HTTP: cycles per second, waiting times, and everybody at once."""

from __future__ import annotations

import asyncio
import itertools
import os
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

from bench import load
from bench.row import SCALE, row

ROOT = Path(__file__).resolve().parents[1]
SECONDS = max(3, 12 * min(1, SCALE))


def over_http() -> list[dict[str, Any]]:
    from tests.running.machine import Machine

    folder = Path(os.environ["ASSAY_HOME"])
    machine = Machine(folder)
    machine.start()
    try:
        results = asyncio.run(_cycles(machine.port))
        results += asyncio.run(_at_a_steady_rate(machine.port))
        results += asyncio.run(_herd(machine.port))
    finally:
        machine.stop()
    return results


def _people(
    items: int, count: int, *, is_ordered: bool = False
) -> tuple[str, list[str]]:
    """Make a project and people's tokens; wait for the learner's first order of it.

    The first one reads every item once, after an import; people label for weeks.
    """
    from activelearn.models import RankingFit
    from bench import fill
    from tests.running.machine import until

    project = fill.project(items)
    fill.rank(project, 20_000)
    tokens = [fill.token(project) for _ in range(count)]
    if is_ordered:
        until(RankingFit.objects.filter(project=project).exists)
    return project.slug, tokens


async def _cycles(port: int) -> list[dict[str, Any]]:
    results = []
    for people in (20, 64):
        slug, tokens = await asyncio.to_thread(_people, 20_000, people, is_ordered=True)
        base = f"/api/projects/{slug}"

        async def cycle(client: load.Client, base: str = base) -> None:
            lease = await client.call("POST", f"{base}/queue/lease/", {"count": 1})
            if not lease["items"]:
                raise RuntimeError(f"Nothing was lent: {lease['reason']}")
            vote = load.vote_for(lease["items"][0], "x")
            await client.call("POST", f"{base}/annotations/", vote)

        clients = [load.Client(port, token) for token in tokens]
        bare = await _bare(people, slug)
        rate = await load.closed_loop(clients, SECONDS, cycle)
        detail = (
            f"{people} people, each lease then vote, durable; a bare view that reads one"
            f" row: {bare:.0f} requests/s, so {2 * rate / bare:.2f} of its requests"
        )
        results.append(row(f"http-cycles-{people}", rate, "cycles/s", 150, detail))
    return results


async def _bare(people: int, slug: str) -> float:
    from labeling.models import Item
    from tests.running.machine import free_port, until

    first = await asyncio.to_thread(
        lambda: Item.objects.filter(project__slug=slug).order_by("pk")[0].pk
    )
    port = free_port()
    words = ["-m", "gunicorn", "django.core.wsgi:get_wsgi_application()"]
    words += [f"--bind=127.0.0.1:{port}", "--worker-class=gthread"]
    words += ["--workers=2", "--threads=8"]
    settings = {"DJANGO_SETTINGS_MODULE": "bench.bare", "CONN_MAX_AGE": "300"}
    environment = {**os.environ, **settings}
    numbers = itertools.count()
    with subprocess.Popen(  # noqa: ASYNC220 (it only starts)
        [sys.executable, *words], cwd=ROOT, env=environment, stderr=subprocess.DEVNULL
    ) as server:
        try:
            probe = load.Client(port)

            async def read(client: load.Client) -> None:
                pk = first + next(numbers) % 5000
                await client.call("GET", f"/read/?pk={pk}")

            await asyncio.to_thread(until, lambda: _listens(port))
            await read(probe)
            clients = [load.Client(port) for _ in range(people)]
            return await load.closed_loop(clients, SECONDS / 3, read)
        finally:
            server.terminate()


def _listens(port: int) -> bool:
    import socket

    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


async def _at_a_steady_rate(port: int) -> list[dict[str, Any]]:
    """Fifty requests each second, half leases and half votes, whatever comes back."""
    slug, tokens = await asyncio.to_thread(_people, 20_000, 300, is_ordered=True)
    base, times = f"/api/projects/{slug}", load.Times()

    async def cycle(client: load.Client, due: float) -> None:
        del due
        ask = client.call("POST", f"{base}/queue/lease/", {"count": 1})
        lease = await times.of("lease", ask)
        vote = load.vote_for(lease["items"][0], "x")
        await asyncio.sleep(0.3)
        await times.of("vote", client.call("POST", f"{base}/annotations/", vote))

    clients = [load.Client(port, token) for token in tokens]
    moments = [number / 25 for number in range(int(25 * SECONDS))]
    await load.open_loop(clients, moments, cycle)
    results = []
    for name, share, target in (("p50", 0.5, 8.0), ("p99", 0.99, 40.0)):
        lease, vote = (times.percentile(share, kind) for kind in ("lease", "vote"))
        results.append(
            row(
                f"http-{name}-at-50",
                times.percentile(share, "lease", "vote"),
                "ms",
                target,
                f"50 requests/s; lease {lease:.1f}, vote {vote:.1f} ms",
            )
        )
    return results


async def _herd(port: int) -> list[dict[str, Any]]:
    """Five hundred people press the button within the same second."""
    slug, tokens = await asyncio.to_thread(_people, 2000, 500)
    times = load.Times()
    given: list[int] = []

    async def ask(client: load.Client, due: float) -> None:
        del due
        call = client.call("POST", f"/api/projects/{slug}/queue/lease/", {"count": 1})
        lease = await times.of("lease", call)
        given.extend(entry["item"]["id"] for entry in lease["items"])

    chance = random.Random(1)
    moments = sorted(chance.random() for _ in tokens)
    await load.open_loop([load.Client(port, token) for token in tokens], moments, ask)
    twice = len(given) - len(set(given))
    herd = row(
        "http-herd-500",
        times.percentile(0.99, "lease"),
        "ms",
        1000,
        f"p99; {len(given)} of 500 got an item, {twice} items lent twice, no error;"
        f" p50 {times.percentile(0.5, 'lease'):.0f} ms",
    )
    herd["met"] = herd["met"] and twice == 0 and len(given) == len(tokens)
    return [herd]
