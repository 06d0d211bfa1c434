"""A database that is away is a reason to try again, not an error of the server's."""

from __future__ import annotations

import pytest
from django.db import InterfaceError, OperationalError
from django.test import Client

from labeling import queries
from labeling.services.queue import lease
from tests import make

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("error", [OperationalError, InterfaceError])
def test_a_call_is_told_to_try_again(
    monkeypatch: pytest.MonkeyPatch, error: type[Exception]
) -> None:
    def away(*_: object) -> None:
        raise error("the server closed the connection")

    monkeypatch.setattr(lease, "lease", away)
    project = make.project()
    call = make.Caller(make.member(project).user)

    answer = call("post", f"projects/{project.slug}/queue/lease/", {"count": 1})

    assert answer.status_code == 503
    assert answer["Retry-After"] == "1"
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["code"] == "try_again"


def test_a_page_says_it_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: object) -> None:
        raise OperationalError("the database system is starting up")

    monkeypatch.setattr(queries, "memberships_of", away)
    client = Client()
    client.force_login(make.user())

    answer = client.get("/")

    assert answer.status_code == 503
    assert "The database does not answer" in answer.content.decode()
