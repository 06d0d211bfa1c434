"""Plans that are kept, and a connection's health."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.db.backends.signals import connection_created
from psycopg._queries import MAX_CACHED_STATEMENT_LENGTH

from config.database import plans
from labeling.models import ApiToken, Project
from labeling.services.projects import members
from labeling.services.queue import take
from labeling.services.queue.lease import lease
from labeling.services.queue.statements import SQL
from labeling.services.transfer import exporting
from labeling.services.votes import statements
from labeling.sql import lean
from tests import make

VOTES = [statements.SQL[name] for name in ("keep_vote", "change_vote")]


@pytest.fixture
def keeping(transactional_db: None) -> Iterator[None]:
    del transactional_db
    connection.close()
    plans.keep_plans()
    yield
    connection_created.disconnect(dispatch_uid="lean")
    connection.close()


def test_a_star_is_the_columns_of_its_model_and_of_no_other() -> None:
    query = "SELECT u.*, count(*), t.* FROM a t"

    spelled = lean.with_columns(query, ("t", ApiToken))

    names = ("id", "user_id", "digest", "name", "created_at", "expires_at", "used_at")
    told = ", ".join(f't."{name}"' for name in names)
    assert spelled == f"SELECT u.*, count(*), {told} FROM a t"


@pytest.mark.parametrize("name", ["lend", "lend_by_purpose"])
def test_what_is_lent_has_the_columns_of_its_models(name: str) -> None:
    columns = lean.columns(*take.LENT).replace('"', "")
    assert f" SELECT {columns}, tally.fresh, tally.head FROM " in SQL[name]


def test_both_ways_to_lend_differ_only_in_how_they_find_the_entries() -> None:
    begin, end = ", picked AS MATERIALIZED (", ", one_slot AS ("
    parts = [
        (text.partition(begin)[0], text.partition(end)[2])
        for text in (SQL["lend"], SQL["lend_by_purpose"])
    ]

    assert parts[0] == parts[1]


@pytest.mark.parametrize("query", [SQL["lend"], SQL["lend_by_purpose"], *VOTES])
def test_what_is_read_of_a_hot_statement_is_remembered(query: str) -> None:
    assert len(query) <= MAX_CACHED_STATEMENT_LENGTH


@pytest.mark.usefixtures("keeping")
def test_hot_statements_are_planned_once_and_look_up_by_index() -> None:
    project = make.project()
    make.ranked(project, make.items(project, 30))
    who = make.member(project)
    for _ in range(5):
        make.vote(who, make.lease(who)[0], "x")
    with connection.cursor() as cursor:
        cursor.execute("SELECT statement, generic_plans FROM pg_prepared_statements")
        known = dict(cursor.fetchall())
        cursor.execute("SHOW enable_seqscan")
        assert cursor.fetchone() == ("off",)
    lending = [runs for words, runs in known.items() if "one_slot" in words]
    voting = [runs for words, runs in known.items() if "request_hash" in words]
    assert (sum(lending), sum(voting)) == (5, 5)
    assert lease(who, 3).assignments


@pytest.mark.usefixtures("keeping")
def test_an_export_may_read_whole_tables_and_leaves_the_connection_as_it_was() -> None:
    project = make.project()
    make.items(project, 3)
    meanwhile: list[str] = []

    def look(execute: Any, sql: str, *others: Any) -> Any:
        done = execute(sql, *others)
        if "statement_timeout" in sql:
            meanwhile.append(shown("enable_seqscan"))
        return done

    with connection.execute_wrapper(look):
        rows = b"".join(exporting.stream(project, "jsonl", {})).splitlines()

    assert len(rows) == 3
    assert meanwhile == ["on", "on", "on"]
    assert (shown("enable_seqscan"), shown("statement_timeout")) == ("off", "0")


def shown(setting: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting(%s)", [setting])
        return str(cursor.fetchone()[0])


@pytest.mark.usefixtures("keeping")
def test_rows_come_over_the_connection_of_now() -> None:
    who = make.member(make.project())
    for _ in range(2):
        known = members.membership(who.user, who.project.slug)
        assert known.project.created_at == who.project.created_at
        assert known.project.created_at.utcoffset() == timedelta(0)
        connection.close()


@pytest.mark.django_db(transaction=True)
def test_a_connection_that_the_server_has_closed_is_replaced() -> None:
    connection.ensure_connection()
    assert connection.is_usable()
    pid = connection.connection.info.backend_pid
    other = connection.copy()
    with other.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])
    other.close()
    assert not connection.is_usable()
    connection.close()
    assert Project.objects.count() == 0
