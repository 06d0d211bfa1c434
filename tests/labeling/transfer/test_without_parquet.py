"""Where the extra for Parquet is not installed, whoever needs it is told so in words."""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from django.core.management import CommandError, call_command

from labeling.errors import InvalidInputError
from labeling.models import Item, Job, Source
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


@pytest.mark.usefixtures("without")
def test_pages_offer_what_is_not_to_be_had_disabled_and_say_how_to_get_it() -> None:
    project = make.project()
    make.item(project)
    source = Source.objects.create(project=project, kind="folder", name="A folder")
    page = browser(make.manager_of(project).user)

    export = page.get(f"/projects/{project.slug}/export/").content.decode()
    of_source = page.get(f"/projects/{project.slug}/sources/{source.pk}/")
    home = page.get(f"/projects/{project.slug}/").content.decode()

    for kind in ("parquet", "huggingface"):
        assert re.search(f'value="{kind}"[^>]*disabled', export)
        assert re.search(f'value="{kind}" disabled', of_source.content.decode())
    for kind in ("jsonl", "csv", "label_studio", "doccano"):
        assert re.search(f'value="{kind}"', export)
        assert not re.search(f'value="{kind}"[^>]*disabled', export)
    assert len(re.findall(WORDS, export)) == 1
    assert "format=csv" in home
    assert "format=parquet" not in home


def test_pages_say_nothing_of_it_where_it_is_here() -> None:
    project = make.project()
    make.item(project)
    page = browser(make.manager_of(project).user)

    export = page.get(f"/projects/{project.slug}/export/").content.decode()

    assert 'value="parquet"' in export
    assert "disabled" not in re.findall("<fieldset>.*</fieldset>", export, re.DOTALL)[0]
    assert "installed without Parquet" not in export


@pytest.mark.usefixtures("without")
def test_an_export_into_a_source_is_refused_before_a_job_is_made() -> None:
    project = make.project()
    source = Source.objects.create(project=project, kind="folder", name="A folder")
    call = make.Caller(make.manager_of(project).user)

    answer = call(
        "post",
        f"projects/{project.slug}/sources/{source.pk}/export/",
        {"format": "parquet"},
    )

    assert answer.status_code == 400
    assert "installed without Parquet" in answer.json()["detail"]
    assert not Job.objects.exists()


@pytest.mark.usefixtures("without")
def test_the_command_is_told_too() -> None:
    project = make.project()

    with pytest.raises(CommandError, match=WORDS):
        call_command("export", project.slug, format="parquet")


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
