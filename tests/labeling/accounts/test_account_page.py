"""A person's own account: password, look, tokens, sessions (attacks-2, 17)."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries
from pytest_django.fixtures import Settings

from labeling.models import ApiToken, BrowserSession, User
from labeling.services.accounts import sessions, tokens
from tests import make

pytestmark = pytest.mark.django_db

PAGE = "/account/"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
CHANGE = {
    "action": "password",
    "before": "pw",
    "password": "a long sentence",
    "again": "a long sentence",
}


def logged_in(who: User, device: str = "") -> Client:
    client = Client(headers={"User-Agent": device})
    client.post("/login/", {"username": who.username, "password": "pw"})
    assert client.get(PAGE).status_code == 200
    return client


def status_by(key: str) -> int:
    headers = {"Authorization": f"Token {key}"}
    return Client(headers=headers).get("/api/projects/").status_code


def test_attack_17_a_new_password_ends_the_other_sessions_and_the_tokens() -> None:
    who = make.user()
    key = ApiToken.issue(who)
    here, elsewhere = logged_in(who), logged_in(who)

    answer = here.post(PAGE, {**CHANGE, "ends_tokens": "on"})

    assert answer.status_code == 302
    shown = here.get(PAGE).content.decode()
    assert "1 other session was ended." in shown
    assert "1 token was revoked." in shown
    assert elsewhere.get(PAGE).status_code == 302
    assert status_by(key) == 401
    assert BrowserSession.objects.filter(account=who).count() == 1
    assert Client().login(username=who.username, password="a long sentence")


def test_tokens_go_on_where_a_person_says_so() -> None:
    who = make.user()
    key = ApiToken.issue(who)

    logged_in(who).post(PAGE, CHANGE)

    assert status_by(key) == 200


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"before": "wrong"}, "This is not your password."),
        ({"again": "another"}, "The two are not the same."),
        ({"password": "12345678", "again": "12345678"}, "too common"),
        ({"action": "nothing"}, "load the page again"),
    ],
)
def test_a_password_that_is_not_changed_says_why(
    changed: dict[str, str], words: str
) -> None:
    who = make.user()

    answer = logged_in(who).post(PAGE, {**CHANGE, **changed})

    assert answer.status_code == 400
    assert words in answer.content.decode()
    assert Client().login(username=who.username, password="pw")


def test_who_finds_an_open_browser_cannot_guess_the_password() -> None:
    client = logged_in(make.user())
    guesses = [client.post(PAGE, {**CHANGE, "before": f"{n}"}) for n in range(7)]

    assert [guess.status_code for guess in guesses] == [400] * 5 + [429] * 2
    assert client.post(PAGE, CHANGE).status_code == 429


def test_a_token_is_made_shown_once_used_and_revoked() -> None:
    who = make.user()
    client = logged_in(who)

    made = client.post(PAGE, {"action": "token", "name": "nightly", "days": "30"})

    (key,) = re.findall(r'readonly[^>]*value="([\w-]{43})"', made.content.decode())
    token = who.api_tokens.get()
    assert key not in client.get(PAGE).content.decode()
    assert token.name == "nightly"
    assert token.digest != key
    assert token.expires_at is not None
    assert timedelta(29) < token.expires_at - timezone.now() < timedelta(31)
    assert "never used" in client.get(PAGE).content.decode()
    assert status_by(key) == 200
    assert "never used" not in client.get(PAGE).content.decode()

    client.post(PAGE, {"action": "revoke", "token": token.pk})

    assert status_by(key) == 401
    again = client.post(PAGE, {"action": "revoke", "token": token.pk})
    assert again.status_code == 404


def test_a_token_ends_by_itself_and_is_forgotten_a_month_later() -> None:
    who = make.user()
    key = ApiToken.issue(who, expires_at=timezone.now() + timedelta(hours=1))
    assert status_by(key) == 200

    who.api_tokens.update(expires_at=timezone.now() - timedelta(hours=1))
    assert status_by(key) == 401
    assert tokens.forget() == 0
    who.api_tokens.update(expires_at=timezone.now() - timedelta(31))
    assert tokens.forget() == 1


@pytest.mark.parametrize(
    "form", [{"name": ""}, {"name": "x" * 81}, {"name": "a", "days": "0"}]
)
def test_a_token_needs_a_name_and_a_possible_end(form: dict[str, str]) -> None:
    who = make.user()

    assert logged_in(who).post(PAGE, {"action": "token", **form}).status_code == 400
    assert not who.api_tokens.exists()


def test_nobody_ends_tokens_and_sessions_of_others() -> None:
    other, who = make.user(), make.user()
    key = ApiToken.issue(other)
    theirs, client = logged_in(other), logged_in(who)
    (handle,) = handles(theirs, with_own=True)

    token = other.api_tokens.get().pk
    assert client.post(PAGE, {"action": "revoke", "token": token}).status_code == 404
    client.post(PAGE, {"action": "end", "session": handle})

    assert status_by(key) == 200
    assert theirs.get(PAGE).status_code == 200


def handles(client: Client, *, with_own: bool = False) -> list[str]:
    if with_own:
        key = client.session.session_key
        return [sessions.handle_of(BrowserSession.objects.get(pk=key))]
    shown = client.get(PAGE).content.decode()
    return re.findall(r'name="session"\s+value="(\w+)"', shown)


def test_a_person_sees_where_they_are_logged_in_and_ends_it() -> None:
    who = make.user()
    here, there, third = logged_in(who), logged_in(who, FIREFOX), logged_in(who)

    shown = here.get(PAGE).content.decode()
    assert "Firefox, Linux" in shown
    assert str(here.session.session_key) not in shown
    here.post(PAGE, {"action": "end", "session": handles(here)[0]})
    assert [there.get(PAGE).status_code, third.get(PAGE).status_code] == [200, 302]

    here.post(PAGE, {"action": "end-others"})
    assert there.get(PAGE).status_code == 302
    assert here.get(PAGE).status_code == 200


def test_language_and_theme_come_along_to_another_browser() -> None:
    who = make.user()
    client = logged_in(who)

    client.post(PAGE, {"action": "look", "language": "de", "theme": "dark"})

    for browser in (client, logged_in(who)):
        shown = browser.get("/").content.decode()
        assert re.search(r'<html\s+lang="de"', shown)
        assert '<meta name="color-scheme" content="dark">' in shown
    wrong = client.post(PAGE, {"action": "look", "language": "xx", "theme": "dark"})
    assert wrong.status_code == 400
    assert client.post(PAGE, {"action": "look", "theme": "red"}).status_code == 400


def test_the_address_for_mail_needs_the_password(settings: Settings) -> None:
    settings.HAS_MAIL = True
    who = make.user()
    client = logged_in(who)
    form = {"action": "email", "email": "me@example.org"}

    assert client.post(PAGE, {**form, "before": "no"}).status_code == 400
    assert client.post(PAGE, {**form, "email": "me", "before": "pw"}).status_code == 400
    client.post(PAGE, {**form, "before": "pw"})

    who.refresh_from_db()
    assert who.email == "me@example.org"


def test_the_page_takes_a_few_queries_whatever_is_listed(
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    who = make.user()
    client = logged_in(who)
    for _ in range(10):
        ApiToken.issue(who)
        logged_in(who)

    with django_assert_max_num_queries(6):
        client.get(PAGE)
