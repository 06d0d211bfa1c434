"""A deleted project leaves nothing behind, whatever had been done in it."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import pytest
from django.apps import apps
from django.db import OperationalError, connection

from activelearn.models import RankingFit
from activelearn.services.training import triggers
from activelearn.services.versions import registry, requests
from labeling.errors import NotFoundError
from labeling.models import Job, Project, User
from labeling.services.experts import adjudicate, decisions
from labeling.services.projects import removal
from labeling.services.votes import agreement, change, settle
from labeling.services.work import jobs
from tests import make
from tests.activelearn.test_loop import versions, work
from tests.test_pages import browser

pytestmark = pytest.mark.django_db
# Accounts stay, and the record of who deleted what.
STAYS = {"User", "ApiToken", "Job", "Media"}


def rows_left() -> dict[str, int]:
    models = [
        *apps.get_app_config("labeling").get_models(),
        *apps.get_app_config("activelearn").get_models(),
    ]
    counts = {model.__name__: model._base_manager.count() for model in models}
    return {name: n for name, n in counts.items() if n and name not in STAYS}


def used_project() -> Project:
    """Return one with votes, edits, undos, a dispute, gold, models and scores."""
    project, (first, second) = versions(2)
    registry.promote(first, None)
    registry.promote(second, None)
    registry.rollback(second, None)
    ada, ben, expert = (
        make.member(project, role) for role in ("annotator", "annotator", "expert")
    )
    call = make.Caller(make.manager_of(project).user)
    call("patch", f"projects/{project.slug}/", {"overlap": 2, "min_votes": 2})
    project.refresh_from_db()
    settle.settle_project(project.pk)
    for who, label in ((ada, "c0"), (ben, "c1")):
        who.refresh_from_db()
        votes = [
            make.vote(who, assignment, label) for assignment in make.lease(who, 30)
        ]
        last = votes[-1].annotation
        change.undo(who, last.pk, last.version)
    settle.settle_project(project.pk)
    for dispute in project.disagreements.all()[:2]:
        adjudicate.resolve(
            expert, dispute.pk, decisions.Decision(("c2",), "resolved", "so")
        )
    call(
        "post",
        f"projects/{project.slug}/members/",
        {"user": make.user().username, "role": "annotator"},
    )
    lines = json.dumps({"external_id": "new", "a": 1, "label": "c0"})
    call.client.post(
        f"/api/projects/{project.slug}/imports/?gold=1",
        data=lines,
        content_type="application/x-ndjson",
        headers=call.headers,
    )
    work(project)
    return project


def test_nothing_of_a_deleted_project_is_left() -> None:
    project = used_project()
    assert len(rows_left()) > 20
    boss = make.manager_of(project)

    job = removal.request_project_deletion(boss, project.slug)
    jobs.run(job.pk)

    job.refresh_from_db()
    assert (job.state, job.error) == ("done", None)
    assert rows_left() == {}
    assert Job.objects.get() == job
    assert User.objects.exists()


def test_everybody_is_out_at_once_and_the_name_is_free() -> None:
    project = make.project()
    make.items(project, 2)
    who = make.member(project)
    make.lease(who)
    waiting = jobs.enqueue("import", project=project)
    boss = make.Caller(make.manager_of(project).user)
    path = f"projects/{project.slug}/"

    for wrong in ("", "?confirm=", f"?confirm={project.slug}x"):
        assert boss("delete", f"{path}{wrong}").status_code == 400
    assert boss("delete", f"{path}?confirm={project.slug}").status_code == 202

    for call in (boss, make.Caller(who.user)):
        assert call("get", path).status_code == 404
        assert call("post", f"{path}queue/lease/", {}).status_code == 404
    waiting.refresh_from_db()
    assert waiting.state == "cancelled"
    Project.objects.create(slug=project.slug, name="anew", data_type="text")


@pytest.mark.parametrize(
    ("role", "status"), [("annotator", 403), ("expert", 403), ("engineer", 403)]
)
def test_s15_only_a_manager_deletes_a_project(role: str, status: int) -> None:
    project = make.project()
    who = make.member(project, role).user
    confirm = f"?confirm={project.slug}"
    path = f"projects/{project.slug}/{confirm}"

    assert make.Caller(who)("delete", path).status_code == status
    assert make.Caller(make.user())("delete", path).status_code == 404
    page = f"/projects/{project.slug}/settings/delete/"
    assert browser(who).post(page, {"slug": project.slug}).status_code == status
    assert Project.objects.filter(slug=project.slug).exists()


def test_on_its_page_the_short_name_is_typed() -> None:
    project = make.project()
    make.items(project, 3)
    page = browser(make.manager_of(project).user)
    at = f"/projects/{project.slug}/settings/delete/"

    asked = page.get(at)
    wrong = page.post(at, {"slug": "another"})
    right = page.post(at, {"slug": project.slug}, follow=True)

    assert asked.context["loss"].items == 3
    assert wrong.status_code == 400
    assert project.slug in wrong.content.decode()
    assert f"“{project.name}” is being deleted" in right.content.decode()
    job = Job.objects.get(kind="delete-project")
    jobs.run(job.pk)
    assert not Project.objects.exists()
    jobs.run(job.pk)


def test_a_worker_that_died_on_the_way_is_followed_by_another() -> None:
    project = make.project()
    make.items(project, 3)
    boss = make.manager_of(project)
    job = removal.request_project_deletion(boss, project.slug)
    jobs.claim(job.pk)
    project.delete()
    Job.objects.filter(pk=job.pk).update(alive_until="2020-01-01T00:00Z")

    jobs.run(job.pk)

    job.refresh_from_db()
    assert job.state == "done"


@pytest.mark.django_db(transaction=True)
def test_what_comes_in_at_the_last_moment_goes_too() -> None:
    project = make.project()
    job = removal.request_project_deletion(make.manager_of(project), project.slug)
    came: list[int] = []

    @make.threaded
    def come() -> None:
        fit = RankingFit.objects.create(
            project=project, generation=1, label_count=0, pool=0
        )
        came.append(fit.pk)

    def late(execute: Any, sql: str, *others: Any) -> Any:
        if sql.startswith('DELETE FROM "labeling_project" ') and not came:
            with ThreadPoolExecutor(1) as pool:
                pool.submit(come).result()
        return execute(sql, *others)

    with connection.execute_wrapper(late):
        jobs.run(job.pk)

    job.refresh_from_db()
    assert came
    assert job.state == "done"
    assert not RankingFit.objects.exists()
    assert not Project.objects.exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("look", "table"),
    [
        (lambda project: triggers.consider(project.pk), "activelearn_retraintrigger"),
        (lambda project: requests.request_order(project.pk), "labeling_job"),
        (agreement.request_report, "labeling_job"),
    ],
)
def test_a_project_that_is_looked_at_goes_afterwards(
    look: Callable[[Project], object], table: str
) -> None:
    project = make.project()
    tried: list[bool] = []

    @make.threaded
    def delete() -> None:
        with connection.cursor() as cursor:
            cursor.execute("SET lock_timeout TO '300ms'")
        with suppress(OperationalError):
            Project.objects.filter(pk=project.pk).delete()

    def beside(execute: Any, sql: str, *others: Any) -> Any:
        if f'"{table}"' in sql and not tried:
            tried.append(True)
            with ThreadPoolExecutor(1) as pool:
                pool.submit(delete).result()
        return execute(sql, *others)

    with connection.execute_wrapper(beside):
        assert look(project) is None

    assert tried
    Job.objects.filter(project=project).delete()
    Project.objects.filter(pk=project.pk).delete()
    assert look(project) is None
    assert not Job.objects.exists()


def test_what_comes_after_the_deletion_is_told_that_the_project_is_gone() -> None:
    project, (model, _) = versions(2)
    model.project = project
    Project.objects.filter(pk=project.pk).delete()
    writes: list[Callable[[], object]] = [
        lambda: registry.champion_in_turn(project),
        lambda: registry.promote(model, None),
        lambda: registry.rollback(model, None),
        lambda: registry.archive(model),
        lambda: triggers.request(project, None, "again"),
    ]

    for write in writes:
        with pytest.raises(NotFoundError):
            write()
