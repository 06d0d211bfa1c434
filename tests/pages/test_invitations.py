"""Invitations by link: shown once, used as often as allowed, never lowering anybody."""

from __future__ import annotations

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, connections, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from labeling.errors import AssayError, GoneError
from labeling.models import Invitation, Membership, Project, User, digest_of
from labeling.services.projects import invitations
from tests import make
from tests.test_pages import browser

pytestmark = pytest.mark.django_db
NEW = {"username": "nora", "password": "a long one 73", "again": "a long one 73"}


def link(of: Project, role: str = "annotator", **limits: Any) -> invitations.Made:
    return invitations.create(make.manager_of(of), role, **limits)


def opened(made: invitations.Made, client: Client | None = None) -> Client:
    """Open a link, as its page does with the code behind the #."""
    client = client or Client()
    assert client.post("/join/", {"code": made.code}).headers["Location"] == "/join/"
    return client


def expired(made: invitations.Made) -> None:
    Invitation.objects.update(expires_at=timezone.now() - timedelta(seconds=1))


def used_up(made: invitations.Made) -> None:
    Invitation.objects.update(used=1)


def withdrawn(made: invitations.Made) -> None:
    invitations.revoke(make.manager_of(made.invitation.project), made.invitation.pk)


def test_a_manager_makes_a_link_that_is_shown_once_and_kept_as_a_digest() -> None:
    project = make.project()
    client = browser(make.manager_of(project).user)
    path = f"/projects/{project.slug}/members/"
    form = {"action": "invite", "role": "expert", "days": "3", "uses": "2"}

    shown = client.post(path, form)

    link = re.search(r"http://testserver/join/#([\w-]{43})", shown.content.decode())
    assert link is not None
    kept = Invitation.objects.get()
    assert (kept.digest, kept.role, kept.uses) == (digest_of(link[1]), "expert", 2)
    assert kept.expires_at - kept.created_at == timedelta(days=3)
    assert "no-store" in shown.headers["Cache-Control"]
    again = client.get(path).content.decode()
    assert link[1] not in again
    assert "0 of 2 joined" in again
    client.post(path, {"action": "revoke", "invitation": kept.pk})
    assert "This invitation was withdrawn." in client.get(path).content.decode()


@pytest.mark.parametrize(
    "form",
    [
        {"role": "emperor", "days": "3"},
        {"role": "expert", "days": "31"},
        {"role": "expert", "days": ""},
        {"role": "expert", "days": "3", "uses": "0"},
        {"role": "expert", "days": "3", "uses": "99999"},
    ],
)
def test_a_wrong_link_is_explained(form: dict[str, str]) -> None:
    project = make.project()
    client = browser(make.manager_of(project).user)

    shown = client.post(
        f"/projects/{project.slug}/members/", {"action": "invite", **form}
    )

    assert shown.status_code == 400
    assert b'role="alert"' in shown.content
    assert not Invitation.objects.exists()


def test_who_has_no_account_creates_one_and_is_a_member() -> None:
    project = make.project()
    client = opened(link(project, "expert"))

    assert project.name in client.get("/join/").content.decode()
    joined = client.post("/join/", NEW)

    assert joined.headers["Location"] == f"/projects/{project.slug}/"
    member = Membership.objects.get(user__username="nora")
    assert (member.project, member.role) == (project, "expert")
    assert client.get(joined.headers["Location"]).status_code == 200
    assert Invitation.objects.get().used == 1


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"password": "x", "again": "x"}, "too short"),
        ({"password": "12345678901", "again": "12345678901"}, "entirely numeric"),
        (
            {"username": "noranora", "password": "noranora1", "again": "noranora1"},
            "similar",
        ),
        ({"again": "another"}, "not the same"),
        ({"username": "taken"}, "already exists"),
        ({"username": ""}, "blank"),
        ({"username": "a b?"}, "valid username"),
    ],
)
def test_a_wrong_account_is_explained_and_uses_nothing_up(
    change: dict[str, str], words: str
) -> None:
    make.user("taken")
    project = make.project()
    client = opened(link(project, uses=1))
    before = User.objects.count()

    shown = client.post("/join/", {**NEW, **change})

    assert shown.status_code == 400
    assert words in shown.content.decode()
    assert User.objects.count() == before
    assert Invitation.objects.get().used == 0


def test_who_has_an_account_logs_in_on_the_way() -> None:
    project = make.project()
    who = make.user("ada")
    client = opened(link(project))

    assert b"/login/?next=/join/" in client.get("/join/").content
    client.post("/login/?next=/join/", {"username": "ada", "password": "pw"})
    assert b"Join as ada" in client.get("/join/").content
    client.post("/join/")

    assert Membership.objects.get(user=who).project == project
    assert b"The code of your invitation" in client.get("/join/").content


@pytest.mark.parametrize(
    ("has", "gets", "then", "used"),
    [
        ("annotator", "expert", "expert", 1),
        ("expert", "annotator", "expert", 0),
        ("expert", "engineer", "expert", 0),
        ("manager", "annotator", "manager", 0),
        ("engineer", "manager", "manager", 1),
        ("expert", "expert", "expert", 0),
    ],
)
def test_a_link_never_lowers_a_role(has: str, gets: str, then: str, used: int) -> None:
    project = make.project()
    made = link(project, gets)
    member = make.member(project, has)

    for _ in range(2):
        invitations.join(member.user, digest_of(made.code))

    member.refresh_from_db()
    assert member.role == then
    assert Invitation.objects.get().used == used


@pytest.mark.parametrize(
    ("end", "words"),
    [
        (expired, "has expired"),
        (used_up, "used as often as it may be"),
        (withdrawn, "was withdrawn"),
    ],
)
@pytest.mark.parametrize("has_opened", [True, False])
def test_a_link_that_is_over_says_so(
    end: Callable[[invitations.Made], None], words: str, *, has_opened: bool
) -> None:
    made = link(make.project(), uses=1)
    client = opened(made) if has_opened else Client()
    end(made)
    if not has_opened:
        opened(made, client)

    shown = client.post("/join/", NEW)

    assert shown.status_code == 410
    assert words in shown.content.decode()
    assert not User.objects.filter(username="nora").exists()


def test_a_code_that_was_never_made_is_told_in_words() -> None:
    client = Client()
    for code in ("nonsense", "\x00", "x" * 5000):
        client.post("/join/", {"code": code})

        assert client.get("/join/").status_code == 404
        assert (
            b"was all of it copied?"
            in client.post("/join/", {"code": code}, follow=True).content
        )


def test_the_code_is_in_no_address_and_the_page_is_not_kept() -> None:
    made = link(make.project())
    client = opened(made)

    shown = client.get("/join/")

    assert made.code not in shown.content.decode()
    assert "no-store" in shown.headers["Cache-Control"]
    assert shown.headers["Referrer-Policy"] == "same-origin"
    assert made.code not in str(dict(client.session))


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("uses", [1, 3])
def test_many_people_at_once_never_exceed_the_uses(uses: int) -> None:
    project = make.project()
    made = link(project, uses=uses)
    people = [make.user() for _ in range(12)]

    def try_to(who: User) -> bool:
        try:
            invitations.join(who, digest_of(made.code))
        except GoneError:
            return False
        finally:
            connections.close_all()
        return True

    with ThreadPoolExecutor(12) as pool:
        let_in = list(pool.map(try_to, people))

    assert sum(let_in) == uses
    joined = Membership.objects.filter(project=project, user__in=people)
    assert joined.count() == uses == Invitation.objects.get().used


@pytest.mark.django_db(transaction=True)
def test_one_person_who_presses_often_uses_one_place() -> None:
    project = make.project()
    made = link(project, uses=5)
    who = make.user()

    def try_to(_: int) -> None:
        invitations.join(who, digest_of(made.code))
        connections.close_all()

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(try_to, range(6)))

    assert Invitation.objects.get().used == 1


def test_the_database_itself_refuses_more_than_the_uses() -> None:
    link(make.project(), uses=1)

    with pytest.raises(IntegrityError), transaction.atomic():
        Invitation.objects.update(used=2)


def test_by_the_api_links_are_made_listed_and_withdrawn() -> None:
    project = make.project()
    call = make.Caller(make.manager_of(project).user)
    path = f"projects/{project.slug}/invitations/"

    made = call("post", path, {"role": "engineer", "days": 2, "uses": 4})
    code = made.json()["url"].partition("#")[2]
    (row,) = call("get", path).json()["results"]

    assert made.status_code == 201
    assert Invitation.objects.get().digest == digest_of(code)
    assert (row["role"], row["uses"], row["is_over"]) == ("engineer", 4, False)
    assert code not in str(row)
    assert "url" not in row
    assert call("delete", f"{path}{row['id']}/").json()["is_over"] is True
    assert call("post", path, {"days": "soon"}).status_code == 400
    with pytest.raises(AssayError, match="withdrawn"):
        invitations.find(digest_of(code))


@pytest.mark.parametrize("role", ["annotator", "expert", "engineer"])
def test_s15_only_managers_invite(role: str) -> None:
    project = make.project()
    made = link(project)
    who = make.member(project, role).user
    call = make.Caller(who)
    stranger = make.Caller(make.manager_of(make.project()).user)
    path = f"projects/{project.slug}/invitations/"
    page = f"/projects/{project.slug}/members/"

    assert call("get", path).status_code == call("post", path).status_code == 403
    assert call("delete", f"{path}{made.invitation.pk}/").status_code == 403
    assert stranger("delete", f"{path}{made.invitation.pk}/").status_code == 404
    assert browser(who).post(page, {"action": "invite"}).status_code == 403
    made.invitation.refresh_from_db()
    assert made.invitation.revoked_at is None


def test_the_list_of_links_asks_the_same_few_questions() -> None:
    project = make.project()
    manager = make.manager_of(project).user
    call, client = make.Caller(manager), browser(manager)
    counts = []
    for size in (1, 5):
        for _ in range(size):
            link(project)
        with CaptureQueriesContext(connection) as asked:
            call("get", f"projects/{project.slug}/invitations/")
            client.get(f"/projects/{project.slug}/members/")
        counts.append(len(asked))

    assert counts[0] == counts[1] <= 14
