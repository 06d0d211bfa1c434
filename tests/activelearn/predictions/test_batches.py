"""A file of rows is predicted part by part, by one version, and nothing of it is kept."""

from __future__ import annotations

import csv
import io
import json
import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from activelearn.models import ModelVersion, PredictionBatch
from activelearn.services.predictions import batch_files, batches
from labeling.errors import ConflictError, InvalidInputError
from labeling.models import Item, Job, Project
from labeling.services.transfer import importing
from labeling.services.work import jobs
from labeling.services.work.progress import Progress, StoodBack
from tests import make
from tests.activelearn.features.test_encoding import shade
from tests.activelearn.predictions.test_serving import ask, shades, wines
from tests.labeling.transfer.files import zipped
from tests.test_pages import browser

pytestmark = pytest.mark.django_db

ROWS = [{"id": f"r{n}", "alcohol": 12 + n / 10, "hue": 1.0} for n in range(7)]


def lines(rows: list[dict[str, Any]]) -> bytes:
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


def started(project: Project, data: bytes, name: str = "new.jsonl") -> PredictionBatch:
    user = make.manager_of(project).user
    upload = importing.stage(project, user, name, [data])
    return batches.start(upload, user)


def finished(batch: PredictionBatch) -> PredictionBatch:
    assert batch.job is not None
    jobs.finish(batch.job.pk)
    return PredictionBatch.objects.select_related("job", "project").get(pk=batch.pk)


def rows_of(batch: PredictionBatch) -> list[dict[str, Any]]:
    with batch_files.file_of(batch, "jsonl").file as file:
        return [json.loads(line) for line in file]


def test_each_row_gets_what_predict_says_of_it_and_nothing_joins_the_project() -> None:
    project = wines()
    before = Item.objects.count()
    batch = finished(started(project, lines(ROWS)))

    rows = rows_of(batch)

    assert Item.objects.count() == before
    assert [row["row"] for row in rows] == list(range(1, 8))
    assert [row["id"] for row in rows] == [row["id"] for row in ROWS]
    data = [{k: v for k, v in row.items() if k != "id"} for row in ROWS]
    said = ask(project, *[{"data": row} for row in data]).json()["predictions"]
    for row, prediction in zip(rows, said, strict=True):
        for name in ("label", "labels", "decision", "model", "calibrated"):
            assert row[name] == prediction[name]
        assert row["confidence"] == pytest.approx(prediction["confidence"])
        assert row["probabilities"] == pytest.approx(prediction["probabilities"])
    assert (batch.received, batch.refused, batch.unsure) == (7, 0, 7)
    assert batch.job is not None
    assert batch.job.result["rows"] == 7


def test_a_row_that_cannot_be_read_says_why_in_its_place() -> None:
    project = wines()
    data = lines(ROWS[:2]) + b"no json\n" + lines(ROWS[2:3])

    batch = finished(started(project, data))

    rows = rows_of(batch)
    assert ["error" in row for row in rows] == [False, False, True, False]
    assert (batch.received, batch.refused) == (4, 1)


def test_it_comes_as_csv_and_parquet_too() -> None:
    pa = pytest.importorskip("pyarrow.parquet")
    project = wines()
    batch = finished(started(project, lines([{**ROWS[0], "id": "=1+1"}, ROWS[1]])))
    expected = rows_of(batch)

    with batch_files.file_of(batch, "csv").file as file:
        text = file.read().decode()
    with batch_files.file_of(batch, "parquet").file as file:
        typed = pa.read_table(io.BytesIO(file.read())).to_pylist()
    table = list(csv.DictReader(io.StringIO(text, newline="")))

    # A spreadsheet would run it.
    assert [row["id"] for row in table] == ["'=1+1", "r1"]
    assert [row["id"] for row in typed] == ["=1+1", "r1"]
    for row, cells, values in zip(expected, table, typed, strict=True):
        assert float(cells["confidence"]) == values["confidence"] == row["confidence"]
        assert json.loads(cells["probabilities"]) == row["probabilities"]
        assert json.loads(values["probabilities"]) == row["probabilities"]
        assert (values["row"], values["calibrated"]) == (row["row"], row["calibrated"])


def test_pictures_of_a_zip_are_predicted() -> None:
    project = shades()
    data = zipped({"bright.png": shade(1001), "dark.png": shade(1002), "no.png": b"x"})

    batch = finished(started(project, data, "new.zip"))

    rows = {row["id"]: row for row in rows_of(batch)}
    assert rows["bright.png"]["label"] == "x"
    assert rows["dark.png"]["label"] == "y"
    assert batch.refused == 1


def test_who_takes_a_job_over_goes_on_behind_the_parts_that_are_kept() -> None:
    project = wines()
    batch = started(project, lines(ROWS))
    job = batch.job
    assert job is not None
    Job.objects.filter(pk=job.pk).update(state="running", attempt=1)
    job.refresh_from_db()
    # Others wait, so it stands back behind its first part; then a worker is killed.
    first = Progress(job, 1, lambda: True, began=-1e9)
    with pytest.raises(StoodBack):
        batches.run(first, batches.BatchPortions(chunk=2, part=3))
    batch.refresh_from_db()
    assert (batch.received, len(batch.parts)) == (4, 1)
    ModelVersion.objects.filter(project=project).update(stage="archived")
    Job.objects.filter(pk=job.pk).update(state="queued")

    batch = finished(batch)

    rows = rows_of(batch)
    assert [row["id"] for row in rows] == [row["id"] for row in ROWS]
    # By the version that began, whatever serves meanwhile.
    assert {row["model"] for row in rows} == {1}
    assert (batch.received, len(batch.parts)) == (7, 2)


def test_it_can_be_cancelled_and_run_again() -> None:
    project = wines()
    batch = started(project, lines(ROWS))
    assert batch.job is not None
    jobs.cancel(batch.job)
    batch = finished(batch)
    assert batch.job is not None
    with pytest.raises(ConflictError):
        batch_files.file_of(batch, "jsonl")

    again = jobs.again(batch.job, None)
    jobs.finish(again.pk)

    batch = PredictionBatch.objects.select_related("job").get(job=again)
    assert len(rows_of(batch)) == 7


def test_without_a_model_nothing_is_asked_for() -> None:
    with pytest.raises(ConflictError):
        started(make.project(), b'{"text": "a"}\n')
    assert not Job.objects.filter(kind=batches.KIND).exists()


def test_old_files_and_those_that_nobody_names_are_deleted() -> None:
    project = wines()
    kept, old = (finished(started(project, lines(ROWS))) for _ in range(2))
    long_ago = timezone.now() - batches.KEPT - timedelta(days=1)
    PredictionBatch.objects.filter(pk=old.pk).update(created_at=long_ago)
    young, lost = (
        default_storage.save(f"{batches.FOLDER}/{name}", ContentFile(b"x"))
        for name in ("young", "lost")
    )
    for path in (lost, *old.parts):
        os.utime(Path(default_storage.path(path)), (1e9, 1e9))

    assert batches.forget() == 2

    assert [default_storage.exists(path) for path in (young, *kept.parts)] == [True] * 2
    old.refresh_from_db()
    with pytest.raises(ConflictError):
        batch_files.file_of(old, "jsonl")


def test_the_api_takes_a_file_tells_how_far_it_is_and_sends_the_predictions() -> None:
    project = wines()
    call = make.Caller(make.member(project, "engineer").user)
    path = f"projects/{project.slug}/predict/batches/"

    asked = call.client.post(
        f"/api/{path}",
        {"file": SimpleUploadedFile("new.jsonl", lines(ROWS))},
        headers=call.headers,
    )

    assert asked.status_code == 202, asked.content
    batch = asked.json()
    assert asked.headers["Location"] == batch["url"] == f"/api/{path}{batch['id']}/"
    assert call("get", f"{path}{batch['id']}/file/").status_code == 409
    jobs.finish(batch["job"])
    shown = call("get", f"{path}{batch['id']}/").json()
    assert (shown["state"], shown["rows"], shown["has_file"]) == ("done", 7, True)
    sent = call("get", f"{path}{batch['id']}/file/?format=jsonl")
    assert len(b"".join(sent.streaming_content).splitlines()) == 7
    assert "attachment" in sent.headers["Content-Disposition"]
    assert call("get", f"{path}{batch['id']}/file/?format=exe").status_code == 400
    other = make.Caller(make.manager_of(make.project()).user)
    assert other("get", f"{path}{batch['id']}/").status_code == 404
    assert make.Caller(make.member(project).user)("get", path).status_code == 403


def test_the_page_takes_a_file_and_links_its_predictions() -> None:
    project = wines()
    client = browser(make.member(project, "engineer").user)
    page = f"/projects/{project.slug}/predict/"

    sent = client.post(page, {"file": SimpleUploadedFile("a.jsonl", lines(ROWS))})
    batch = finished(PredictionBatch.objects.get())

    assert sent.status_code == 302
    shown = client.get(page).content.decode()
    assert f"/predict/batches/{batch.pk}/file/?format=csv" in shown
    assert client.post(page).status_code == 400
    with pytest.raises(InvalidInputError):
        batch_files.file_of(batch, "exe")
