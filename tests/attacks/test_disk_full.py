"""A disk that is nearly full: words and readings, no writing (attacks-2, 15; F05, F06)."""

from __future__ import annotations

import errno
import logging
import resource
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any

import pytest
from django.core.files.storage import FileSystemStorage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from pytest_django.fixtures import Settings

from config.logs import OneLine, Sparing
from labeling.models import Annotation, Job, Upload
from labeling.services.transfer import importing
from labeling.services.work import jobs, space
from labeling.services.work.progress import Progress
from labeling.tasks import run_job
from tests import doubles, make
from tests.test_pages import browser

pytestmark = pytest.mark.django_db

# More than any disk has: what is free is always less.
ALL = 2**62


def test_attack_15_votes_are_refused_in_words_while_all_can_be_read(
    settings: Settings,
) -> None:
    project = make.project()
    make.ranked(project, make.items(project, 2))
    who = make.member(project).user
    call, path = make.Caller(who), f"projects/{project.slug}"
    lease = call("post", f"{path}/queue/lease/", {"count": 1}).json()
    vote = {
        "assignment": lease["items"][0]["assignment"],
        "labels": ["x"],
        "client_id": "7b0a4f2e-0000-4000-8000-000000000001",
    }
    page = browser(make.manager_of(project).user)

    settings.MIN_FREE_BYTES = ALL
    refused = call("post", f"{path}/annotations/", vote)
    form = page.post(f"/projects/{project.slug}/members/", {"action": "invite"})

    assert refused.status_code == form.status_code == 507
    assert refused.json()["code"] == "no_space"
    assert "nearly full" in refused.json()["detail"]
    assert int(refused.headers["Retry-After"]) > 0
    assert b"nearly full" in form.content
    assert not Annotation.votes.exists()
    assert call("get", f"{path}/").status_code == 200
    assert page.get(f"/projects/{project.slug}/items/").status_code == 200
    logged_in = Client().post("/login/", {"username": who.username, "password": "pw"})
    assert logged_in.status_code == 302

    settings.MIN_FREE_BYTES = 0
    assert call("post", f"{path}/annotations/", vote).status_code == 201


def test_attack_15_a_job_waits_until_there_is_room(settings: Settings) -> None:
    job = jobs.enqueue("agreement", project=make.project())
    settings.MIN_FREE_BYTES = ALL

    run_job(job.pk)
    job.refresh_from_db()
    assert job.state == Job.State.QUEUED

    settings.MIN_FREE_BYTES = 0
    run_job(job.pk)
    job.refresh_from_db()
    assert job.state == Job.State.DONE


def test_attack_15_readiness_and_metrics_say_it(settings: Settings) -> None:
    staff = make.user()
    staff.is_staff = True
    staff.save()
    assert browser(staff).get("/readyz").json()["disk"] == "ok"

    settings.MIN_FREE_BYTES = ALL
    # Who balances loads by it must not take the site away: it can be read.
    assert (
        Client().get("/readyz").status_code == browser(staff).get("/readyz").status_code
    )
    assert browser(staff).get("/readyz").json()["disk"] == "nearly full"
    metrics = browser(staff).get("/metrics").content.decode()
    assert f"assay_disk_free_bytes {space.free() // 2**40}"[:22] in metrics


def test_what_is_free_of_a_home_that_is_not_there_is_what_its_folder_has(
    settings: Settings, tmp_path: Any
) -> None:
    settings.ASSAY_HOME = tmp_path / "later"
    assert space.free() > 0

    settings.ASSAY_HOME = tmp_path / "a" / "b" / "c"
    assert space.free() == 0


def test_attack_15_one_line_of_many_is_written_and_says_how_many_were_left_out() -> (
    None
):
    clock = iter([*[0.0] * 50, 11.0, 11.0])
    sparing, one_line = Sparing(clock=lambda: next(clock)), OneLine()

    def line(message: str, *values: str) -> str | None:
        record = logging.LogRecord("a", 30, "", 1, message, values, None)
        if not sparing.filter(record):
            return None
        one_line.filter(record)
        return record.getMessage()

    written = [line("%s fails", str(number)) for number in range(49)]
    assert written[:20] == [f"{number} fails" for number in range(20)]
    assert written[20:] == [None] * 29
    assert line("another fails") == "another fails"
    assert line("%s fails", "x") == "x fails (and 29 more like it)"
    assert line("%s fails", "y") == "y fails"


@contextmanager
def files_of_at_most(size: int) -> Iterator[None]:
    """Let no file of this process become larger, as on a disk that is full."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.fixture
def in_memory(settings: Settings) -> None:
    """Keep a form's file in memory: half of it in a file Django would leave open."""
    settings.FILE_UPLOAD_MAX_MEMORY_SIZE = 2**23


LINES = b'{"text": "one of many"}\n' * 90_000


@pytest.mark.usefixtures("in_memory")
@pytest.mark.parametrize("call", ["imports", "predictions"])
def test_a_file_that_the_disk_does_not_take_is_refused_in_words(call: str) -> None:
    project = make.project()
    caller = make.Caller(make.manager_of(project).user)
    said = {"source": "llm"} if call == "predictions" else {}
    file = SimpleUploadedFile("x.jsonl", LINES)

    with files_of_at_most(2**20):
        answer = caller.client.post(
            f"/api/projects/{project.slug}/{call}/",
            {"file": file, **said},
            headers=caller.headers,
        )

    assert answer.status_code == 507
    assert answer.json()["code"] == "no_space"
    assert "nearly full" in answer.json()["detail"]
    assert not Upload.objects.exists()


class FullStorage(FileSystemStorage):
    """The real storage, on a disk that is full."""

    def save(
        self, name: str | None, content: IO[Any], max_length: int | None = None
    ) -> str:
        with files_of_at_most(2**20):
            return super().save(name, content, max_length)


def test_half_of_a_file_that_the_disk_does_not_take_is_deleted(
    settings: Settings, tmp_path: Path
) -> None:
    full = {
        "BACKEND": f"{__name__}.{FullStorage.__name__}",
        "OPTIONS": {"location": str(tmp_path)},
    }
    settings.STORAGES = {**settings.STORAGES, "default": full}

    with pytest.raises(OSError, match="too large"):
        importing.stage(make.project(), None, "x.jsonl", [LINES])

    assert not [each for each in tmp_path.rglob("*") if each.is_file()]


@pytest.mark.usefixtures("in_memory")
def test_a_page_says_that_the_disk_does_not_take_a_file() -> None:
    project = make.project()
    page = browser(make.manager_of(project).user)
    page.raise_request_exception = False

    with files_of_at_most(2**20):
        answer = page.post(
            f"/projects/{project.slug}/import/",
            {"file": SimpleUploadedFile("x.jsonl", LINES)},
        )

    assert answer.status_code == 507
    assert b"nearly full" in answer.content


def test_a_job_that_finds_the_disk_full_says_so() -> None:
    def handler(_progress: Progress) -> dict[str, Any]:
        with files_of_at_most(2**20), TemporaryFile() as file:
            file.write(LINES)
        return {}

    with doubles.kind("test", handler):
        job = jobs.enqueue("test", project=make.project())
        with pytest.raises(OSError, match="too large"):
            jobs.run(job.pk)

    job.refresh_from_db()
    assert job.state == Job.State.FAILED
    assert "nearly full" in str(job.error)


def test_a_file_of_sqlite_that_the_disk_does_not_take_is_the_same() -> None:
    rows = [("x" * 1000,)] * 5000
    with files_of_at_most(2**20), closing(sqlite3.connect("")) as database:
        database.execute("PRAGMA cache_size = 1")
        database.execute("CREATE TABLE kept (line TEXT)")
        with pytest.raises(sqlite3.OperationalError) as full:
            database.executemany("INSERT INTO kept VALUES (?)", rows)

    assert space.refusal_of(full.value) is not None
    assert space.refusal_of(sqlite3.OperationalError("no such table")) is None
    assert space.refusal_of(OSError(errno.ENOENT, "gone")) is None
