"""The table of faults is whole, and those that no other test tries."""

from __future__ import annotations

import errno
import re
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.storage import FileSystemStorage
from django.db import connection
from django.utils import timezone
from pytest_django.fixtures import Settings

from labeling.models import Job, Upload
from labeling.services.queue import giving_back
from labeling.services.transfer import importing
from labeling.services.work import jobs
from labeling.signals import job_queued
from tests import doubles, make
from tests.faults.table import FAULTS, LEFT
from tests.labeling.transfer.files import lines
from tests.running.machine import ROOT


def test_every_fault_has_its_tests_or_a_reason_why_not() -> None:
    assert sorted([*FAULTS, *LEFT]) == [f"F{number:02d}" for number in range(1, 21)]
    for number, fault in FAULTS.items():
        assert fault.tests, number
        for name in fault.tests:
            path, _, function = name.partition("::")
            source = (ROOT / path).read_text()
            assert re.search(rf"^def {function}\(", source, re.MULTILINE), name


@pytest.mark.django_db
def test_f03_a_job_whose_bell_was_lost_is_rung_again() -> None:
    job = jobs.enqueue("import", project=make.project(), params={"upload": "x"})
    Job.objects.filter(pk=job.pk).update(
        created_at=timezone.now() - timedelta(minutes=5)
    )
    rung: list[int] = []

    def hear(job_id: int, **_: Any) -> None:
        rung.append(job_id)

    job_queued.connect(hear, weak=False)
    try:
        jobs.ring_waiting()
    finally:
        job_queued.disconnect(hear)

    assert rung == [job.pk]


class FullStorage(FileSystemStorage):
    """A disk on which there is room for the beginning of a file."""

    def _save(self, name: str, content: Any) -> str:
        raise OSError(errno.ENOSPC, "No space left on device")


@pytest.fixture
def full_disk(settings: Settings) -> None:
    kept = settings.STORAGES["default"]
    full = {**kept, "BACKEND": "tests.faults.test_faults.FullStorage"}
    settings.STORAGES = {**settings.STORAGES, "default": full}


@pytest.mark.django_db
@pytest.mark.usefixtures("full_disk")
def test_f06_an_upload_that_the_disk_does_not_take_leaves_nothing() -> None:
    project = make.project()

    with pytest.raises(OSError, match="No space left"):
        importing.stage(project, None, "x.jsonl", [lines({"text": "a"})])

    assert not Upload.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize("days", [-2, 2])
def test_f09_leases_go_by_the_clock_of_the_database(
    days: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = make.project(lease_minutes=30)
    make.ranked(project, make.items(project, 1))
    who, other = make.member(project), make.member(project)
    wrong = timezone.now() + timedelta(days=days)
    monkeypatch.setattr(timezone, "now", lambda: wrong)

    (assignment,) = make.lease(who)
    giving_back.reclaim()
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        now = cursor.fetchone()[0]

    assert timedelta(minutes=28) < assignment.expires_at - now < timedelta(minutes=32)
    assert make.lease(other) == []
    assert make.lease(who) == [assignment]


@pytest.mark.django_db
def test_f10_a_job_without_memory_fails_and_the_worker_goes_on() -> None:
    project = make.project()

    def hungry(_progress: object) -> dict[str, Any]:
        return {"bytes": len(bytearray(2**62))}

    with doubles.kind("hungry", hungry), doubles.kind("modest", lambda _: {"bytes": 1}):
        first = jobs.enqueue("hungry", project=project)
        second = jobs.enqueue("modest", project=project)
        with pytest.raises(MemoryError):
            jobs.run(first.pk)
        jobs.run(second.pk)

    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.state, second.state) == ("failed", "done")
    assert "MemoryError" in str(first.error)
