"""The queue under measure, on a database and a server of our own."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bench import export, lease, web
from config import home
from running.embedded import postgres

_PARTS = {**lease.PARTS, "export-1m": export.a_million, "http": web.over_http}
QUIET = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


def rows(only: str = "") -> list[dict[str, Any]]:
    """Measure on a database and a server of our own, durable as in production."""
    wanted = [
        part for name, part in _PARTS.items() if only in ("", "queue") or only == name
    ]
    if not wanted:
        return []
    with machine():
        results = [
            row for part in wanted if part is not web.over_http for row in part()
        ]
        _empty()
    if web.over_http in wanted:
        results += web.over_http()
    shutil.rmtree(os.environ["ASSAY_HOME"], ignore_errors=True)
    return results


@contextmanager
def machine() -> Iterator[None]:
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
    from django.db import connection

    from config.database import schema
    from config.database.plans import keep_plans

    schema.begin()
    call_command("migrate", verbosity=0)
    # From here on as the processes of the web do it.
    connection.close()
    keep_plans()


def _empty() -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE labeling_project, labeling_job CASCADE")
    connection.close()
