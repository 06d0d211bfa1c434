"""A disk that is nearly full: words and readings, no writing (attacks-2, 15; F05, F06)."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from django.test import Client
from pytest_django.fixtures import Settings

from config.logs import OneLine, Sparing
from labeling.models import Annotation, Job
from labeling.services.work import jobs, space
from labeling.tasks import run_job
from tests import make
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
