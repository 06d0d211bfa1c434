"""An export into a source: the same file as by the API, with what proves it."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
from pytest_django.fixtures import Settings

from labeling.errors import InvalidInputError
from labeling.models import Job, Source
from labeling.services.transfer.sources import sending, setting_up
from labeling.services.transfer.sources.parts import Portions
from labeling.services.transfer.sources.setting_up import SourceDraft
from labeling.services.work import jobs
from tests import make
from tests.labeling.transfer.files import bring, lines
from tests.labeling.transfer.sources.server import Server, counts, listed

pytestmark = pytest.mark.django_db


def sent(source: Source, kind: str = "jsonl", **filters: str) -> Job:
    return ran(sending.request(source, None, kind, filters))


def ran(job: Job) -> Job:
    jobs.run(job.pk)
    job.refresh_from_db()
    return job


def test_the_rows_of_one_moment_are_an_object_of_the_bucket(server: Server) -> None:
    project = make.project()
    bring(
        project, "x.jsonl", lines({"id": "a", "text": "one"}, {"id": "b", "text": "2"})
    )
    source = server.source(project, prefix="p/")

    result = sent(source).result

    data = (server.files / "p" / result["object"]).read_bytes()
    assert result["object"].startswith(f"assay-exports/{project.slug}-")
    assert [json.loads(line)["external_id"] for line in data.splitlines()] == ["a", "b"]
    assert result["rows"] == 2
    assert result["sha256"] == hashlib.sha256(data).hexdigest()


def test_a_job_that_writes_in_parts_tells_how_far_it_is(server: Server) -> None:
    project = make.project()
    bring(project, "x.jsonl", lines({"id": "a", "text": "one"}))
    source = server.source(project)
    claimed = jobs.claim(sending.request(source, None, "jsonl", {}).pk)
    assert claimed is not None

    result = sending.run(claimed, Portions(at_once=100, part=60))

    size = (server.files / result["object"]).stat().st_size
    job = Job.objects.get(pk=claimed.job.pk)
    assert size > 100
    assert (job.done, job.total) == (size, size)


def test_what_we_have_written_is_not_imported(server: Server) -> None:
    project = make.project()
    bring(project, "x.jsonl", lines({"id": "a", "text": "one"}))
    source = server.source(project)
    sent(source)

    run = listed(source)

    assert counts(source) == {"objects": 1, "unused": 1}
    assert "It is an export of ours." in str(run.refusals[0].reason)


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_filters_and_formats_are_those_of_exports(server: Server, kind: str) -> None:
    project = make.project()
    bring(project, "x.jsonl", lines({"id": "a", "text": "one"}))
    source = server.source(project)

    job = sent(source, kind, state="settled")

    assert job.result["rows"] == 0
    assert job.result["object"].endswith(f".{kind}")


@pytest.mark.parametrize("is_asked", [False, True])
def test_embeddings_are_in_it_where_they_are_asked_for(
    server: Server, *, is_asked: bool
) -> None:
    project = make.project()
    prediction = {"source": "m", "label": "x", "embedding": [0.5]}
    row = {"id": "a", "text": "one", "predictions": [prediction]}
    bring(project, "x.jsonl", lines(row))
    source = server.source(project)

    job = ran(sending.request(source, None, "jsonl", {}, with_embeddings=is_asked))

    data = (server.files / job.result["object"]).read_bytes()
    assert (b'"embedding": "AAAAPw=="' in data) is is_asked


def test_an_unknown_format_or_filter_is_refused(server: Server) -> None:
    source = server.source(make.project())

    for kind, filters in (("exe", {}), ("csv", {"state": "x"})):
        with pytest.raises(InvalidInputError):
            sending.request(source, None, kind, filters)


def test_the_same_job_writes_the_same_object_again(server: Server) -> None:
    project = make.project()
    bring(project, "x.jsonl", lines({"id": "a", "text": "one"}))
    source = server.source(project)
    job = sending.request(source, None, "jsonl", {})
    results = []
    for _ in range(2):
        claimed = jobs.claim(job.pk)
        assert claimed is not None
        results.append(sending.run(claimed)["object"])
        Job.objects.update(alive_until=job.created_at)

    assert results[0] == results[1]
    assert len([*(server.files / "assay-exports").iterdir()]) == 1


def test_a_source_that_was_removed_takes_nothing(server: Server) -> None:
    source = server.source(make.project())
    job = sending.request(source, None, "jsonl", {})
    setting_up.remove(source)

    with pytest.raises(InvalidInputError, match="was removed"):
        jobs.run(job.pk)


def test_an_export_goes_into_a_folder_too(tmp_path: Path, settings: Settings) -> None:
    settings.SOURCE_FOLDER = str(tmp_path)
    project = make.project()
    bring(project, "x.jsonl", lines({"id": "a", "text": "one"}))
    source = setting_up.add(project, None, SourceDraft("f", "folder"))

    result = sent(source).result

    assert b"one" in (tmp_path / result["object"]).read_bytes()
