"""Lines of the log name the request that caused a task or a job (attacks-2, S41)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from celery import Celery
from celery.contrib.testing.worker import start_worker

from config.celery import app as own_app
from labeling.models import Job
from labeling.services.work import jobs, kinds
from labeling.services.work.kinds import Kind
from labeling.tracing import REQUEST_ID, caused_by
from tests import make
from tests.running.machine import until


@pytest.fixture
def app() -> Iterator[Celery]:
    """Give an application of Celery whose worker may run in this process."""
    yield Celery("tests", broker="memory://", set_as_current=False)
    # Starting a worker makes its application that of every task in the process.
    own_app.set_current()
    own_app.set_default()


def test_s41_a_worker_logs_under_the_name_of_the_request_that_rang(app: Celery) -> None:
    app.conf.worker_hijack_root_logger = False
    heard: list[str] = []

    @app.task(name="tests.listen")
    def listen() -> None:
        heard.append(REQUEST_ID.get())
        if len(heard) == 1:
            # What a task rings for comes from the same request.
            listen.apply_async()

    with start_worker(app, perform_ping_check=False, shutdown_timeout=60):
        with caused_by("a-request"):
            listen.apply_async()
        until(lambda: len(heard) == 2)
        listen.apply_async()
        until(lambda: len(heard) == 3)

    assert heard == ["a-request", "a-request", ""]
    assert REQUEST_ID.get() == ""


@pytest.mark.django_db
def test_s41_a_job_runs_under_the_name_of_its_own_request_whoever_rings() -> None:
    heard: list[str] = []
    project = make.project()

    def listen(_: object) -> dict[str, object]:
        heard.append(REQUEST_ID.get())
        return {}

    kinds.register(Kind("test", listen, title="test"))
    try:
        with caused_by("first-request"):
            job = jobs.enqueue("test", project=project, series="one")
        with caused_by("second-request"):
            jobs.enqueue("test", project=project, series="one")
            jobs.run_in_turn(job.pk)
            assert REQUEST_ID.get() == "second-request"
        with caused_by("third-request"):
            asked = jobs.enqueue("test", project=project, series="one")
        with caused_by("of-a-person"):
            # The job is hurried for somebody: they are who waits for it.
            jobs.enqueue("test", project=project, series="one", user=make.user())
        jobs.run(asked.pk)
    finally:
        kinds.TABLE.pop("test")

    assert heard == ["first-request", "of-a-person"]
    assert set(Job.objects.values_list("request_id", flat=True)) == set(heard)
