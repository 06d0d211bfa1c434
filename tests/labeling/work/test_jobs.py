"""Jobs that every few labels call for let their series rest; each kind is known once."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from django.db import DatabaseError, OperationalError, connection, transaction
from django.utils import timezone

from labeling.errors import ConflictError
from labeling.models import Job, Project, User
from labeling.services.work import jobs, kinds, transactions
from labeling.services.work.kinds import Handler, Kind
from labeling.services.work.progress import Progress, log_of
from labeling.services.work.transactions import Turn, await_turn
from labeling.signals import job_queued
from tests import make

pytestmark = pytest.mark.django_db
Commits = Callable[..., Any]


Run = Callable[[Handler], None]


@pytest.fixture
def runs() -> Iterator[Run]:
    """Say what runs jobs of the kind "test"; nobody knows that kind after the test."""

    def register(handler: Handler) -> None:
        kinds.TABLE.pop("test", None)
        kinds.register(Kind("test", handler, title="test", rest=9))

    yield register
    kinds.TABLE.pop("test", None)


@pytest.fixture
def rings() -> Any:
    """The seconds after which each ring is to be heard."""
    heard: list[float] = []

    def listen(seconds: float, **_: object) -> None:
        heard.append(seconds)

    job_queued.connect(listen)
    yield heard
    job_queued.disconnect(listen)


def ended(project: Project, kind: str, *, seconds: float, ago: float) -> None:
    """Leave a job in its series that took so long and ended so long ago."""
    finished = timezone.now() - timedelta(seconds=ago)
    Job.objects.create(
        project=project,
        kind=kind,
        series="one",
        state=Job.State.DONE,
        started_at=finished - timedelta(seconds=seconds),
        finished_at=finished,
    )


def request(project: Project, kind: str, user: User | None = None) -> Job:
    return jobs.enqueue(kind, project=project, series="one", user=user)


@pytest.mark.parametrize(
    ("kind", "past", "wait"),
    [
        ("agreement", (1, 0), 9),
        ("agreement", (1, 4), 5),
        ("agreement", (1, 20), 0),
        ("agreement", (100, 0), 60),
        ("learn.rank", (2, 0), 6),
        ("learn.train", (1, 0), 9),
        ("learn.score", (100, 0), 0),
    ],
)
def test_a_series_rests_as_many_times_as_long_as_it_worked(
    kind: str,
    past: tuple[float, float],
    wait: float,
    rings: list[float],
    django_capture_on_commit_callbacks: Commits,
) -> None:
    project = make.project()
    ended(project, kind, seconds=past[0], ago=past[1])

    with django_capture_on_commit_callbacks(execute=True):
        request(project, kind)

    assert rings == [pytest.approx(wait, abs=2)]


def test_what_a_person_asks_for_does_not_wait(
    rings: list[float], django_capture_on_commit_callbacks: Commits
) -> None:
    project = make.project()
    ended(project, "learn.train", seconds=3, ago=0)
    user = make.member(project).user

    with django_capture_on_commit_callbacks(execute=True):
        resting = request(project, "learn.train")
    for _ in range(2):
        with django_capture_on_commit_callbacks(execute=True):
            assert request(project, "learn.train", user) == resting

    assert rings == [pytest.approx(27, abs=2), 0]
    resting.refresh_from_db()
    assert (resting.requested_by, resting.not_before) == (user, None)


def test_what_a_person_asks_for_while_one_runs_begins_at_its_end(
    runs: Run, rings: list[float], django_capture_on_commit_callbacks: Commits
) -> None:
    project = make.project()
    user = make.member(project).user

    def work_for_two_seconds(progress: Progress) -> dict[str, Any]:
        begun = timezone.now() - timedelta(seconds=2)
        Job.objects.filter(pk=progress.job.pk).update(started_at=begun)
        request(project, "test")
        request(project, "test", user)
        return {}

    runs(work_for_two_seconds)

    first = request(project, "test")
    with django_capture_on_commit_callbacks(execute=True):
        jobs.run(first.pk)

    # When it was asked for by nobody, then by a person, and at the end of the first.
    assert rings == [0, 0, 0]


def test_what_was_asked_while_one_ran_waits_from_its_end(
    runs: Run, rings: list[float], django_capture_on_commit_callbacks: Commits
) -> None:
    project = make.project()

    def work_for_two_seconds(progress: Progress) -> dict[str, Any]:
        begun = timezone.now() - timedelta(seconds=2)
        Job.objects.filter(pk=progress.job.pk).update(started_at=begun)
        request(project, "test")
        return {}

    runs(work_for_two_seconds)

    first = request(project, "test")
    with django_capture_on_commit_callbacks(execute=True):
        jobs.run(first.pk)

    # Once when it was asked for, which nobody can run yet, and once after the end.
    assert rings == [0, pytest.approx(18, abs=3)]
    assert jobs.ring_waiting() == 0
    waiting = Job.objects.get(state=Job.State.QUEUED)
    jobs.run_in_turn(waiting.pk)
    waiting.refresh_from_db()
    assert waiting.state == Job.State.QUEUED
    Job.objects.filter(state=Job.State.QUEUED).update(not_before=timezone.now())
    assert jobs.ring_waiting() == 1


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (ConflictError("There is nothing to learn."), "There is nothing to learn."),
        (KeyError("nothing"), "KeyError: 'nothing'"),
    ],
)
def test_words_for_people_are_told_without_the_name_of_their_class(
    error: Exception, told: str, runs: Run
) -> None:
    def fail(_: Progress) -> dict[str, Any]:
        raise error

    runs(fail)
    job = jobs.enqueue("test")
    with pytest.raises(type(error)):
        jobs.run(job.pk)

    job.refresh_from_db()
    assert str(job.error) == told


def cut_off(_: Progress) -> dict[str, Any]:
    """Lose the connection in the middle, as when the database is started anew."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")
    return {}


def stand_still(_: Progress) -> dict[str, Any]:
    """Stand still within a transaction until the database ends it."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL idle_in_transaction_session_timeout = 1")
        time.sleep(0.5)
        cursor.execute("SELECT 1")
    return {}


@pytest.mark.parametrize("lose", [cut_off, stand_still])
@pytest.mark.django_db(transaction=True)
def test_a_job_that_loses_the_database_is_begun_again(runs: Run, lose: Handler) -> None:
    runs(lose)
    job = jobs.enqueue("test")
    # More often than its worker may die.
    for _ in range(4):
        with pytest.raises(DatabaseError):
            jobs.run(job.pk)
    runs(lambda _: {"is": "done"})

    assert jobs.ring_waiting() == 1
    jobs.run(job.pk)

    job.refresh_from_db()
    assert (job.state, job.attempt, job.result) == ("done", 5, {"is": "done"})


@pytest.mark.django_db(transaction=True)
def test_a_job_that_loses_the_database_each_time_fails_and_says_why(
    runs: Run,
) -> None:
    runs(cut_off)
    job = jobs.enqueue("test")
    many = jobs.MOST_LOST
    Job.objects.filter(pk=job.pk).update(attempt=many, stood_back=many)

    for _ in range(3):
        with pytest.raises(OperationalError):
            jobs.run(job.pk)

    job.refresh_from_db()
    assert (job.state, job.attempt) == ("failed", many + 3)
    assert "OperationalError" in str(job.error)


def test_f16_only_an_import_that_stands_still_is_ended_by_the_database() -> None:
    limits = {}
    for turn in Turn:
        with transaction.atomic(), connection.cursor() as cursor:
            await_turn(turn)
            cursor.execute("SHOW idle_in_transaction_session_timeout")
            limits[turn] = cursor.fetchone()
            # Within the transaction of the test a limit stays.
            cursor.execute("SET LOCAL idle_in_transaction_session_timeout = 0")

    # The learner computes behind its turns, for as long as it takes.
    assert limits == dict.fromkeys(Turn, ("0",)) | {Turn.IMPORTS: ("3min",)}


@pytest.mark.parametrize(
    ("turn", "seconds", "ended"),
    [(Turn.IMPORTS, 0, 1), (Turn.IMPORTS, 60, 0), (Turn.PREDICTIONS, 0, 0)],
)
@pytest.mark.django_db(transaction=True)
def test_f16_an_import_that_stands_still_amid_its_rows_is_ended(
    turn: Turn, seconds: int, ended: int
) -> None:
    """There the time limit of the transaction does not count."""
    with closing(psycopg.connect(**connection.get_connection_params())) as other:
        other.execute("SET idle_in_transaction_session_timeout = 100")
        other.execute("SELECT pg_advisory_xact_lock(%s, 1)", [turn])
        # A publication of a million predictions takes its time.
        other.pgconn.exec_(b"COPY labeling_label (id) FROM STDIN")
        other.pgconn.put_copy_data(b"1\n")
        time.sleep(0.5)

        assert transactions.end_standstills(seconds) == ended
        assert _is_free(turn) == bool(ended)


def _is_free(turn: Turn) -> bool:
    """Whether nobody has a turn in the project 1 any more, in a second."""
    for _ in range(10):
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_xact_lock(%s, 1)", [turn])
            if cursor.fetchone()[0]:
                return True
        time.sleep(0.1)
    return False


def test_a_job_of_another_version_fails_in_words() -> None:
    job = Job.objects.create(kind="learn.dream")

    with pytest.raises(ConflictError):
        jobs.run(job.pk)

    job.refresh_from_db()
    assert job.state == Job.State.FAILED
    assert str(job.error) == "This version knows no jobs of the kind “learn.dream”."
    with pytest.raises(ConflictError):
        jobs.again(job, None)


def test_a_kind_that_nobody_has_registered_is_not_requested() -> None:
    with pytest.raises(ConflictError):
        jobs.enqueue("learn.dream")

    assert not Job.objects.exists()


def test_a_job_that_fails_the_same_way_again_waits_longer_each_time(runs: Run) -> None:
    def fail(_: Progress) -> dict[str, Any]:
        raise ConflictError("No way.")

    runs(fail)
    project, user = make.project(), make.user()
    waits = []
    for _ in range(10):
        job = jobs.enqueue("test", project=project, series="one")
        if job.not_before:
            waits.append(job.not_before - timezone.now())
        with pytest.raises(ConflictError):
            jobs.run(job.pk)

    assert [round(wait.total_seconds() / 30) for wait in waits[:4]] == [1, 2, 4, 8]
    assert timedelta(minutes=59) < waits[-1] <= timedelta(hours=1)
    assert "waits" in log_of(jobs.enqueue("test", project=project, series="one"))
    # A person does not wait for that, and what went well ends it.
    asked = jobs.enqueue("test", project=project, series="one", user=user)
    assert asked.not_before is None
    runs(lambda _: {})
    jobs.run(asked.pk)
    fresh = jobs.enqueue("test", project=project, series="one")
    assert fresh.not_before is None or fresh.not_before < timezone.now() + timedelta(
        seconds=9
    )
    assert not log_of(fresh)
