"""An import as a job: good rows kept, bad rows named, nothing twice."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from labeling.models import ImportRun, Item, Job
from labeling.services.transfer import exporting, importing
from labeling.services.transfer.importing import Limits
from labeling.services.work import jobs
from labeling.services.work.progress import JobLostError
from tests import make
from tests.doubles import interrupted, watched
from tests.labeling.transfer.files import bring, lines, start

pytestmark = pytest.mark.django_db


def test_good_rows_are_kept_and_bad_rows_named() -> None:
    project = make.project()
    data = b'{"id": "a", "text": "one"}\nnonsense\n{"id": "b", "text": ""}\n[1]\n'

    run = bring(project, "x.jsonl", data + lines({"id": "c", "text": "two"}))

    assert (run.received, run.created, run.rejected) == (5, 2, 3)
    assert [error["row"] for error in run.errors] == [2, 3, 4]


def test_small_files_give_enough_for_evaluation() -> None:
    project = make.project()

    run = bring(project, "x.jsonl", lines(*({"text": f"t {n}"} for n in range(100))))

    assert run.options["evaluation_share"] == pytest.approx(0.3)
    assert 10 < Item.objects.filter(split="evaluation").count() < 50


def test_the_counts_are_those_of_the_attempt_that_has_the_job() -> None:
    project = make.project()
    run = start(project, "x.jsonl", lines(*({"text": f"t {n}"} for n in range(6))))
    limits = Limits(chunk_rows=2)

    def another_worker_does_it() -> None:
        Job.objects.filter(pk=run.job_id).update(alive_until=timezone.now())
        importing.run(watched(jobs.claim(run.job_id)), limits)

    first = interrupted(run.job, after=2, then=another_worker_does_it)
    with pytest.raises(JobLostError):
        importing.run(first, limits)

    run.refresh_from_db()
    assert (run.received, run.created, run.duplicates) == (6, 6, 0)
    assert Item.objects.count() == 6


def test_import_and_export_over_http() -> None:
    project = make.project()
    call = make.Caller(make.manager_of(project).user)
    path = f"/api/projects/{project.slug}/imports/"
    answer = call.client.post(
        path,
        data=lines({"text": "one"}),
        content_type="application/x-ndjson",
        headers=call.headers,
    )

    assert answer.status_code == 202
    assert (
        call("get", f"projects/{project.slug}/imports/{answer.json()['id']}/").json()[
            "state"
        ]
        == "queued"
    )
    jobs.run(ImportRun.objects.get().job_id)
    for kind in exporting.FORMATS:
        exported = call("get", f"projects/{project.slug}/export/?format={kind}")
        assert exported.status_code == 200
        assert b"".join(exported.streaming_content)
    assert call("get", f"projects/{project.slug}/export/?format=exe").status_code == 400


def test_an_import_is_cancelled_over_http() -> None:
    project = make.project()
    call = make.Caller(make.manager_of(project).user)
    annotator = make.Caller(make.member(project).user)
    upload = importing.stage(project, None, "x.jsonl", [lines({"text": "one"})])
    run = importing.start(upload, None, {}, {})
    path = f"projects/{project.slug}/imports/{run.pk}/"

    assert call("post", path).status_code == 405
    assert annotator("post", f"{path}cancel/").status_code == 403
    assert call("post", f"{path}cancel/").json()["state"] == "cancelled"
    jobs.run(run.job_id)
    assert call("get", path).json()["state"] == "cancelled"
    assert not project.items.exists()


def test_the_import_command_waits_for_a_worker_that_was_quicker(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    project = make.project()
    upload = importing.stage(project, None, "x.jsonl", [lines({"text": "one"})])
    run = importing.start(upload, None, {}, {})
    claimed = jobs.claim(run.job_id)
    assert claimed is not None
    waited = []

    def worker_ends(seconds: float) -> None:
        waited.append(seconds)
        importing.run(claimed)
        Job.objects.update(state="done", finished_at=timezone.now())

    monkeypatch.setattr("labeling.services.work.jobs.time.sleep", worker_ends)

    assert jobs.finish(run.job_id).state == "done"
    assert waited == [jobs.PAUSE]
    assert Item.objects.filter(project=project).count() == 1


@pytest.mark.parametrize(
    ("fields", "blamed"),
    [
        ({"mapping": '{"te\\u0000xt": "text"}'}, "mapping"),
        ({"mapping": '{"te\\ud800xt": "text"}'}, "mapping"),
        ({"mapping": '{"a": ' + "[" * 5000 + "]" * 5000 + "}"}, "mapping"),
        ({"mapping": "[" * 100_000}, "mapping"),
        ({"mapping": "[]"}, "mapping"),
        ({"mapping": ""}, "mapping"),
        ({"stream": "x", "file": None}, "file"),
    ],
)
def test_a_form_with_nonsense_is_refused_and_says_which_field(
    client: Client, fields: dict[str, Any], blamed: str
) -> None:
    member = make.member(make.project(), "engineer")
    client.force_login(member.user)
    file = SimpleUploadedFile("items.jsonl", b'{"text": "a"}\n')
    form = {"file": file, **fields}

    answer = client.post(
        f"/api/projects/{member.project.slug}/imports/",
        {name: value for name, value in form.items() if value is not None},
    )

    assert answer.status_code == 400
    assert blamed in answer.json()["errors"]


@pytest.mark.parametrize(("query", "status"), [("mapping=", 400), ("gold=", 202)])
def test_an_address_with_an_empty_mapping_is_refused(
    client: Client, query: str, status: int
) -> None:
    member = make.member(make.project(), "engineer")
    client.force_login(member.user)

    answer = client.post(
        f"/api/projects/{member.project.slug}/imports/?{query}",
        b'{"text": "a"}\n',
        content_type="application/x-ndjson",
    )

    assert answer.status_code == status
    assert ("mapping" in answer.json().get("errors", {})) == (status == 400)
