"""``assay up``: everything on this machine."""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import socket
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import IO, Any

import psycopg
from celery.exceptions import OperationalError
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError, connection

from config import celery_app, env, home
from config.keys import check_secret_key
from config.metrics import requests
from running import finding
from running.embedded import postgres
from running.supervise import PartError, ProcessPart, Stopped, Supervisor, end_leftovers

LEAST_SPACE = 300 * 2**20
ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
# Celery warns root that a message may be code (pickle); our messages are JSON only.
_ROOT_IS_FINE = {"PYTHONWARNINGS": "ignore:You're running the worker with superuser"}


def _python(*words: str) -> list[str]:
    return [sys.executable, *words]


class Command(BaseCommand):
    """Start the parts, keep them alive, stop them."""

    help = "Start database, web, workers and scheduler; Ctrl-C stops them."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        """Take whether to load the demo."""
        parser.add_argument(
            "--without-demo", action="store_true", help="start without demo projects"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Check, start, watch, stop.

        Raises CommandError where a part cannot be started, or ends for good, and
        ImproperlyConfigured where SECRET_KEY can be guessed.
        """
        check_secret_key()
        # The parts inherit it: what they write is for nobody else on this machine.
        os.umask(0o077)
        self.home: Path = settings.ASSAY_HOME
        self.sockets = home.socket_folder(self.home)
        self.port = env.number("PORT", finding.USUAL_PORT)
        self.has_demo = not options["without_demo"]
        supervisor = Supervisor(sys.stdout, self.home / "parts")
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, lambda *_: supervisor.is_stopping.set())
        lock = _check(self.home, self.sockets, self.port)
        _stand_in_packages(self.home)
        try:
            self._run(supervisor)
        except Stopped:
            pass
        except (PartError, OSError) as error:
            raise CommandError(str(error)) from error
        finally:
            # The lock on the folder is let go last, when nothing writes there any more.
            supervisor.stop()
            finding.forget(self.home)
            lock.close()
        supervisor.say("assay", "stopped")

    def _run(self, supervisor: Supervisor) -> None:
        end_leftovers(supervisor.roll)
        _check_port(self.port)
        finding.keep(self.home, self.port)
        self._start(supervisor)
        supervisor.say("assay", f"ready: http://localhost:{self.port}/")
        supervisor.watch()

    def _start(self, supervisor: Supervisor) -> None:
        if settings.IS_EMBEDDED:
            self._start_database(supervisor)
        else:
            _check_database()
        if env.text("BROKER_URL"):
            _check_broker()
        words = ["prepare"] if self.has_demo else ["prepare", "--without-demo"]
        supervisor.run("prepare", _python("-m", "manage", *words), ONE_THREAD)
        self._start_web(supervisor)
        self._start_celery(supervisor)

    def _start_celery(self, supervisor: Supervisor) -> None:
        celery = ("-m", "celery", "-A", "config", "--quiet")
        # Nobody listens to workers' heartbeats, and the thread that sends them waits for
        # a lost broker while it holds what the end of the worker waits for.
        silent = ("--without-mingle", "--without-gossip", "--without-heartbeat")
        usual = ("--loglevel=WARNING", *silent)
        # Niceness: people's requests come first, then short jobs, then training.
        commands = {
            "worker": (5, ("worker", "-Qinteractive", "-c2", "-nworker@%h", *usual)),
            "trainer": (10, ("worker", "-Qtraining", "-c1", "-ntrainer@%h", *usual)),
            "scheduler": (0, ("beat", usual[0], "-s", str(self.home / "schedule"))),
        }
        for name, (niceness, words) in commands.items():
            supervisor.start(
                ProcessPart(
                    name,
                    _python(*celery, *words),
                    environment={**ONE_THREAD, **_ROOT_IS_FINE},
                    niceness=niceness,
                    orphan_signal=signal.SIGQUIT,
                )
            )

    def _start_database(self, supervisor: Supervisor) -> None:
        data = self.home / "postgres"
        postgres.prepare(data, self.sockets)
        postgres.await_end(data / "postmaster.pid")
        part = ProcessPart(
            "database",
            postgres.command(data, self.sockets),
            lambda: postgres.is_ready(self.sockets),
            clear=lambda: postgres.end_backends(data.resolve()),
            user=postgres.user(),
            is_store=True,
            # SIGINT is PostgreSQL's fast shutdown; with SIGTERM it waits until every
            # client has gone.
            stop_signal=signal.SIGINT,
            orphan_signal=signal.SIGINT,
        )
        supervisor.start(part)
        with psycopg.connect(
            host=str(self.sockets), user="postgres", dbname="postgres", autocommit=True
        ) as link:
            known = link.execute("SELECT 1 FROM pg_database WHERE datname = 'assay'")
            if known.fetchone() is None:
                # Hence autocommit: it is refused within a transaction.
                link.execute("CREATE DATABASE assay")

    def _start_web(self, supervisor: Supervisor) -> None:
        # The counts of the processes that have ended go with them: counters begin anew.
        metrics = self.home / "run" / "metrics"
        shutil.rmtree(metrics, ignore_errors=True)
        options = [
            f"--bind=127.0.0.1:{self.port}",
            "--worker-class=running.server.Worker",
            "--workers=2",
            "--threads=8",
            # The workers are forked from one loaded process and share its memory
            # (config/wsgi.py).
            "--preload",
            "--log-level=warning",
            "--graceful-timeout=5",
        ]
        if Path("/dev/shm").is_dir():  # noqa: S108  # nosec B108
            # The heartbeats of workers are touches of a file: on a slow disk they look
            # dead.
            options.append("--worker-tmp-dir=/dev/shm")
        supervisor.start(
            ProcessPart(
                "web",
                _python("-m", "gunicorn", "config.wsgi:application", *options),
                self._web_responds,
                environment={**ONE_THREAD, requests.FOLDER: str(metrics)},
                orphan_signal=signal.SIGQUIT,
            )
        )

    def _web_responds(self) -> bool:
        try:
            address = f"http://127.0.0.1:{self.port}/healthz"
            with urllib.request.urlopen(address, timeout=2) as reply:  # nosec B310
                return bool(reply.status == 200)
        except (OSError, urllib.error.URLError):
            return False


def _stand_in_packages(folder: Path) -> None:
    """Start the parts where our packages are.

    Python and Celery look for modules where they stand first: a ``config.py`` of somebody
    else's folder must not be taken for ours. Paths from here are told in full.
    """
    os.environ["ASSAY_HOME"] = str(folder)
    for kind in ("SECRET_KEY", "DATABASE_URL", "BROKER_URL", "OIDC_CLIENT_SECRET"):
        name = f"{kind}_FILE"
        if path := os.environ.get(name):
            os.environ[name] = str(Path(path).absolute())
    os.chdir(settings.BASE_DIR)


def _check(folder: Path, sockets: Path, port: int) -> IO[str]:
    """Refuse in one line what would fail later; return the lock on the folder, held."""
    if not 0 < port < 2**16:
        raise CommandError(f"PORT={port} is not a port: choose 1 to 65535.")
    try:
        # Here, for a command run beside it would make them open.
        for part in (folder, settings.MEDIA_ROOT, settings.LEARN_ROOT):
            part.mkdir(parents=True, exist_ok=True)
        lock = (folder / "lock").open("w")
    except OSError as error:
        raise CommandError(
            f"ASSAY_HOME={folder} cannot be written: {error.strerror}."
        ) from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        lock.close()
        raise CommandError(
            f"Assay is already running on {folder}: "
            f"http://localhost:{finding.noted_port(folder)}/"
        ) from error
    if (free := shutil.disk_usage(folder).free) < LEAST_SPACE:
        raise CommandError(
            f"The disk is full: {free // 2**20} MiB are free at {folder}; "
            f"{LEAST_SPACE // 2**20} are needed."
        )
    home.close(folder, is_passed=postgres.user() is not None)
    sockets.mkdir(mode=0o700, parents=True, exist_ok=True)
    if sockets.is_symlink() or sockets.stat().st_uid not in postgres.owner_ids():
        raise CommandError(f"{sockets} belongs to someone else: remove it.")
    return lock


def _check_port(port: int) -> None:
    with socket.socket() as probe:
        # As the web server binds: else a port whose server has just stopped counts as
        # taken.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except PermissionError as error:
            raise CommandError(
                f"PORT={port} needs rights that you lack: choose one above 1023."
            ) from error
        except OSError as error:
            raise CommandError(
                f"Port {port} is taken: choose another, PORT={port % 65535 + 1} make run."
            ) from error


def _check_database() -> None:
    try:
        connection.ensure_connection()
    except DatabaseError as error:
        why = " ".join(str(error).split())
        raise CommandError(
            f"DATABASE_URL: the database does not answer: {why}"
        ) from error
    finally:
        connection.close()


def _check_broker() -> None:
    try:
        with celery_app.connection_for_write() as link:
            link.ensure_connection(max_retries=1, timeout=5)
    except (OSError, OperationalError, ValueError) as error:
        raise CommandError(
            f"BROKER_URL: the broker does not answer: {error}"
        ) from error
