"""Probes, newer homes, the schema under many threads, and a slow database."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError, connection
from django.db.backends.signals import connection_created
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client

from config.database import waits
from tests import make

pytestmark = pytest.mark.django_db


def test_attack_02_probes_are_answered_by_whatever_name_and_without_tls(
    settings: Any,
) -> None:
    settings.ALLOWED_HOSTS = ["label.example.com"]
    settings.SECURE_SSL_REDIRECT = True
    client = Client(SERVER_NAME="10.0.0.7")

    answers = [client.get(path).status_code for path in ("/healthz", "/readyz")]

    assert answers[0] == 200
    assert answers[1] in (200, 503)  # the broker of tests may be away
    assert client.get("/login/").status_code in (301, 400)


def test_attack_18_an_older_assay_refuses_a_newer_home_in_words() -> None:
    MigrationRecorder(connection).record_applied("labeling", "9999_from_the_future")

    with pytest.raises(CommandError, match=r"newer Assay: it has labeling\.9999"):
        call_command("prepare", without_demo=True)

    assert Client().get("/readyz").status_code == 503


def test_attack_16_many_threads_read_the_schema_at_once() -> None:
    begin = threading.Barrier(8)

    def ask(path: str) -> int:
        begin.wait()
        return Client().get(path).status_code

    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(ask, ["/api/docs/", "/api/schema/"] * 4))

    assert answers == [200] * 8


@pytest.fixture
def in_haste(settings: Any) -> Iterator[None]:
    """Wait for the database as the web does, but no longer than a second."""
    settings.WEB_STATEMENT_SECONDS = settings.WEB_LOCK_SECONDS = 1
    connection.close()
    waits.limit_waits()
    yield
    connection_created.disconnect(dispatch_uid="waits")
    connection.close()


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("in_haste")
def test_a_slow_database_is_answered_by_503_in_time(client: Client) -> None:
    client.force_login(make.user())
    with connection.cursor() as cursor, pytest.raises(OperationalError):
        cursor.execute("SELECT pg_sleep(5)")
    locked, done = threading.Event(), threading.Event()

    @make.threaded
    def lock() -> None:
        with connection.cursor() as cursor:
            cursor.execute("BEGIN; LOCK TABLE labeling_membership")
            locked.set()
            done.wait(20)
            cursor.execute("ROLLBACK")

    holder = threading.Thread(target=lock)
    holder.start()
    locked.wait(10)
    try:
        answer = client.get("/")
    finally:
        done.set()
        holder.join()

    assert answer.status_code == 503
    assert answer["Retry-After"] == "1"
