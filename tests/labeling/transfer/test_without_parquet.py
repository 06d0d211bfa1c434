"""Where the extra for Parquet is not installed, whoever needs it is told so in words."""

from __future__ import annotations

import io
import os
import subprocess
import sys

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from labeling.errors import InvalidInputError
from labeling.models import Item
from labeling.services.transfer import exporting, importing
from labeling.services.work import jobs
from tests import make
from tests.labeling.transfer.files import bring, start
from tests.running.machine import ROOT
from tests.test_pages import browser

pytestmark = pytest.mark.django_db
WORDS = r"installed without Parquet.*extra: parquet"


@pytest.fixture
def without(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("pyarrow", "pyarrow.parquet"):
        monkeypatch.setitem(sys.modules, name, None)


def table() -> bytes:
    body = io.BytesIO()
    pq.write_table(pa.table({"text": ["one", None]}), body)
    return body.getvalue()


@pytest.mark.usefixtures("without")
def test_a_file_to_import_is_refused_before_anything_is_read() -> None:
    with pytest.raises(InvalidInputError, match=WORDS):
        bring(make.project(), "rows.parquet", b"PAR1" * 9)

    assert not Item.objects.exists()


def test_an_import_that_a_worker_without_it_takes_up_fails_in_words(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run = start(make.project(), "rows.parquet", table())
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(InvalidInputError, match=WORDS):
        jobs.run(run.job_id)

    run.job.refresh_from_db()
    assert run.job.state == "failed"
    assert "installed without Parquet" in str(run.job.error)


@pytest.mark.usefixtures("without")
@pytest.mark.parametrize("kind", ["parquet", "huggingface"])
def test_an_export_is_refused_and_the_others_are_not(kind: str) -> None:
    project = make.project()
    make.item(project)

    with pytest.raises(InvalidInputError, match=WORDS):
        exporting.stream(project, kind, {})

    with exporting.stream(project, "jsonl", {}).file as file:
        assert len(file.read().splitlines()) == 1


@pytest.mark.usefixtures("without")
def test_a_call_is_told_and_ends_in_no_error_of_ours() -> None:
    project = make.project()
    page = browser(make.manager_of(project).user)

    answer = page.get(f"/api/projects/{project.slug}/export/?format=parquet")

    assert answer.status_code == 400
    assert "installed without Parquet" in answer.json()["detail"]


def test_refused_rows_can_be_had_as_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    run = bring(make.project(), "rows.parquet", table())
    for name in ("pyarrow", "pyarrow.parquet"):
        monkeypatch.setitem(sys.modules, name, None)

    with pytest.raises(InvalidInputError, match=WORDS):
        importing.refused_file(run, "", str)
    with importing.refused_file(run, "jsonl", str).file as file:
        assert len(file.read().splitlines()) == 1


def test_a_redis_without_its_package_is_said_at_the_start() -> None:
    said = subprocess.run(
        [
            sys.executable,
            *("-W", "ignore", "-c"),
            "import sys; sys.modules['redis'] = None; import config.settings",
        ],
        cwd=ROOT,
        env={**os.environ, "BROKER_URL": "redis://127.0.0.1:1/0", "SECRET_KEY": "x"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert said.returncode != 0
    assert "the extra redis (docs/operations.md)" in said.stderr
