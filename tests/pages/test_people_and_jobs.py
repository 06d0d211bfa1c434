"""Members, jobs and one's own work by page."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.contrib.auth import authenticate
from django.db import connection
from django.test.utils import CaptureQueriesContext

from labeling.models import Job, Membership, User
from labeling.services.experts import adjudicate, blind, decisions
from labeling.services.votes import settle
from labeling.services.work import jobs
from tests import make
from tests.test_pages import browser

pytestmark = pytest.mark.django_db


def test_a_new_account_gets_a_password_that_is_shown_once() -> None:
    project = make.project()
    client = browser(make.manager_of(project).user)
    path = f"/projects/{project.slug}/members/"
    form = {"action": "add", "user": "nora", "role": "expert", "create": "on"}

    shown = client.post(path, form, follow=True).content.decode()
    password = re.search(r"nora logs in with (\S+)", shown)

    assert password is not None
    assert authenticate(username="nora", password=password[1]) is not None
    assert Membership.objects.get(user__username="nora").role == "expert"
    assert "logs in with" not in client.get(path).content.decode()


@pytest.mark.parametrize(
    "form",
    [
        {"user": "nobody", "role": "expert"},
        {"user": "new person?", "role": "expert", "create": "on"},
        {"user": "fresh", "role": "emperor", "create": "on"},
        {"action": "change", "member": "0", "role": "expert"},
        {"action": "remove", "member": "x"},
    ],
)
def test_a_wrong_member_is_explained_and_leaves_no_account(
    form: dict[str, str],
) -> None:
    project = make.project()
    client = browser(make.manager_of(project).user)
    before = User.objects.count()

    shown = client.post(f"/projects/{project.slug}/members/", form)

    assert shown.status_code in (400, 404)
    assert b'role="alert"' in shown.content
    assert User.objects.count() == before


def test_a_member_is_changed_and_removed_but_the_last_manager_stays() -> None:
    project = make.project()
    manager, other = make.manager_of(project), make.member(project)
    client = browser(manager.user)
    path = f"/projects/{project.slug}/members/"
    change = {
        "action": "change",
        "member": str(other.pk),
        "role": "expert",
        "quota": "5",
    }

    client.post(path, {**change, "is_paused": "on"})
    other.refresh_from_db()
    assert (other.role, other.quota, other.is_paused) == ("expert", 5, True)
    assert client.post(path, {**change, "quota": "-1"}).status_code == 400
    client.post(path, {"action": "remove", "member": str(other.pk)})
    assert not Membership.objects.filter(pk=other.pk).exists()
    last = client.post(path, {"action": "remove", "member": str(manager.pk)})
    assert last.status_code == 409
    assert b"at least one manager" in last.content


def test_a_member_of_another_project_is_out_of_reach() -> None:
    stranger = make.member(make.project())
    project = make.project()
    client = browser(make.manager_of(project).user)
    form = {"action": "remove", "member": str(stranger.pk)}

    assert client.post(f"/projects/{project.slug}/members/", form).status_code == 404
    assert Membership.objects.filter(pk=stranger.pk).exists()


def test_a_job_is_cancelled_and_asked_for_again() -> None:
    project = make.project()
    client = browser(make.member(project, "engineer").user)
    job = jobs.enqueue("agreement", project=project)
    path = f"/projects/{project.slug}/jobs/{job.pk}/"

    assert b"job-progress" in client.get(path).content
    client.post(path, {"action": "cancel"})
    job.refresh_from_db()
    assert job.state == "cancelled"
    again = client.post(path, {"action": "again"})
    newest = Job.objects.first()
    assert newest is not None
    assert newest.pk != job.pk
    assert again.headers["Location"].endswith(f"/jobs/{newest.pk}/")
    waiting = f"/projects/{project.slug}/jobs/{newest.pk}/"
    assert client.post(waiting, {"action": "again"}).status_code == 409


@pytest.mark.parametrize(
    ("kind", "result", "shows", "hides"),
    [
        ("import", {"created": 3}, ("Neue Elemente", "<dd>3</dd>"), "created"),
        ("learn.judge", {"verdict": "a person decides"}, (), "decides"),
        ("dream", {"of": "sheep"}, (), "sheep"),
    ],
)
def test_a_job_says_what_it_counted_in_the_language_of_its_reader(
    kind: str, result: dict[str, Any], shows: tuple[str, ...], hides: str
) -> None:
    project = make.project()
    client = browser(make.manager_of(project).user)
    job = Job.objects.create(kind=kind, project=project, state="done", result=result)

    shown = client.get(
        f"/projects/{project.slug}/jobs/{job.pk}/", headers={"Accept-Language": "de"}
    ).content.decode()

    assert all(words in shown for words in shows)
    assert hides not in shown


def test_an_import_whose_file_is_gone_is_not_asked_for_again() -> None:
    project = make.project()
    client = browser(make.manager_of(project).user)
    job = jobs.enqueue(
        "import",
        project=project,
        params={"upload": "00000000-0000-0000-0000-000000000000"},
    )
    jobs.cancel(job)

    shown = client.post(f"/projects/{project.slug}/jobs/{job.pk}/", {"action": "again"})
    assert shown.status_code == 409
    assert b"send it again" in shown.content


def test_jobs_of_another_project_are_not_there() -> None:
    other = jobs.enqueue("agreement", project=make.project())
    project = make.project()
    engineer = make.member(project, "engineer").user

    path = f"projects/{project.slug}/jobs/{other.pk}/"
    assert browser(engineer).get(f"/{path}").status_code == 404
    call = make.Caller(engineer)
    assert call("get", path).status_code == 404
    assert call("get", f"projects/{project.slug}/jobs/").json()["results"] == []


@pytest.mark.parametrize("page", ["jobs/", "members/", "my-work/", "import/"])
def test_a_list_asks_the_same_few_questions_for_any_length(page: str) -> None:
    project = make.project()
    manager = make.manager_of(project)
    client = browser(manager.user)
    path = f"/projects/{project.slug}/{page}"

    def grow() -> None:
        for _ in range(6):
            make.member(project)
            jobs.enqueue("agreement", project=project, user=make.user())
        make.ranked(project, make.items(project, 6))
        for lent in make.lease(manager, 6):
            make.vote(manager, lent, "x")
        settle.settle_project(project.pk)

    grow()
    with CaptureQueriesContext(connection) as few:
        client.get(path)
    grow()
    with CaptureQueriesContext(connection) as many:
        client.get(path)

    assert len(many) == len(few) <= 14


def test_my_work_shows_where_an_expert_decided_otherwise_and_why() -> None:
    project = make.project(overlap=2)
    make.ranked(project, [make.item(project)], slots=2)
    first, second = make.member(project), make.member(project)
    make.vote(first, make.lease(first)[0], "x")
    make.vote(second, make.lease(second)[0], "y")
    settle.settle_project(project.pk)
    expert = make.member(project, "expert")
    pk = project.disagreements.get().pk
    blind.label_blind(expert, pk, ("x",))
    decision = decisions.Decision(("x",), note="because of the tail")
    adjudicate.resolve(expert, pk, decision)
    path = f"/projects/{project.slug}/my-work/"

    overruled = browser(second.user).get(path)
    assert b"because of the tail" in overruled.content
    assert overruled.context["work"].confirmed == 0
    kept = browser(first.user).get(path)
    assert b"the same" in kept.content
    assert b"because of the tail" not in kept.content
    assert kept.context["work"].confirmed == kept.context["work"].judged == 1
