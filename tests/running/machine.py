"""A whole Assay, started as a person starts it, in a home of its own."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from config.home import socket_folder

ROOT = Path(__file__).resolve().parents[2]
PARTS = {
    "database": "bin/postgres -D",
    "web": "gunicorn",
    "worker": "worker@",
    "trainer": "trainer@",
    "scheduler": " beat ",
}


@contextmanager
def open_folder() -> Iterator[Path]:
    """A folder that the database's user may enter.

    Pytest closes the folder around its own ones to others whenever a session begins,
    also under the servers of one that runs.
    """
    folder = Path(tempfile.mkdtemp(prefix="assay-test-"))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def until(say: Callable[[], Any], *, seconds: float = 150) -> Any:
    """Return what ``say`` returns once it is true."""
    deadline = time.monotonic() + seconds
    while not (answer := say()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"not within {seconds:.0f} s: {say}")
        time.sleep(0.2)
    return answer


class Machine:
    """Starts ``assay up`` and calls it by its API.

    Its database has its tables already where pytest keeps such a cluster: half a minute
    that only the first start of a person needs (``test_readme``).
    """

    def __init__(self, home: Path, **environment: str) -> None:
        self.home = home
        is_elsewhere = "DATABASE_URL" in environment
        self.cluster = None if is_elsewhere else os.environ.get("TEST_CLUSTER")
        self.port = free_port()
        kept = {
            name: value
            for name, value in os.environ.items()
            if name not in ("DATABASE_URL", "BROKER_URL", "SECRET_KEY", "CONN_MAX_AGE")
        }
        self.environment = {
            **kept,
            "ASSAY_HOME": str(home),
            "PORT": str(self.port),
            "PYTHONPATH": str(ROOT),
            "XDG_STATE_HOME": str(home.parent / "state"),
            # Or a process that names itself writes over its environment.
            "SPT_NOENV": "1",
            **environment,
        }
        self.process: subprocess.Popen[str] | None = None
        self.beside: list[subprocess.Popen[str]] = []
        self.token = ""
        self.log = home.parent / f"{home.name[:40]}.log"

    def start(self, *, demo: bool = False) -> None:
        data = self.home / "postgres"
        if self.cluster and not data.exists():
            self.home.mkdir(parents=True, exist_ok=True)
            # With its owner: the server may run as another user.
            subprocess.run(["cp", "-a", self.cluster, data], check=True)
        self.launch(demo=demo)
        until(self._is_ready, seconds=240)

    def launch(self, *, demo: bool = False) -> None:
        words = [] if demo else ["--without-demo"]
        with self.log.open("a") as log:
            self.process = subprocess.Popen(
                [sys.executable, "manage.py", "up", *words],
                cwd=ROOT,
                env=self.environment,
                stdout=log,
                stderr=log,
                text=True,
            )

    def _is_ready(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, self.log.read_text()
        try:
            return bool(self.call("GET", "/readyz")[0] == 200)
        except OSError:
            return False

    def run(self, *words: str) -> str:
        """Run one of the commands beside it."""
        done = subprocess.run(
            [sys.executable, "manage.py", *words],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def begin(self, *words: str) -> subprocess.Popen[str]:
        """Start a Python program beside it, to be told more by its input."""
        with self.log.open("a") as log:
            begun = subprocess.Popen(
                [sys.executable, *words],
                cwd=ROOT,
                env=self.environment,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                text=True,
            )
        self.beside.append(begun)
        return begun

    def refusal(self) -> tuple[int, str]:
        """Start where it cannot start; return the exit code and what it says."""
        done = subprocess.run(
            [sys.executable, "manage.py", "up", "--without-demo"],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        return done.returncode, (done.stdout + done.stderr).strip()

    def call(self, method: str, path: str, body: object = None) -> tuple[int, Any]:
        """Send JSON, or bytes as lines of it; return the status and the answer."""
        is_lines = isinstance(body, bytes)
        sent = body if isinstance(body, bytes) else json.dumps(body).encode()
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}{path}",
            method=method,
            data=None if body is None else sent,
            headers={
                "Content-Type": f"application/{'x-ndjson' if is_lines else 'json'}",
                **({"Authorization": f"Token {self.token}"} if self.token else {}),
            },
        )
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                return answer.status, _read(answer.read())
        except urllib.error.HTTPError as error:
            return error.code, _read(error.read())

    def sure(self, method: str, path: str, body: object = None) -> Any:
        """Call again until the server answers without an error of its own."""

        def attempt() -> tuple[Any] | None:
            try:
                status, reply = self.call(method, path, body)
            except OSError:
                return None
            return (reply,) if status < 500 else None

        return until(attempt)[0]

    def set_up(self, count: int = 30) -> str:
        """Make a manager with a project of so many items; return the password."""
        password = self.run("user", "create", "boss", "--manager").split()[-1]
        self.token = self.run("token", "boss").split()[1]
        self.sure(
            "POST",
            "/api/projects/",
            {
                "name": "P",
                "slug": "p",
                "data_type": "text",
                "task_type": "single",
                "labels": [{"name": "x"}, {"name": "y"}],
            },
        )
        rows = "\n".join(
            json.dumps({"external_id": str(n), "text": f"text number {n}"})
            for n in range(count)
        )
        file = self.home.parent / "rows.jsonl"
        file.write_text(rows)
        self.run("import", "p", str(file))
        until(lambda: self.sure("POST", LEASE, {"count": 1})["items"])
        return password

    def vote(self) -> str:
        """Answer one item, as often as it takes; return its own name."""
        return self.answer(
            until(lambda: self.sure("POST", LEASE, {"count": 1})["items"])[0]
        )

    def answer(self, lent: dict[str, Any]) -> str:
        """Answer an item that was lent; return its own name."""
        vote = {
            "assignment": lent["assignment"],
            "labels": ["x"],
            "client_id": str(uuid.uuid4()),
        }
        reply = self.sure("POST", "/api/projects/p/annotations/", vote)
        assert "id" in reply, reply
        return str(lent["item"]["external_id"])

    def voted(self) -> list[str]:
        """Return the items with a vote, once for each vote."""
        lines = self.run("export", "p").splitlines()
        rows = [json.loads(line) for line in lines]
        return sorted(row["external_id"] for row in rows for _ in row["votes"])

    def processes(self) -> dict[int, str]:
        """Return every process that works on this home."""
        commands = {}
        mark = f"ASSAY_HOME={self.home}".encode()
        sockets = str(socket_folder(self.home))
        for folder in Path("/proc").iterdir():
            if not folder.name.isdecimal() or int(folder.name) == os.getpid():
                continue
            try:
                words = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                known = (folder / "environ").read_bytes().split(b"\0")
                if mark in known or sockets in words:
                    commands[int(folder.name)] = words
            except (OSError, ValueError):
                continue  # it ended while we looked
        return commands

    def pid_of(self, part: str) -> int:
        """Return the first process of a part, or 0 while there is none."""
        mine = [pid for pid, words in self.processes().items() if PARTS[part] in words]
        return min(mine, default=0)

    def kill_all(self) -> None:
        for pid in self.processes():
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue  # its parent took it along
        if self.process is not None:
            self.process.wait(20)
        for process in self.beside:
            process.communicate(timeout=20)
        until(lambda: not self.processes())

    def stop(self) -> int:
        if self.process is None or self.process.poll() is not None:
            return 0
        self.process.terminate()
        return self.process.wait(60)


LEASE = "/api/projects/p/queue/lease/"


def _read(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return body.decode()
