"""``assay up``: everything on this machine."""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import IO, Any

import psycopg
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from config import env, home
from config.embedded import postgres, redis
from config.supervise import Part, PartError, Supervisor

LEAST_SPACE = 300 * 2**20
ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}


def _python(*words: str) -> list[str]:
    return [sys.executable, *words]


class Command(BaseCommand):
    """Start the parts, keep them alive, stop them."""

    help = "Start database, broker, web, workers and scheduler; Ctrl-C stops them."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        """Take whether the demo projects are wanted."""
        parser.add_argument(
            "--without-demo", action="store_true", help="load no demo projects"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Check, start, watch, stop."""
        self.has_demo: bool = not options["without_demo"]
        self.home: Path = settings.ASSAY_HOME
        self.port = env.number("PORT", 8000)
        lock = self._check()
        supervisor = Supervisor(sys.stdout)
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: supervisor.is_stopping.set())
        try:
            self._start(supervisor)
            if not supervisor.is_stopping.is_set():
                supervisor.say("assay", f"ready: http://localhost:{self.port}/")
            supervisor.watch()
        except (PartError, subprocess.CalledProcessError) as error:
            raise CommandError(str(error)) from error
        finally:
            supervisor.stop()
            lock.close()
        supervisor.say("assay", "stopped")

    def _check(self) -> IO[str]:
        """Refuse with one clear line what would fail later; return the held lock."""
        try:
            self.home.mkdir(parents=True, exist_ok=True)
            lock = (self.home / "lock").open("w")
        except OSError as error:
            raise CommandError(
                f"{self.home} cannot be written: {error.strerror}."
            ) from error
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            lock.close()
            raise CommandError(f"Assay is already running on {self.home}.") from error
        if (free := shutil.disk_usage(self.home).free) < LEAST_SPACE:
            raise CommandError(
                f"Only {free // 2**20} MiB are free at {self.home}; "
                f"{LEAST_SPACE // 2**20} are needed."
            )
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", self.port))
            except OSError as error:
                raise CommandError(
                    f"Port {self.port} is taken: choose another, PORT=8001 make run."
                ) from error
        return lock

    def _start(self, supervisor: Supervisor) -> None:
        sockets = home.socket_folder(self.home)
        sockets.mkdir(parents=True, exist_ok=True)
        if settings.IS_EMBEDDED:
            self._start_database(supervisor, sockets)
        if not env.text("BROKER_URL"):
            data = self.home / "redis"
            data.mkdir(exist_ok=True)
            command = redis.command(data, sockets)
            supervisor.start(Part("redis", command, lambda: redis.is_ready(sockets)))
        self._manage(supervisor, "migrate")
        self._manage(supervisor, "collectstatic", "--noinput")
        if self.has_demo:
            self._manage(supervisor, "demo", "--once")
        self._start_web(supervisor)
        celery = ("-m", "celery", "-A", "config", "--quiet")
        log = "--loglevel=WARNING"
        for name, queue, count in (
            ("worker", "interactive", 2),
            ("trainer", "training", 1),
        ):
            words = [
                "worker",
                f"-Q{queue}",
                f"-c{count}",
                f"-n{name}@%h",
                log,
                "--without-mingle",
                "--without-gossip",
            ]
            supervisor.start(
                Part(name, _python(*celery, *words), environment=ONE_THREAD)
            )
        schedule = str(self.home / "schedule")
        supervisor.start(
            Part("scheduler", _python(*celery, "beat", log, "-s", schedule))
        )

    def _start_database(self, supervisor: Supervisor, sockets: Path) -> None:
        data = self.home / "postgres"
        postgres.prepare(data, sockets)
        _await_end(data / "postmaster.pid")
        part = Part(
            "database",
            postgres.command(data, sockets),
            lambda: postgres.is_ready(sockets),
            user=postgres.user(),
            stop_signal=signal.SIGINT,
        )
        supervisor.start(part)
        with psycopg.connect(
            host=str(sockets), user="postgres", dbname="postgres", autocommit=True
        ) as link:
            found = link.execute("SELECT 1 FROM pg_database WHERE datname = 'assay'")
            if found.fetchone() is None:
                link.execute("CREATE DATABASE assay")

    def _manage(self, supervisor: Supervisor, *words: str) -> None:
        """Run a command in a process of its own and show what it says."""
        if supervisor.is_stopping.is_set():
            return
        done = subprocess.run(  # noqa: S603 (our own command)
            _python(
                "manage.py", *words, "--verbosity", "0" if words[0] != "demo" else "1"
            ),
            cwd=settings.BASE_DIR,
            check=False,
            capture_output=True,
            text=True,
        )
        for line in (done.stdout + done.stderr).splitlines():
            supervisor.say(words[0][:10], line)
        if done.returncode:
            raise PartError(f"{words[0]} failed.")

    def _start_web(self, supervisor: Supervisor) -> None:
        words = ("-m", "gunicorn", "config.wsgi:application")
        options = (
            f"--bind=127.0.0.1:{self.port}",
            "--worker-class=gthread",
            "--workers=2",
            "--threads=8",
            "--log-level=warning",
            "--graceful-timeout=5",
            "--worker-tmp-dir=/dev/shm",
        )
        usable = options if Path("/dev/shm").is_dir() else options[:-1]  # noqa: S108
        supervisor.start(Part("web", _python(*words, *usable), self._web_answers))

    def _web_answers(self) -> bool:
        try:
            address = f"http://127.0.0.1:{self.port}/healthz"
            with urllib.request.urlopen(address, timeout=2) as answer:
                return bool(answer.status == 200)
        except (OSError, urllib.error.URLError):
            return False


def _await_end(pid_file: Path) -> None:
    """Wait until a database that was killed is gone; then its lock file may go too."""
    try:
        pid = int(pid_file.read_text().split("\n", 1)[0])
    except (OSError, ValueError):
        return
    deadline = time.monotonic() + 20
    while Path(f"/proc/{pid}").exists() and time.monotonic() < deadline:
        if "postgres" not in _name_of(pid):
            return
        time.sleep(0.1)
    if not Path(f"/proc/{pid}").exists():
        pid_file.unlink(missing_ok=True)
    elif "postgres" in _name_of(pid):
        os.kill(pid, signal.SIGQUIT)


def _name_of(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/comm").read_text()
    except OSError:
        return ""
