"""Where several projects wait for the same workers, none stops the others."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from labeling.models import Job, Project
from labeling.services.work import jobs, kinds
from labeling.services.work.kinds import Kind
from labeling.services.work.progress import Progress
from labeling.services.work.turns import WINDOW, Used, Waiting, in_turn
from tests import make

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)
BIG, SMALL = 1, 2
ONE_EACH = [Waiting(10, BIG), Waiting(11, SMALL)]


def used(project: int | None, *, ago: float, seconds: float) -> Used:
    start = NOW - timedelta(seconds=ago)
    return Used(project, start, start + timedelta(seconds=seconds), None)


def running(project: int, *, ago: float, alive: float) -> Used:
    start = NOW - timedelta(seconds=ago)
    return Used(project, start, None, NOW + timedelta(seconds=alive))


def test_who_came_first_is_first_where_nobody_has_had_anything() -> None:
    assert in_turn(reversed(ONE_EACH), [], NOW) == [10, 11]


def test_the_project_that_has_had_less_is_first() -> None:
    past = [used(BIG, ago=60, seconds=30), used(SMALL, ago=30, seconds=2)]
    assert in_turn(ONE_EACH, past, NOW) == [11, 10]


def test_only_the_time_within_the_window_counts() -> None:
    window = WINDOW.total_seconds()
    long_ago = used(BIG, ago=window + 500, seconds=499)
    reaches_in = used(BIG, ago=window + 500, seconds=503)
    little = used(SMALL, ago=10, seconds=2)
    assert in_turn(ONE_EACH, [long_ago, little], NOW) == [10, 11]
    assert in_turn(ONE_EACH, [reaches_in, little], NOW) == [11, 10]


def test_a_project_that_no_worker_serves_comes_before_one_that_has_a_worker() -> None:
    past = [running(BIG, ago=1, alive=59), used(SMALL, ago=500, seconds=400)]
    assert in_turn(ONE_EACH, past, NOW) == [11, 10]


def test_a_job_whose_worker_has_died_does_not_keep_its_project_waiting() -> None:
    past = [running(BIG, ago=100, alive=-40), used(SMALL, ago=200, seconds=100)]
    assert in_turn(ONE_EACH, past, NOW) == [10, 11]


def test_jobs_of_no_project_take_turns_as_a_project_does() -> None:
    waiting = [Waiting(10, None), Waiting(11, SMALL)]
    assert in_turn(waiting, [used(None, ago=9, seconds=1)], NOW) == [11, 10]


def test_a_patient_job_comes_last_though_its_project_has_had_nothing() -> None:
    waiting = [Waiting(10, SMALL, is_patient=True), Waiting(11, BIG), Waiting(12, BIG)]
    assert in_turn(waiting, [used(BIG, ago=60, seconds=30)], NOW) == [11, 12, 10]


@pytest.fixture
def order() -> Iterator[list[int]]:
    """The jobs of the kinds "fit" and "copy", in the order in which they have run."""
    ran: list[int] = []

    def note(progress: Progress) -> dict[str, int]:
        ran.append(progress.job.pk)
        return {}

    kinds.register(
        Kind("fit", note, title="fit", queue="training"),
        Kind("copy", note, title="copy"),
    )
    yield ran
    del kinds.TABLE["fit"], kinds.TABLE["copy"]


def worked(project: Project, seconds: float) -> None:
    end = timezone.now()
    Job.objects.create(
        project=project,
        kind="fit",
        state=Job.State.DONE,
        started_at=end - timedelta(seconds=seconds),
        finished_at=end,
    )


@pytest.mark.django_db
def test_a_ring_lets_the_project_in_that_has_had_less(order: list[int]) -> None:
    big, small = make.project(), make.project()
    worked(big, 100)
    many = [jobs.enqueue("fit", project=big) for _ in range(3)]
    job = jobs.enqueue("fit", project=small)

    jobs.run_in_turn(many[0].pk)

    assert order == [job.pk]


@pytest.mark.django_db
def test_every_job_has_run_once_when_each_has_rung(order: list[int]) -> None:
    big, small = make.project(), make.project()
    worked(big, 100)
    waiting = [jobs.enqueue("fit", project=big) for _ in range(3)]
    waiting.insert(1, jobs.enqueue("fit", project=small))

    for job in waiting:
        jobs.run_in_turn(job.pk)
    jobs.run_in_turn(waiting[0].pk)

    assert sorted(order) == sorted(job.pk for job in waiting)


@pytest.mark.django_db
def test_a_ring_lets_no_job_of_another_queue_run(order: list[int]) -> None:
    project = make.project()
    fit, copy = jobs.enqueue("fit", project=project), jobs.enqueue("copy")

    jobs.run_in_turn(copy.pk)
    jobs.run_in_turn(copy.pk)
    assert order == [copy.pk]
    jobs.run_in_turn(fit.pk)
    assert order == [copy.pk, fit.pk]


@pytest.mark.django_db
def test_a_job_of_another_version_is_run_where_it_rings(order: list[int]) -> None:
    job = Job.objects.create(kind="from tomorrow")
    jobs.run_in_turn(job.pk)
    job.refresh_from_db()
    assert (job.state, order) == (Job.State.FAILED, [])
    assert "from tomorrow" in str(job.error)


@pytest.mark.django_db
def test_a_job_that_rests_waits_though_another_rings(order: list[int]) -> None:
    resting = jobs.enqueue("fit")
    resting.not_before = timezone.now() + timedelta(minutes=1)
    resting.save()
    jobs.run_in_turn(resting.pk)
    jobs.run_in_turn(0)
    assert order == []
