"""The queue under measure: flat in items and in one's own past, and fast over HTTP.

``SCALE`` in the environment shrinks the data and the durations for a quick look.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import random
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench import export, load
from config import home
from config.embedded import postgres

if TYPE_CHECKING:
    from labeling.models import Membership, Project

ROOT = Path(__file__).resolve().parents[1]
SCALE = float(os.environ.get("SCALE", "1"))
MANY = max(5000, int(1_000_000 * SCALE))
OWN = max(1000, int(20_000 * SCALE))
LEASES = max(60, int(400 * min(1, SCALE)))
SECONDS = max(3, 12 * min(1, SCALE))
FLAT, BUSY = 1.2, 1.3
QUIET = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


def rows(only: str = "") -> list[dict[str, Any]]:
    """Measure on a database and a server of our own, durable as in production."""
    parts: dict[str, Callable[[], list[dict[str, Any]]]] = {
        "lease-1m": _lease_at_a_million,
        "lease-own-past": _lease_after_own_past,
        "lease-own-past-overlap": _lease_after_own_past_with_overlap,
        "lease-busy": _lease_while_busy,
        "export-1m": lambda: export.rows(MANY),
        "http": _over_http,
    }
    wanted = [
        part for name, part in parts.items() if only in ("", "queue") or only == name
    ]
    if not wanted:
        return []
    with _machine():
        found = [row for part in wanted if part is not _over_http for row in part()]
        _empty()
    if _over_http in wanted:
        found += _over_http()
    shutil.rmtree(os.environ["ASSAY_HOME"], ignore_errors=True)
    return found


def _row(
    name: str, value: float, unit: str, target: float, detail: str
) -> dict[str, Any]:
    is_rate = unit.endswith("/s")
    return {
        "name": name,
        "value": round(value, 2),
        "unit": unit,
        "target": target,
        "met": value >= target if is_rate else value <= target,
        "detail": detail,
    }


@contextmanager
def _machine() -> Iterator[None]:
    """Run the embedded PostgreSQL alone, with its tables, in a home of its own."""
    folder = Path(tempfile.mkdtemp(prefix="assay-bench-"))
    folder.chmod(0o755)
    os.environ.update(ASSAY_HOME=str(folder), CONN_MAX_AGE="0", **QUIET)
    os.environ.pop("DATABASE_URL", None)
    os.environ["BROKER_URL"] = "memory://"
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    sockets = home.socket_folder(folder)
    data = folder / "postgres"
    postgres.prepare(data, sockets)
    with subprocess.Popen(
        postgres.command(data, sockets),
        user=postgres.user(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as server:
        try:
            while not postgres.is_ready(sockets):
                time.sleep(0.1)
            _make_tables(sockets)
            yield
        finally:
            server.send_signal(signal.SIGINT)


def _make_tables(sockets: Path) -> None:
    import django
    import psycopg
    from django.core.management import call_command

    with psycopg.connect(
        host=str(sockets), user="postgres", dbname="postgres", autocommit=True
    ) as link:
        link.execute("CREATE DATABASE assay")
    django.setup()
    call_command("migrate", verbosity=0)


def _empty() -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE labeling_project, labeling_job CASCADE")
    connection.close()


def _times(*whose: Membership, count: int = LEASES) -> list[list[float]]:
    """Lease and answer in turns; return each one's milliseconds per lease."""
    from labeling.services import annotate, members, queue

    taken: list[list[float]] = [[] for _ in whose]
    for number in range(count + 20):
        for mine, person in zip(taken, whose, strict=True):
            # As each request does.
            who = members.membership(person.user, person.project.slug)
            start = time.perf_counter()
            lease = queue.lease(who, 1)
            spent = 1000 * (time.perf_counter() - start)
            if number >= 20:
                mine.append(spent)
            vote = annotate.Vote(lease.assignments[0].pk, ("x",), uuid.uuid4())
            annotate.submit(who, vote)
    return taken


def _told(times: list[float]) -> str:
    ordered = sorted(times)
    return (
        f"{statistics.median(ordered):.2f} ms"
        f" (p99 {ordered[int(0.99 * len(ordered))]:.1f})"
    )


def _ratio(
    name: str, times: list[list[float]], target: float, words: tuple[str, str]
) -> dict[str, Any]:
    big, small = times
    value = statistics.median(big) / statistics.median(small)
    detail = f"{words[0]} {_told(big)}, {words[1]} {_told(small)}"
    return _row(name, value, "×", target, detail)


def _lease_at_a_million() -> list[dict[str, Any]]:
    from bench import fill

    small, large = fill.project(1000), fill.project(MANY)
    for one in (small, large):
        fill.rank(one, 20_000)
    times = _times(fill.person(large), fill.person(small))
    words = (f"{MANY:,} items", "1,000 items")
    return [_ratio("lease-1m", times, FLAT, words)]


def _lease_after_own_past() -> list[dict[str, Any]]:
    from bench import fill

    project = fill.project(OWN + 4 * LEASES)
    old, new = fill.person(project), fill.person(project)
    fill.answer(old, OWN)
    fill.rank(project, 20_000)
    words = (f"after {OWN:,} own labels", "after none")
    return [_ratio("lease-own-past", _times(old, new), FLAT, words)]


def _lease_after_own_past_with_overlap() -> list[dict[str, Any]]:
    """The head of the further votes is full of what the person has answered."""
    from bench import fill

    project = fill.project(OWN + 8 * LEASES, overlap=2)
    old, new = fill.person(project), fill.person(project)
    fill.answer(old, OWN)
    fill.rank(project, OWN + 8 * LEASES)
    words = (f"after {OWN:,} own labels, two votes per item", "after none")
    return [_ratio("lease-own-past-overlap", _times(old, new), FLAT, words)]


def _lease_while_busy() -> list[dict[str, Any]]:
    from bench import fill

    project = fill.project(MANY)
    fill.rank(project, 20_000)
    who = fill.person(project)
    found = []
    for name in ("export", "rescore"):
        [idle] = _times(who, count=LEASES // 2)
        with _beside(name, project):
            [busy] = _times(who, count=LEASES)
        [after] = _times(who, count=LEASES // 2)
        words = (f"during {name} of {MANY:,} items", "before and after")
        found.append(_ratio(f"lease-during-{name}", [busy, idle + after], BUSY, words))
    return found


@contextmanager
def _beside(work: str, project: Project) -> Iterator[None]:
    """Let another process repeat a piece of batch work."""
    words = [sys.executable, "-m", "bench.queue", work, str(project.pk)]
    with subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE, text=True) as busy:
        if busy.stdout is None or not busy.stdout.readline():
            raise RuntimeError(f"{work} did not start")
        try:
            yield
            if busy.poll() is not None:
                raise RuntimeError(f"{work} has ended too early")
        finally:
            busy.kill()


def _work(name: str, project_id: int) -> None:
    """Export everything, or replace every prediction and the queue, again and again."""
    import django

    django.setup()
    from bench import fill
    from labeling.models import Item, Project
    from labeling.services import exporting, predictions

    project = Project.objects.get(pk=project_id)
    sys.stdout.write("started\n")
    sys.stdout.flush()
    while True:
        if name == "export":
            for _ in exporting.stream(project, "jsonl", {}):
                pass
        else:
            ids = Item.objects.filter(project=project).values_list("pk", flat=True)
            told = ((pk, "x", 0.5) for pk in ids.iterator(20_000))
            predictions.publish(project_id, 1, told)
            fill.rank(project, 20_000)


def _over_http() -> list[dict[str, Any]]:
    from tests.running.machine import Machine

    folder = Path(os.environ["ASSAY_HOME"])
    machine = Machine(folder)
    machine.start()
    try:
        found = asyncio.run(_cycles(machine.port))
        found += asyncio.run(_at_a_steady_rate(machine.port))
        found += asyncio.run(_herd(machine.port))
    finally:
        machine.stop()
    return found


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
    found = []
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
        found.append(_row(f"http-cycles-{people}", rate, "cycles/s", 150, detail))
    return found


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
    found = []
    for name, share, target in (("p50", 0.5, 8.0), ("p99", 0.99, 40.0)):
        lease, vote = (times.percentile(share, kind) for kind in ("lease", "vote"))
        found.append(
            _row(
                f"http-{name}-at-50",
                times.percentile(share, "lease", "vote"),
                "ms",
                target,
                f"50 requests/s; lease {lease:.1f}, vote {vote:.1f} ms",
            )
        )
    return found


async def _herd(port: int) -> list[dict[str, Any]]:
    """Five hundred people press the button within the same second."""
    slug, tokens = await asyncio.to_thread(_people, 2000, 500)
    times = load.Times()
    given: list[int] = []

    async def ask(client: load.Client, due: float) -> None:
        del due
        call = client.call("POST", f"/api/projects/{slug}/queue/lease/", {"count": 1})
        answer = await times.of("lease", call)
        given.extend(one["item"]["id"] for one in answer["items"])

    chance = random.Random(1)
    moments = sorted(chance.random() for _ in tokens)
    await load.open_loop([load.Client(port, one) for one in tokens], moments, ask)
    twice = len(given) - len(set(given))
    row = _row(
        "http-herd-500",
        times.percentile(0.99, "lease"),
        "ms",
        1000,
        f"p99; {len(given)} of 500 got an item, {twice} items lent twice, no error;"
        f" p50 {times.percentile(0.5, 'lease'):.0f} ms",
    )
    row["met"] = row["met"] and twice == 0 and len(given) == len(tokens)
    return [row]


if __name__ == "__main__":
    _work(sys.argv[1], int(sys.argv[2]))
