"""A database that is away is a reason to try again, not an error of the server's."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import InterfaceError, OperationalError, connection
from django.test import Client

from tests import make

pytestmark = pytest.mark.django_db


@contextmanager
def away_for(table: str, error: Exception) -> Iterator[None]:
    """Let the database go away at the first statement about a table."""
    is_away = False

    def answer(execute: Any, sql: str, *others: Any) -> Any:
        nonlocal is_away
        is_away = is_away or table in sql
        if is_away:
            raise error
        return execute(sql, *others)

    with connection.execute_wrapper(answer):
        yield
    assert is_away


@pytest.mark.parametrize("error", [OperationalError, InterfaceError])
def test_a_call_is_told_to_try_again(error: type[Exception]) -> None:
    project = make.project()
    call = make.Caller(make.member(project).user)

    with away_for("labeling_queueentry", error("the server closed the connection")):
        answer = call("post", f"projects/{project.slug}/queue/lease/", {"count": 1})

    assert answer.status_code == 503
    assert answer["Retry-After"] == "1"
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["code"] == "try_again"


def test_a_page_says_it_in_words() -> None:
    client = Client()
    client.force_login(make.user())

    with away_for(
        "labeling_membership", OperationalError("the database system is starting up")
    ):
        answer = client.get("/")

    assert answer.status_code == 503
    assert "The database does not answer" in answer.content.decode()
