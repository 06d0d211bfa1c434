"""A new home gets all tables in one step; they are those that the migrations make."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import DataError, connection
from django.db.migrations.recorder import MigrationRecorder
from django.test.utils import CaptureQueriesContext

from config.database import schema
from labeling.models import Project
from tests import make
from tests.cluster import TEMPLATE
from tools import tables

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(
        "TEST_TEMPLATE" not in os.environ,
        reason="compares databases of the server that the tests bring with them",
    ),
]


def address_of(database: str) -> str:
    return f"{os.environ['DATABASE_URL'].rpartition('/')[0]}/{database}"


@pytest.fixture
def empty() -> Iterator[str]:
    """Take the connection to a database without tables for one test."""
    before = connection.settings_dict["NAME"]
    name = f"{before}_empty"
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {name} TEMPLATE template0")
    connection.close()
    connection.settings_dict["NAME"] = name
    yield name
    connection.close()
    connection.settings_dict["NAME"] = before
    with connection.cursor() as cursor:
        cursor.execute(f"DROP DATABASE {name}")


def test_what_is_written_down_is_what_migrations_make() -> None:
    told = tables.tables(address_of(TEMPLATE))

    assert told == schema.START.read_text(), "run make tables"


def test_an_empty_database_has_all_of_it_in_one_step(empty: str) -> None:
    assert schema.begin()

    assert tables.tables(address_of(empty)) == schema.START.read_text()
    assert not schema.is_behind()
    assert schema.unknown() == []
    with CaptureQueriesContext(
        connection,
    ) as queries:
        call_command("migrate", verbosity=0)
    assert not [q for q in queries if q["sql"].startswith(("CREATE", "ALTER"))]
    assert not schema.begin()
    # Somebody can begin with it.
    project = make.project()
    assert Project.objects.get() == project


def test_a_database_that_has_tables_is_left_to_migrations(empty: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE somebodys (id int)")

    assert not schema.begin()
    assert not MigrationRecorder(connection).has_table()


def test_half_of_it_is_none_of_it(empty: str, tmp_path: Path) -> None:
    broken = tmp_path / "start.sql"
    broken.write_text(schema.START.read_text() + "SELECT 1 / 0;")
    with pytest.raises(DataError, match="division by zero"):
        schema.begin(broken)

    assert connection.introspection.table_names() == []
