"""Who guesses passwords waits; nobody else does (attacks-2, 7)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db.models import F
from django.test import Client
from pytest_django.fixtures import Settings

from labeling.models import Door, User
from labeling.services.accounts import attempts
from labeling.services.accounts.attempts import ACCOUNT, ADDRESS, ONE
from tests import make

pytestmark = pytest.mark.django_db

ADMIN = "/admin/login/"


def attempt(
    name: str,
    password: str,
    client: Client | None = None,
    path: str = "/login/",
    at: str = "1",
) -> int:
    form = {"username": name, "password": password}
    answer = (client or Client()).post(path, form, REMOTE_ADDR=f"192.0.2.{at}")
    return answer.status_code


def later(seconds: float) -> None:
    """Have all doors be as they are after some seconds."""
    gone = timedelta(seconds=seconds)
    Door.objects.update(open_at=F("open_at") - gone, last_at=F("last_at") - gone)


@pytest.mark.parametrize("path", ["/login/", ADMIN])
def test_attack_7_who_guesses_waits_before_the_right_password_is_looked_at(
    path: str,
) -> None:
    boss = User.objects.create_superuser("boss", password="pw")

    guesses = [attempt(boss.username, "wrong", path=path) for _ in range(8)]

    assert guesses == [200] * 5 + [429] * 3
    answer = Client().post(
        path, {"username": "boss", "password": "pw"}, REMOTE_ADDR="192.0.2.1"
    )
    assert answer.status_code == 429
    assert 1 <= int(answer["Retry-After"]) <= 5
    assert b"Try again in" in answer.content
    later(5)
    assert attempt("boss", "pw", path=path) == 302


def test_each_further_failure_doubles_the_wait_up_to_a_bound() -> None:
    doors = attempts.doors_of("somebody", "192.0.2.1", {})[:1]
    waits = []
    for _ in range(15):
        attempts.begin(doors)
        door = Door.objects.get()
        waits.append((door.open_at - door.last_at).total_seconds())
        later(ONE.most_seconds)

    free = [0.0] * (ONE.free - 1)
    assert waits == [*free, 5, 10, 20, 40, 80, 160, 320, 640, 900, 900, 900]


def test_a_success_and_a_quiet_day_clear_the_count() -> None:
    make.user("ada")
    for _ in range(4):
        attempt("ada", "wrong")
    assert attempt("ada", "pw") == 302
    assert [attempt("ada", "wrong") for _ in range(5)] == [200] * 5
    assert attempt("ada", "pw") == 429

    later(24 * 3600 + 1)

    assert [attempt("ada", "wrong") for _ in range(5)] == [200] * 5
    later(24 * 3600 + 1)
    assert attempts.forget() > 0
    assert not Door.objects.exists()


def test_nobody_keeps_the_owner_out_by_guessing_elsewhere() -> None:
    make.user("ada")
    known = Client()
    assert attempt("ada", "pw", known) == 302
    known.post("/logout/")
    # Many machines, and one beside the owner: the same address.
    for number in range(ACCOUNT.free):
        attempt("ada", "wrong", at=str(number % 200))
    for _ in range(ADDRESS.free):
        attempt("someone else", "wrong")
    assert attempt("ada", "pw") == 429

    assert attempt("ada", "pw", known) == 302


def test_a_known_browser_has_a_count_too_and_knows_only_its_accounts() -> None:
    make.user("ada")
    make.user("bob")
    known = Client()
    attempt("ada", "pw", known)
    known.post("/logout/")

    assert [attempt("ada", "wrong", known) for _ in range(6)] == [200] * 5 + [429]
    for _ in range(5):
        attempt("bob", "wrong")
    assert attempt("bob", "wrong", known) == 429


def test_a_cookie_that_we_have_not_made_makes_no_browser_known() -> None:
    client = Client()
    client.cookies["devices"] = "eyJhIjoiYiJ9:1u:forged"
    for _ in range(5):
        attempt("ada", "wrong", client)

    assert attempt("ada", "wrong") == 429


def test_one_address_tries_few_names_and_others_wait_for_nothing() -> None:
    make.user("ada")
    make.user("bob")
    outcomes = [attempt(f"name{number}", "wrong") for number in range(40)]

    assert outcomes == [200] * ADDRESS.free + [429] * 10
    assert attempt("ada", "pw") == 429
    assert attempt("ada", "pw", at="2") == 302
    # An own account does not clear the count of the address.
    later(6)
    assert attempt("bob", "pw") == 302
    assert [attempt("name", "wrong"), attempt("name", "wrong")] == [200, 429]


def test_an_account_that_many_machines_guess_at_waits_a_minute_at_most() -> None:
    make.user("ada")
    for number in range(ACCOUNT.free):
        attempt("ada", "wrong", at=str(number))
    assert attempt("ada", "wrong", at="201") == 429

    Door.objects.update(failures=F("failures") + 50)
    later(3600)
    attempt("ada", "wrong", at="202")
    assert attempt("ada", "pw", at="203") == 429
    later(ACCOUNT.most_seconds)
    assert attempt("ada", "pw", at="203") == 302


def test_names_are_counted_as_people_read_them_and_kept_by_none() -> None:
    for name in ("ada", "ADA", "Ada", "Ａda", "ada"):
        attempt(name, "wrong")

    assert attempt("aDa", "wrong") == 429
    kept = list(Door.objects.values_list("digest", flat=True))
    assert all(len(digest) == 64 and "ada" not in digest for digest in kept)


def test_an_address_of_ipv6_is_counted_by_its_network() -> None:
    first, second, other = (
        attempts.tokens_of(f"2001:db8:{network}::{host}")
        for network, host in (("1", "1"), ("1", "ffff"), ("2", "1"))
    )

    assert first == second != other


def test_calls_with_wrong_tokens_wait_and_right_ones_never() -> None:
    project = make.project()
    right = make.Caller(make.manager_of(project).user)
    wrong = Client(headers={"Authorization": "Token wrong"})

    answers = [wrong.get("/api/projects/") for _ in range(ADDRESS.free + 1)]

    assert [answer.status_code for answer in answers] == [401] * ADDRESS.free + [429]
    assert answers[-1].headers["Content-Type"] == "application/problem+json"
    assert answers[-1].json()["code"] == "too_many_attempts"
    assert int(answers[-1].headers["Retry-After"]) >= 1
    path = f"/api/projects/{project.slug}/queue/lease/"
    leased = wrong.post(path, {"count": 1}, "application/json")
    assert leased.status_code == 429
    assert right("get", f"projects/{project.slug}/").status_code == 200


@pytest.mark.parametrize(
    ("proxies", "heard", "counted"),
    [
        (0, "203.0.113.7", "127.0.0.1"),
        (1, "203.0.113.7", "203.0.113.7"),
        (1, "forged, 203.0.113.7", "203.0.113.7"),
        (2, "forged, 203.0.113.7, 10.0.0.1", "203.0.113.7"),
        (1, "", "127.0.0.1"),
    ],
)
def test_behind_proxies_the_address_is_the_one_that_they_heard(
    proxies: int, heard: str, counted: str, settings: Settings
) -> None:
    settings.PROXIES = proxies

    headers = {"X-Forwarded-For": heard, "Authorization": "Token wrong"}
    Client(headers=headers).get("/api/projects/")

    assert Door.objects.get().digest == attempts.tokens_of(counted)[0].digest
