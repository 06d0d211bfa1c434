"""F16 and F18 on a whole Assay: a worker stands still and wakes, and everybody comes at once.

``F18_FIGURES=file`` keeps what everybody waited.
"""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psycopg
import pytest

from config.home import socket_folder
from tests.running.machine import LEASE, Machine, until

pytestmark = [pytest.mark.running, pytest.mark.soak]
ROWS = 60_000
WOKE = "was taken over by another worker|idle-in-transaction timeout"
IMPORTS = "/api/projects/p/imports/"
PEOPLE, EACH = 50, 10
JOIN = """
from labeling.models import Project
from labeling.services.accounts import tokens
from tests import make
project = Project.objects.get(slug="p")
for _ in range({people}):
    print("token", tokens.issue(make.member(project).user, "test").key)
"""
JOB = """
SELECT state, attempt, done,
       (SELECT count(*) FROM labeling_item) AS items,
       (SELECT count(DISTINCT external_id) FROM labeling_item) AS names
FROM labeling_job WHERE kind = 'import' ORDER BY id DESC LIMIT 1
"""


@pytest.fixture
def machine(folder: Path) -> Iterator[Machine]:
    started = Machine(folder / "home")
    try:
        started.start()
        started.set_up(ROWS // 100)
        yield started
    finally:
        started.kill_all()


def asked(machine: Machine) -> tuple[Any, ...]:
    with psycopg.connect(
        host=str(socket_folder(machine.home)), user="postgres", dbname="assay"
    ) as link:
        (row,) = link.execute(JOB).fetchall()
        return tuple(row)


def test_f16_a_worker_that_stood_still_changes_nothing_when_it_wakes(
    machine: Machine,
) -> None:
    before = asked(machine)[3]
    rows = ({"external_id": f"m{n}", "text": f"m {n}"} for n in range(ROWS))
    # By a call: the command would do the work itself.
    machine.sure("POST", IMPORTS, "\n".join(map(json.dumps, rows)).encode())
    until(lambda: asked(machine)[0] == "running" and asked(machine)[3] > before)
    first = os.getpgid(machine.pid_of("worker"))
    os.killpg(first, signal.SIGSTOP)
    try:
        assert asked(machine)[0] == "running"
        second = machine.begin(
            *("-m", "celery", "-A", "config", "worker", "-Qinteractive", "-c1"),
            *(
                "-nsecond@%h",
                "--without-mingle",
                "--without-gossip",
                "--without-heartbeat",
            ),
        )
        until(lambda: asked(machine)[:2] == ("done", 2), seconds=400)
        done = asked(machine)
    finally:
        os.killpg(first, signal.SIGCONT)
    # It goes on where it stood, and meets the fence.
    # Or the database has ended what it had begun.
    until(lambda: re.search(WOKE, machine.log.read_text()))

    assert asked(machine) == done
    assert done[3] == done[4] == before + ROWS
    # The first worker lives, and does the next job.
    second.terminate()
    second.wait(60)
    machine.sure("POST", IMPORTS, json.dumps({"text": "one more"}).encode())
    until(lambda: asked(machine)[0] == "done" and asked(machine)[3] == done[3] + 1)


class Everybody:
    """As many people as there are tokens, who all ask at the same moment."""

    def __init__(self, port: int, tokens: list[str]) -> None:
        self.port, self.tokens = port, tokens
        self.gate = threading.Barrier(len(tokens))
        self.waited: list[float] = []

    def lease(self, token: str) -> list[int]:
        link = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        # Whoever holds some already is lent the rest.
        head = {"Authorization": f"Token {token}", "Content-Type": "application/json"}
        link.connect()
        lent: list[int] = []
        try:
            self.gate.wait()
            for count in range(1, EACH + 1):
                begun = time.perf_counter()
                link.request("POST", LEASE, json.dumps({"count": count}), head)
                answer = link.getresponse()
                told = json.loads(answer.read())
                self.waited.append(time.perf_counter() - begun)
                assert answer.status == 200, told
                lent = [held["item"]["id"] for held in told["items"]]
        finally:
            link.close()
        return lent

    def come(self) -> list[int]:
        with ThreadPoolExecutor(len(self.tokens)) as threads:
            return [
                item for lent in threads.map(self.lease, self.tokens) for item in lent
            ]


def test_f18_five_hundred_leases_at_once_lend_nothing_twice(machine: Machine) -> None:
    told = machine.run("shell", "-c", JOIN.format(people=PEOPLE)).split()
    tokens = [told[at + 1] for at, word in enumerate(told) if word == "token"]
    assert len(tokens) == PEOPLE
    everybody = Everybody(machine.port, tokens)

    lent = everybody.come()

    assert len(lent) == len(set(lent)) == PEOPLE * EACH
    if name := os.environ.get("F18_FIGURES"):
        waited = sorted(everybody.waited)
        figures = {
            part: round(waited[int(part * (len(waited) - 1))], 3)
            for part in (0.5, 0.99)
        }
        Path(name).write_text(json.dumps(figures))
