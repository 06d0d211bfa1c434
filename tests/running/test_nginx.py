"""nginx before two web processes, as the documents configure it: below a path, and attacked.

``NGINX_FIGURES=file`` keeps what the people waited, with and without the attack.
"""

from __future__ import annotations

import http.client
import itertools
import json
import os
import shutil
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.e2e.browser import CHROMIUM
from tests.running.journey import BELOW, HOST, Journey, travel
from tests.running.machine import ROOT, Machine, free_port, open_folder, until
from tests.running.nginx import NGINX, nginx
from tests.running.slow_sockets import SLOW, trusting

pytestmark = [
    pytest.mark.running,
    pytest.mark.browser,
    pytest.mark.soak,
    pytest.mark.skipif(not NGINX, reason="no nginx: apt-get install nginx-light"),
    pytest.mark.skipif(not CHROMIUM, reason="no Chromium: apt-get install chromium"),
    pytest.mark.skipif(shutil.which("openssl") is None, reason="no openssl"),
]
PEOPLE, SECONDS, THINKS = 20, 20, 0.5
JOIN = """
from labeling.models import Project
from labeling.services.accounts import tokens
from labeling.services.projects import members
from tests import make
project = Project.objects.get(slug="below")
for _ in range({people}):
    member = make.member(project)
    print("token", tokens.issue(member.user, "test").key)
"""


@contextmanager
def second_web(machine: Machine) -> Iterator[int]:
    """Run another web process than the machine's own, on the same data."""
    port = free_port()
    process = machine.begin(
        *("-m", "gunicorn", "config.wsgi:application", f"--bind=127.0.0.1:{port}"),
        *("--worker-class=running.server.Worker", "--workers=1", "--threads=8"),
        *("--worker-tmp-dir=/dev/shm", "--log-level=warning"),
    )

    def answers() -> bool:
        assert process.poll() is None, machine.log.read_text()
        with suppress(OSError):
            return probe(port, "/healthz") == 200
        return False

    try:
        until(answers)
        yield port
    finally:
        process.terminate()
        process.wait(30)


@pytest.fixture(scope="module")
def site() -> Iterator[tuple[Machine, list[int], int]]:
    """Return the machine, the ports of its web processes, and that of nginx."""
    with open_folder() as folder:
        machine = Machine(
            folder / "home", ALLOWED_HOSTS=HOST, HTTPS="1", URL_PREFIX=BELOW
        )
        before = folder / "nginx"
        before.mkdir()
        try:
            machine.start()
            with second_web(machine) as second:
                webs = [machine.port, second]
                with nginx(before, host=HOST, behind=webs, below=BELOW) as port:
                    yield machine, webs, port
        finally:
            machine.kill_all()


def probe(port: int, path: str, host: str = "10.0.0.7") -> int:
    link = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        link.request("GET", path, headers={"Host": host})
        return link.getresponse().status
    finally:
        link.close()


class Annotator:
    """A person with one connection, who leases, thinks and answers."""

    def __init__(self, port: int, token: str) -> None:
        self.host = f"{HOST}:{port}"
        self.token = token
        self.link = http.client.HTTPSConnection(
            "127.0.0.1", port, timeout=60, context=trusting()
        )
        self.waited: list[float] = []
        self.refused: list[str] = []
        self.votes = 0

    def call(self, path: str, body: object) -> Any:
        begun = time.perf_counter()
        self.link.request(
            "POST",
            f"{BELOW}api/projects/below/{path}",
            json.dumps(body),
            {
                "Host": self.host,
                "Authorization": f"Token {self.token}",
                "Content-Type": "application/json",
            },
        )
        answer = self.link.getresponse()
        content = answer.read()
        self.waited.append(time.perf_counter() - begun)
        if answer.status >= 400:
            self.refused.append(f"{answer.status} {content[:200]!r}")
        return json.loads(content)

    def label(self, until_then: float) -> None:
        while time.monotonic() < until_then:
            for lent in self.call("queue/lease/", {"count": 3})["items"]:
                time.sleep(THINKS)
                vote = {
                    "assignment": lent["assignment"],
                    "labels": ["cat"],
                    "client_id": str(uuid.uuid4()),
                }
                self.call("annotations/", vote)
                self.votes += 1
        self.link.close()


def labeled(port: int, tokens: list[str]) -> tuple[list[float], int, list[str]]:
    """Have all label at once; return what they waited, their votes and refusals."""
    people = [Annotator(port, token) for token in tokens]
    end = time.monotonic() + SECONDS
    with ThreadPoolExecutor(len(people)) as threads:
        for done in [threads.submit(person.label, end) for person in people]:
            done.result()
    return (
        sorted(second for person in people for second in person.waited),
        sum(person.votes for person in people),
        [text for person in people for text in person.refused],
    )


class SlowReport(NamedTuple):
    """What the attack says of itself: connections that it made, and that ended for it."""

    opened: int
    closed: int


@contextmanager
def attacked(port: int) -> Iterator[list[SlowReport]]:
    """Attack nginx by a process of its own; the list has what it says at the end."""
    told: list[SlowReport] = []
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.running.slow_sockets", str(port)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "begun\n"
    try:
        yield told
    finally:
        rest, _ = process.communicate("", timeout=60)
    told.append(SlowReport(*map(int, rest.split())))


@pytest.fixture(scope="module")
def journey(
    site: tuple[Machine, list[int], int], tmp_path_factory: pytest.TempPathFactory
) -> Journey:
    """Return a person's way through the site; their project is there from then on."""
    machine, _webs, port = site
    password = machine.run("user", "create", "boss", "--manager").split()[-1]
    return travel(port, password, tmp_path_factory.mktemp("journey"))


def test_all_of_a_site_behind_nginx_stays_below_its_path(journey: Journey) -> None:
    journey.check()


def test_probes_are_answered_by_address_and_without_tls(
    site: tuple[Machine, list[int], int],
) -> None:
    _machine, webs, port = site
    asked = [
        (web, f"{way}{path}")
        for web in webs
        for way in ("", "/x/y")
        for path in ("/healthz", "/readyz")
    ]

    assert {(web, path): probe(web, path) for web, path in asked} == dict.fromkeys(
        asked, 200
    )
    # By nginx, too, whatever the host is called; anything else is refused.
    link = http.client.HTTPSConnection("127.0.0.1", port, context=trusting())
    link.request("GET", f"{BELOW}readyz", headers={"Host": "10.0.0.7"})
    assert link.getresponse().read()
    assert probe(webs[0], "/login/") in (301, 400)
    link.close()


@pytest.mark.usefixtures("journey")
def test_slow_requests_refuse_nobody_who_labels_beside_them(
    site: tuple[Machine, list[int], int], tmp_path: Path
) -> None:
    machine, _webs, port = site
    file = tmp_path / "many.jsonl"
    rows = [json.dumps({"text": f"another text {n}"}) for n in range(4000)]
    file.write_text("\n".join(rows))
    machine.run("import", "below", str(file))
    told = machine.run("shell", "-c", JOIN.format(people=PEOPLE)).split()
    tokens = [word for before, word in itertools.pairwise(told) if before == "token"]
    assert len(tokens) == PEOPLE
    labeled(port, tokens)  # once, for what is made when it is asked for first

    alone, votes, refused = labeled(port, tokens)
    with attacked(port) as told_of_it:
        beside, votes_beside, refused_beside = labeled(port, tokens)
    (attack,) = told_of_it
    kept = machine.run("export", "below").count('"annotator"')

    assert refused + refused_beside == []
    assert min(votes, votes_beside) >= PEOPLE * SECONDS * THINKS
    assert kept >= votes + votes_beside
    # nginx has let go of those that sent too little, and they came again. Without its limits
    # of time it ends 141 in 22 s: those that its limit of log-ins refuses.
    assert attack.opened > SLOW
    assert attack.closed > SLOW / 2
    if name := os.environ.get("NGINX_FIGURES"):
        figures = {
            f"{what}_{part}": round(waited[int(share * (len(waited) - 1))] * 1000, 1)
            for what, waited in (("alone", alone), ("attacked", beside))
            for part, share in (("p50", 0.5), ("p99", 0.99))
        }
        figures |= {
            "votes": votes,
            "votes_attacked": votes_beside,
            "opened": attack.opened,
            "closed": attack.closed,
        }
        Path(name).write_text(json.dumps(figures))
