"""A forgotten password: by a manager's link, by mail, by a command (attacks-2, 17)."""

from __future__ import annotations

import re
from io import StringIO

import pytest
from django.core import mail
from django.core.management import CommandError, call_command
from django.test import Client
from pytest_django.fixtures import Settings

from labeling.errors import ForbiddenError
from labeling.models import ApiToken, Membership, Project, User
from labeling.services.projects import members, password_links
from tests import make
from tests.test_pages import browser

pytestmark = pytest.mark.django_db

NEW = {"new_password1": "a long sentence", "new_password2": "a long sentence"}


def link_for(project: Project, member: Membership) -> str:
    """Return the path of the link that the manager's page shows once."""
    client = browser(make.manager_of(project).user)
    page = f"/projects/{project.slug}/members/"
    form = {"action": "password-link", "member": member.pk, "role": member.role}
    shown = client.post(page, form).content.decode()
    (path,) = re.findall(r'value="http://testserver(/account/password/[^"]+)"', shown)
    assert path not in client.get(page).content.decode()
    return str(path)


def opened(path: str) -> tuple[Client, str]:
    """Open such a link; return the browser and where it was led to."""
    client = Client()
    answer = client.get(path)
    return client, answer.headers.get("Location", path)


def test_a_managers_link_sets_a_password_once_and_logs_in() -> None:
    project = make.project()
    member = make.member(project)
    key = ApiToken.issue(member.user)
    path = link_for(project, member)

    client, form = opened(path)
    assert path.split("/")[-2] not in form  # no address that is sent on has the key
    assert client.post(form, {**NEW, "ends_tokens": "on"}).headers["Location"] == "/"

    assert client.get("/account/").status_code == 200
    assert Client().login(username=member.user.username, password="a long sentence")
    assert not ApiToken.objects.filter(digest=ApiToken.digest_of(key)).exists()
    again, form = opened(path)
    answer = again.get(form)
    assert answer.status_code == 410
    assert b"does not work any more" in answer.content


def test_a_weak_password_is_refused_with_words() -> None:
    project = make.project()
    client, form = opened(link_for(project, make.member(project)))

    shown = client.post(form, {"new_password1": "1", "new_password2": "1"})

    assert b"too short" in shown.content


def test_a_link_is_over_when_the_account_may_do_more_than_before() -> None:
    project = make.project()
    member = make.member(project)
    path = link_for(project, member)

    members.add(make.project(), member.user, "manager")

    client, form = opened(path)
    assert client.get(form).status_code == 410


@pytest.mark.parametrize(
    "beyond",
    ["staff", "superuser", "creator", "elsewhere", "inactive", "simulated", "self"],
)
def test_nobody_gets_a_link_for_more_than_they_may_do_themselves(beyond: str) -> None:
    project = make.project()
    manager = make.manager_of(project)
    User.objects.filter(pk=manager.user_id).update(may_create_projects=False)
    member = make.member(project)
    changes = {
        "staff": {"is_staff": True},
        "superuser": {"is_superuser": True},
        "creator": {"may_create_projects": True},
        "inactive": {"is_active": False},
        "simulated": {"is_simulated": True},
    }
    User.objects.filter(pk=member.user_id).update(**changes.get(beyond, {}))
    if beyond == "elsewhere":
        members.add(make.project(), member.user, "annotator")
    who = manager if beyond == "self" else member
    manager, who = (
        Membership.objects.select_related("user").get(pk=row.pk)
        for row in (manager, who)
    )

    with pytest.raises(ForbiddenError):
        password_links.make(manager, who)


def test_a_manager_makes_links_where_they_manage_all_projects_of_a_person() -> None:
    project = make.project()
    manager = make.manager_of(project)
    other = make.project(manager=manager.user)
    member = make.member(project)
    members.add(other, member.user, "manager")

    assert password_links.make(manager, member).key


def test_a_program_of_a_manager_makes_a_link_that_is_good_once() -> None:
    project = make.project()
    member = make.member(project)
    call = make.Caller(make.manager_of(project).user)
    path = f"projects/{project.slug}/members/{member.user.username}/password-link/"

    made = call("post", path)
    own = call("post", path.replace(member.user.username, call.who.username))
    by_annotator = make.Caller(make.member(project).user)("post", path)

    answers = (made, own, by_annotator)
    assert [answer.status_code for answer in answers] == [201, 403, 403]
    assert made.headers["Cache-Control"] == "no-store"
    path = made.json()["url"].removeprefix("http://testserver")
    client, form = opened(path)
    assert client.post(form, NEW).status_code == 302
    assert Client().login(username=member.user.username, password="a long sentence")
    again, form = opened(path)
    assert again.get(form).status_code == 410


@pytest.mark.parametrize("role", ["annotator", "expert", "engineer"])
def test_only_managers_make_links(role: str) -> None:
    project = make.project()
    member, other = make.member(project, role), make.member(project)
    form = {"action": "password-link", "member": other.pk}

    answer = browser(member.user).post(f"/projects/{project.slug}/members/", form)

    assert answer.status_code == 403


def test_a_forgotten_password_comes_by_mail_where_it_is_set_up(
    settings: Settings,
) -> None:
    settings.HAS_MAIL = True
    who = make.user()
    User.objects.filter(pk=who.pk).update(email="me@example.org")

    for address in ("me@example.org", "nobody@example.org"):
        answer = Client().post("/account/forgotten/", {"email": address})
        assert answer.headers["Location"] == "/account/forgotten/sent/"

    (letter,) = mail.outbox
    assert who.username in letter.body
    (path,) = re.findall(r"http://testserver(/account/password/\S+)", str(letter.body))
    client, form = opened(path)
    client.post(form, NEW)
    assert Client().login(username=who.username, password="a long sentence")
    assert Client().get("/account/forgotten/sent/").status_code == 200


def test_nobody_has_hundreds_of_letters_sent(settings: Settings) -> None:
    settings.HAS_MAIL = True

    statuses = [
        Client().post("/account/forgotten/", {"email": "a@example.org"}).status_code
        for _ in range(7)
    ]

    assert statuses == [302] * 5 + [429] * 2


def test_without_mail_the_page_says_whom_to_ask() -> None:
    shown = Client().get("/account/forgotten/")
    Client().post("/account/forgotten/", {"email": "a@example.org"})

    assert b"Ask the manager" in shown.content
    assert b'name="email"' not in shown.content
    assert mail.outbox == []


def test_a_command_makes_a_new_password_and_ends_what_was_open() -> None:
    who = make.user("ada")
    key = ApiToken.issue(who)
    client = browser(who)
    out, err = StringIO(), StringIO()

    call_command("user", "password", "ADA", stdout=out, stderr=err)

    name, password = out.getvalue().split()
    assert name == "ada"
    assert "1 sessions and 1 tokens" in err.getvalue()
    assert Client().login(username="ada", password=password)
    assert client.get("/account/").status_code == 302
    assert not ApiToken.objects.filter(digest=ApiToken.digest_of(key)).exists()
    with pytest.raises(CommandError, match="no account"):
        call_command("user", "password", "nobody")


def test_a_command_lists_and_revokes_tokens() -> None:
    who, out = make.user("ada"), StringIO()
    call_command("token", "ada", "--name", "nightly", "--days", "7", stdout=out)
    key = out.getvalue().split()[1]
    first = ApiToken.objects.get(digest=ApiToken.digest_of(key))
    ApiToken.issue(who, name="other")

    call_command("token", "ada", "--list", stdout=out)
    assert f"ada {first.pk} 'nightly': made " in out.getvalue()
    assert key not in out.getvalue().split("\n", 1)[1]
    call_command("token", "ada", "--revoke", str(first.pk), stdout=out)
    assert who.api_tokens.get().name == "other"
    with pytest.raises(CommandError, match="no such token"):
        call_command("token", "ada", "--revoke", str(first.pk))
    call_command("token", "ada", "--revoke", "all", stdout=out)
    assert not who.api_tokens.exists()
