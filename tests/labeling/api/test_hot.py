"""The short way of the hot calls says what the framework's way says."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from labeling.models import Assignment, BrowserSession, Membership, User
from tests import make

pytestmark = pytest.mark.django_db
JSON = "application/json"
# Unusual, so that it takes the framework's way.
ANY_JSON = "application/json; charset=utf-8"


class Program:
    """A member's program that can be made to take either way."""

    def __init__(self) -> None:
        self.project = make.project()
        make.ranked(self.project, make.items(self.project, 5))
        self.member = make.member(self.project)
        self.call = make.Caller(self.member.user)

    def post(
        self, path: str, body: str | bytes, kind: str = JSON, **headers: str
    ) -> Any:
        return self.call.client.generic(
            "POST",
            f"/api/projects/{self.project.slug}/{path}",
            body,
            kind,
            headers={**self.call.headers, **headers},
        )

    def both_ways(self, path: str, body: str | bytes, **headers: str) -> list[Any]:
        """Ask by the way that is open, then by the framework's, which names methods."""
        return [self.post(path, body, kind, **headers) for kind in (JSON, ANY_JSON)]


def said(answer: Any) -> list[Any]:
    """What an answer says, without the moments that pass between two calls."""
    told = answer.json()
    if isinstance(told, dict) and "request_id" in told:
        assert told.pop("request_id") == answer.headers["X-Request-ID"]
    for lease in told.get("items", []) if isinstance(told, dict) else []:
        assert lease.pop("expires_at")
    names = ("Content-Type", "Content-Language", "ETag")
    return [answer.status_code, told, *map(answer.headers.get, names)]


def is_short(answer: Any) -> bool:
    return "Allow" not in answer.headers


@pytest.mark.parametrize(
    "body",
    [
        '{"count": 2}',
        "{}",
        '{"count": 0}',
        '{"count": "1"}',
        '{"items": ["item-1"]}',
        '{"items": 3}',
        "[]",
    ],
)
@pytest.mark.parametrize("language", ["en", "de"])
def test_a_lease_says_the_same_by_either_way(body: str, language: str) -> None:
    program = Program()
    program.post("queue/lease/", '{"count": 2}')

    short, long = program.both_ways(
        "queue/lease/", body, **{"Accept-Language": language}
    )

    assert (is_short(short), is_short(long)) == (True, False)
    assert said(short) == said(long)


@pytest.mark.parametrize("form", ["one", "batch", "wrong label", "no id", "foreign"])
def test_a_vote_says_the_same_by_either_way(form: str) -> None:
    program = Program()
    program.post("queue/lease/", '{"count": 1}')
    held = Assignment.objects.get()
    number = 0 if form == "foreign" else held.pk
    label = "nonsense" if form == "wrong label" else "x"
    name = "nobody" if form == "no id" else uuid.uuid4()
    vote = f'{{"assignment": {number}, "labels": ["{label}"], "client_id": "{name}"}}'
    body = f"[{vote}]" if form == "batch" else vote
    program.post("annotations/", body)

    short, long = program.both_ways("annotations/", body)

    assert (is_short(short), is_short(long)) == (True, False)
    assert said(short) == said(long)


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b'{"count": NaN}', b'{"count": "\\u0000"}', b"\xff", b"[" * 100_000],
)
def test_a_body_that_cannot_be_read_goes_the_frameworks_way(body: bytes) -> None:
    program = Program()

    short, long = program.both_ways("queue/lease/", body)

    assert not is_short(short)
    assert short.status_code == (400 if body else 200)
    assert short.status_code == long.status_code


def test_a_wrong_token_an_outsider_and_another_account_are_refused() -> None:
    program = Program()
    wrong = program.post("queue/lease/", "{}", Authorization="Token wrong")
    other = program.post("queue/lease/", "{}", **{"X-Account": "0"})
    Membership.objects.all().delete()
    outsider = program.post("queue/lease/", "{}")

    assert [response.status_code for response in (wrong, other, outsider)] == [
        401,
        401,
        404,
    ]
    assert not Assignment.objects.exists()


def test_a_deactivated_person_is_refused_at_once() -> None:
    program = Program()
    assert is_short(program.post("queue/lease/", "{}"))
    program.member.user.is_active = False
    program.member.user.save()

    assert program.post("queue/lease/", "{}").status_code == 401


class Browser(Program):
    """A member's browser, with a session and the token of its forms."""

    def __init__(self) -> None:
        super().__init__()
        self.client = Client(enforce_csrf_checks=True)
        self.client.force_login(self.member.user)
        self.client.get("/login/")
        self.form_token = self.client.cookies["csrftoken"].value

    def ask(self, **headers: str) -> Any:
        path = f"/api/projects/{self.project.slug}/queue/lease/"
        return self.client.post(path, "{}", JSON, headers=headers)


def test_a_session_takes_the_short_way_with_the_token_of_its_forms() -> None:
    program = Browser()
    token = {"X-CSRFToken": program.form_token}
    own = {**token, "X-Account": str(program.member.user_id)}

    assert program.ask().status_code == 403
    assert program.ask(**{"X-CSRFToken": "x" * 32}).status_code == 403
    assert program.ask(**token, **{"X-Account": "0"}).status_code == 401
    assert not Assignment.objects.exists()
    answers = [program.ask(**token), program.ask(**own)]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert all(map(is_short, answers))


@pytest.mark.parametrize(
    "end", ["log out", "deactivate", "password", "expire", "leave"]
)
def test_a_session_that_has_ended_ends_at_once(end: str) -> None:
    program = Browser()
    who = program.member.user
    if end == "log out":
        headers = {"X-CSRFToken": program.form_token}
        assert program.client.post("/logout/", headers=headers).status_code == 302
    elif end == "deactivate":
        User.objects.filter(pk=who.pk).update(is_active=False)
    elif end == "password":
        who.set_password("another")
        who.save()
    elif end == "expire":
        BrowserSession.objects.update(expire_date=timezone.now() - timedelta(1))
    else:
        Membership.objects.all().delete()

    answer = program.ask(**{"X-CSRFToken": program.form_token})

    assert answer.status_code == (404 if end == "leave" else 401)
    assert not Assignment.objects.exists()
