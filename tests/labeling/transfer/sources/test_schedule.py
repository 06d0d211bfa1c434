"""Sources are listed by themselves, later where that fails, and they say so."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from labeling.errors import InvalidInputError
from labeling.models import Job, Source
from labeling.services.transfer.sources import listing, schedule, setting_up
from labeling.services.work import jobs
from labeling.tasks import list_sources
from tests import make
from tests.labeling.transfer.sources.server import KEY, Server, listed

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


def wait_of(source: Source) -> timedelta | None:
    """Return in how long a source is listed by itself, to the minute."""
    source.refresh_from_db()
    if source.list_after is None:
        return None
    minutes = round((source.list_after - timezone.now()).total_seconds() / 60)
    return timedelta(minutes=minutes)


def asked() -> int:
    return Job.objects.filter(kind="list-source").count()


def test_a_source_that_is_due_is_listed_once_in_its_time(server: Server) -> None:
    source = server.source(make.project(), every_hours=6)
    by_hand = server.source(make.project(), name="by hand")

    first, again = list_sources(), list_sources()

    job = Job.objects.get(kind="list-source")
    assert (first, again) == (1, 0)
    assert (job.params["source"], job.requested_by) == (source.pk, None)
    assert wait_of(source) == 6 * HOUR
    assert wait_of(by_hand) is None


def test_it_is_listed_again_when_its_hours_are_over(server: Server) -> None:
    source = server.source(make.project(), every_hours=6)
    listed(source)
    assert wait_of(source) == 6 * HOUR

    assert schedule.due(timezone.now() + 5.9 * HOUR) == []
    assert schedule.due(timezone.now() + 6.1 * HOUR) == [source]


def test_each_failure_doubles_the_wait_and_a_whole_list_ends_it(server: Server) -> None:
    source = server.source(make.project(), every_hours=6)
    files = server.files
    aside = files.with_name("aside")
    files.rename(aside)
    waits = []
    for _ in range(3):
        with pytest.raises(InvalidInputError):
            listed(source)
        waits.append(wait_of(source))
    aside.rename(files)
    assert waits == [12 * HOUR, 24 * HOUR, 48 * HOUR]
    assert source.failures == 3

    listed(source)

    assert wait_of(source) == 6 * HOUR
    assert source.failures == 0


def test_a_failure_is_told_by_page_and_call(server: Server, client: Client) -> None:
    project = make.project()
    manager = make.manager_of(project).user
    source = server.source(project, every_hours=6)
    for _ in range(2):
        schedule.note_failure(source)
    client.force_login(manager)

    page = client.get(f"/projects/{project.slug}/sources/").content.decode()
    reply = make.Caller(manager)("get", f"projects/{project.slug}/sources/{source.pk}/")

    assert "2 lists failed one after the other" in page
    assert "Listed by itself next" in page
    assert (reply.data.failures, reply.data.every_hours) == (2, 6)
    assert reply.data.list_after


@pytest.mark.parametrize(
    ("hours", "failures", "expected"),
    [
        (1, 0, HOUR),
        (1, 3, 8 * HOUR),
        (6, 9, 168 * HOUR),
        (1, 10**6, 168 * HOUR),
        # What is listed more seldom anyway is not listed more often for failing.
        (672, 5, 672 * HOUR),
    ],
)
def test_no_wait_is_longer_than_a_week_or_its_own(
    hours: int, failures: int, expected: timedelta
) -> None:
    assert schedule.wait(hours, failures) == expected


def test_other_hours_count_from_the_last_list(server: Server) -> None:
    source = server.source(make.project())
    listed(source)
    source.refresh_from_db()

    setting_up.change(source, {"every_hours": 3})
    assert wait_of(source) == 3 * HOUR

    source.listed_at = timezone.now() - 2 * HOUR
    setting_up.change(source, {"every_hours": 1})
    assert wait_of(source) == timedelta()
    setting_up.change(source, {"every_hours": 0})
    assert wait_of(source) is None


def test_with_a_new_key_the_next_sweep_lists_what_has_failed(server: Server) -> None:
    source = server.source(make.project(), every_hours=6)
    by_hand = server.source(make.project())
    for _ in range(5):
        schedule.note_failure(source)
    assert wait_of(source) == 168 * HOUR

    for each in (source, by_hand):
        setting_up.change(each, {"key_id": KEY.id, "secret": KEY.secret})

    assert listing.request_due() == 1
    assert Job.objects.get(kind="list-source").params["source"] == source.pk
    assert wait_of(by_hand) is None


def test_another_name_leaves_the_wait_after_failures(server: Server) -> None:
    source = server.source(make.project(), every_hours=6)
    # Not what the source in memory says.
    schedule.note_failure(source)

    setting_up.change(source, {"name": "another"})

    assert wait_of(source) == 12 * HOUR


@pytest.mark.parametrize("hours", [-1, schedule.MOST_HOURS + 1])
def test_hours_that_are_none_are_refused(server: Server, hours: int) -> None:
    with pytest.raises(InvalidInputError) as refusal:
        server.source(make.project(), every_hours=hours)

    assert [*refusal.value.by_field] == ["every_hours"]


def test_a_form_sets_the_hours(server: Server, client: Client) -> None:
    project = make.project()
    source = server.source(project)
    client.force_login(make.manager_of(project).user)
    address = f"/projects/{project.slug}/sources/{source.pk}/"
    form = {"action": "change", "name": "n"}

    client.post(address, {**form, "every_hours": "12"})
    source.refresh_from_db()
    wrong = client.post(address, {**form, "every_hours": "often"})

    assert source.every_hours == 12
    assert wrong.status_code == 400
    assert "A whole number from 0" in wrong.content.decode()


def test_a_waiting_list_is_not_asked_for_twice(server: Server) -> None:
    source = server.source(make.project(), every_hours=6)
    setting_up.request_list(source, None)

    listing.request_due()

    assert asked() == 1
    jobs.run(Job.objects.get(kind="list-source").pk)


@pytest.mark.django_db(transaction=True)
def test_of_two_sweeps_that_find_a_source_due_one_requests_its_list(
    server: Server,
) -> None:
    source = server.source(make.project(), every_hours=6)
    both_found_it = Barrier(2, timeout=10)

    @make.threaded
    def sweep(_number: int) -> int:
        first = iter(["lock"])

        def meet(execute: Any, sql: str, *others: Any) -> Any:
            if "FOR NO KEY UPDATE" in sql and next(first, None):
                both_found_it.wait()
            return execute(sql, *others)

        with connection.execute_wrapper(meet):
            return listing.request_due()

    with ThreadPoolExecutor(2) as pool:
        requested = sorted(pool.map(sweep, range(2)))

    assert requested == [0, 1]
    assert asked() == 1
    assert wait_of(source) == 6 * HOUR


def refuse_jobs_of(source: Source | None) -> None:
    """Have the database refuse the jobs of a source from now on; None: of no source."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT set_config('test.refused', %s, true)",
            [str(source.pk) if source else ""],
        )


@pytest.fixture
def refusing(db: None) -> None:
    """Have a trigger by which ``refuse_jobs_of`` works."""
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS"
            " $$ BEGIN RAISE EXCEPTION 'no room for it'; END $$"
        )
        cursor.execute(
            "CREATE TRIGGER refuse BEFORE INSERT ON labeling_job FOR EACH ROW"
            " WHEN (NEW.params ->> 'source' = current_setting('test.refused', true))"
            " EXECUTE FUNCTION refuse()"
        )


@pytest.mark.usefixtures("refusing")
def test_a_source_whose_list_cannot_be_requested_stays_due_and_stops_no_other(
    server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    broken = server.source(make.project(), every_hours=6)
    whole = server.source(make.project(), every_hours=6)
    refuse_jobs_of(broken)

    assert listing.request_due() == 1

    assert Job.objects.get(kind="list-source").params["source"] == whole.pk
    assert wait_of(broken) == timedelta()
    assert "no room for it" in caplog.text
    refuse_jobs_of(None)
    assert listing.request_due() == 1
    assert wait_of(broken) == 6 * HOUR


def test_a_source_that_is_removed_while_it_is_listed_ends_nothing(
    server: Server,
) -> None:
    source = server.source(make.project(), every_hours=6)
    Source.objects.filter(pk=source.pk).delete()

    assert schedule.after_list(source)["list_after"] is None
    schedule.note_failure(source)
    assert listing.request_due() == 0


def test_a_paused_project_is_listed_once_it_goes_on(server: Server) -> None:
    project = make.project(is_paused=True)
    server.source(project, every_hours=6)

    assert listing.request_due() == 0

    project.is_paused = False
    project.save()
    assert listing.request_due() == 1
