"""Every kind of job is registered once, with a handler, a title and a queue."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.test import Client

import activelearn.kinds
import labeling.kinds
from config.celery import app
from labeling.models import Job
from labeling.services.work import jobs, kinds
from labeling.signals import job_queued
from labeling.tasks import run_job
from tests import make
from tests.running.machine import ROOT
from tools import messages

REGISTERED = (*labeling.kinds.KINDS, *activelearn.kinds.KINDS)
REQUESTS = {"jobs.enqueue", "jobs.request_for_project"}


def requested(path: Path) -> Iterator[str]:
    """Return the kinds that a module requests; each has to stand there as a word."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and ast.unparse(node.func) in REQUESTS:
            assert isinstance(node.args[0], ast.Constant), path
            yield str(node.args[0].value)


def test_every_kind_that_is_requested_is_registered_and_no_other() -> None:
    names = {
        name
        for folder in ("running", "config", "labeling", "activelearn")
        for path in (ROOT / folder).rglob("*.py")
        for name in requested(path)
    }

    assert names == {kind.name for kind in REGISTERED} == kinds.TABLE.keys()


@pytest.mark.parametrize("kind", REGISTERED, ids=lambda kind: kind.name)
def test_a_kind_has_a_handler_a_queue_and_a_title_in_each_language(
    kind: kinds.Kind,
) -> None:
    parameters = inspect.signature(kind.handler).parameters.values()
    # A handler may take more, which only a test gives.
    assert (
        len(
            [
                parameter
                for parameter in parameters
                if parameter.default is parameter.empty
            ]
        )
        == 1
    )
    assert kind.queue in {"interactive", "training"}
    for language in messages.LANGUAGES:
        texts = messages.entries(messages.read(language, "django"))
        for title in (kind.title, *kind.counts.values()):
            assert all(texts["", title]), (language, title)


def test_a_name_is_given_once() -> None:
    with pytest.raises(ImproperlyConfigured):
        kinds.register(REGISTERED[0])


@pytest.mark.parametrize(
    ("name", "queue"),
    [
        *((kind.name, kind.queue) for kind in REGISTERED),
        ("of another version", "interactive"),
    ],
)
def test_those_workers_are_rung_that_run_the_kind(name: str, queue: str) -> None:
    with app.connection_for_write() as link:
        waiting = link.SimpleQueue(queue)
        waiting.clear()

        job_queued.send(sender=Job, job_id=7, kind=name, seconds=0.0)

        message = waiting.get(block=False)
    assert (message.headers["task"], message.payload[0]) == (run_job.name, [7])


@pytest.mark.django_db
def test_only_a_training_run_that_runs_is_a_reason_to_wait() -> None:
    project, other = make.project(), make.project()
    for kind in REGISTERED:
        state = Job.State.QUEUED if kind.wait_reason else Job.State.RUNNING
        Job.objects.create(kind=kind.name, project=project, state=state)
    assert jobs.wait_reason(project.pk) == ""

    Job.objects.update(state=Job.State.RUNNING)

    assert jobs.wait_reason(project.pk) == "training"
    assert jobs.wait_reason(other.pk) == ""


@pytest.mark.django_db
def test_a_job_of_another_version_is_listed_by_its_name() -> None:
    project = make.project()
    job = Job.objects.create(kind="dream", project=project, state=Job.State.FAILED)
    client = Client()
    client.force_login(make.manager_of(project).user)

    listed = client.get(f"/projects/{project.slug}/jobs/").content.decode()
    shown = client.get(f"/projects/{project.slug}/jobs/{job.pk}/").content.decode()

    assert f"dream #{job.pk}" in listed
    assert f"<h1>dream #{job.pk}</h1>" in shown
