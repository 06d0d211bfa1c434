"""Refused rows are downloaded, corrected, and imported again."""

from __future__ import annotations

import csv
import html
import io
import json
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone

from labeling.models import Gold, ImportRun, Item, Project
from labeling.services.transfer import importing
from labeling.services.work import jobs
from tests import make
from tests.labeling.transfer.files import bring, lines
from tests.test_pages import browser

pytestmark = pytest.mark.django_db


def refused(run: ImportRun, kind: str = "") -> bytes:
    file = importing.refused_file(run, kind, str)
    with file.file as opened:
        return opened.read()


def accounted(run: ImportRun) -> tuple[int, int, int, int]:
    """Return new, filled in, known and refused, which are all that was there."""
    assert run.job.state == "done", run.job.error
    parts = (run.created, run.filled, run.duplicates, run.rejected)
    assert sum(parts) == run.received
    return parts


def texts() -> set[str]:
    return {item.data["text"] for item in Item.objects.all()}


def project_of_two() -> Project:
    return make.project(labels=["good", "bad"])


def test_rows_of_csv_come_again_when_they_are_corrected() -> None:
    project = project_of_two()
    data = "text;label\nalpha;good\nbeta;goood\nGrüße;bad;extra\n=1+1;none\n;bad\n".encode()
    run = bring(project, "a.csv", data, labels_are="gold")
    assert accounted(run) == (1, 0, 0, 4)

    again = refused(run)
    assert accounted(bring(project, "b.csv", again, labels_are="gold"))[3] == 4
    rows = [*csv.reader(io.StringIO(again.decode("utf-8-sig")), delimiter=";")]
    assert rows[0] == ["refused.row", "refused.reason", "refused.line", "text", "label"]
    assert [row[0] for row in rows[1:]] == ["2", "3", "4", "5"]
    assert "goood" in rows[1][1]
    rows[1][4] = "good"
    del rows[2][5]
    rows[3][4] = "bad"
    rows[4][3] = "delta"
    corrected = io.StringIO()
    csv.writer(corrected, delimiter=";").writerows(rows)

    run = bring(
        project, "c.csv", corrected.getvalue().encode("utf-8-sig"), labels_are="gold"
    )

    assert accounted(run) == (4, 0, 0, 0)
    assert texts() == {"alpha", "beta", "Grüße", "=1+1", "delta"}
    assert Gold.objects.count() == 5
    assert all({*item.data} == {"text"} for item in Item.objects.all())


def test_a_column_that_a_spreadsheet_would_run_is_guarded_and_keeps_its_name() -> None:
    project = project_of_two()
    run = bring(project, "a.csv", b"text,=1+1,label\none,2,goood\n", labels_are="gold")

    again = refused(run)

    header = again.decode("utf-8-sig").splitlines()[0]
    assert header == "refused.row,refused.reason,refused.line,text,'=1+1,label"
    corrected = again.replace(b",goood", b",good")
    assert accounted(bring(project, "b.csv", corrected, labels_are="gold"))[0] == 1
    assert Item.objects.get().data == {"text": "one", "=1+1": "2"}


def test_what_cannot_be_read_stands_in_a_column_that_no_import_takes() -> None:
    project = project_of_two()
    data = (
        b'text,label\none,good\n"He said \\"yes"x,bad\nGr\xfc\xdfe \xc3\xa4,bad\n'
        + ("ä,good\n".encode() * 30)
    )
    run = bring(project, "a.csv", data)
    assert run.rejected == 2

    rows = [*csv.DictReader(io.StringIO(refused(run).decode("utf-8-sig")))]
    again = bring(project, "b.csv", refused(run))

    assert "He said" in rows[0]["refused.line"]
    assert not any(row["text"] for row in rows)
    assert "Gr\ufffd\ufffde ä" in rows[1]["refused.line"]
    assert accounted(again) == (0, 0, 0, 2)


def test_rows_of_json_lines_come_again_when_they_are_corrected() -> None:
    project = project_of_two()
    data = lines(
        {"text": "alpha", "label": "good", "page": 7},
        {"text": "beta", "label": "gut", "page": 8, "metadata": {"a": [1, None]}},
        {"text": "", "page": 2**70},
    )
    run = bring(project, "a.jsonl", data + b'\n{"text": "gamma", }', labels_are="gold")
    assert accounted(run) == (1, 0, 0, 3)

    rows: list[dict[str, Any]] = [*map(json.loads, refused(run).splitlines())]
    assert accounted(bring(project, "b.jsonl", refused(run), labels_are="gold"))[3] == 3
    assert [row["refused.row"] for row in rows] == [2, 3, 4]
    assert rows[2]["refused.line"] == '{"text": "gamma", }'
    rows[0]["label"], rows[1]["text"], rows[2]["text"] = "good", "delta", "gamma"

    run = bring(project, "c.jsonl", lines(*rows), labels_are="gold")

    assert accounted(run) == (3, 0, 0, 0)
    by_text = {item.data["text"]: item for item in Item.objects.all()}
    assert by_text["beta"].data == {"text": "beta", "page": 8}
    assert by_text["beta"].metadata == {"a": [1, None]}
    assert by_text["delta"].data == {"text": "delta", "page": str(2**70)}
    assert by_text["gamma"].data == {"text": "gamma"}


def test_rows_of_parquet_come_again_when_they_are_corrected() -> None:
    project = project_of_two()
    file = io.BytesIO()
    table = pa.table(
        {
            "text": ["alpha", "beta", None],
            "label": ["good", "gut", "bad"],
            "page": [1, 2**60, 3],
            "score": [0.5, None, 1.25],
        }
    )
    pq.write_table(table, file)
    run = bring(project, "a.parquet", file.getvalue(), labels_are="gold")
    assert accounted(run) == (1, 0, 0, 2)

    again = bring(project, "b.parquet", refused(run), labels_are="gold")
    assert accounted(again) == (0, 0, 0, 2)
    rows = pq.read_table(io.BytesIO(refused(run))).to_pylist()
    rows[0]["label"], rows[1]["text"] = "good", "delta"
    corrected = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows), corrected)

    run = bring(project, "c.parquet", corrected.getvalue(), labels_are="gold")

    assert accounted(run) == (2, 0, 0, 0)
    data = {item.data["text"]: item.data for item in Item.objects.all()}
    assert data["beta"] == {"text": "beta", "page": str(2**60), "score": None}
    assert data["delta"] == {"text": "delta", "page": 3, "score": 1.25}


def test_a_table_takes_its_refused_rows_without_the_reasons() -> None:
    project = make.project(data_type="table", labels=["good", "bad"])
    run = bring(
        project, "a.csv", b"size,kind,label\n1,x,good\n2,y,odd\n", labels_are="gold"
    )
    assert accounted(run) == (1, 0, 0, 1)

    corrected = refused(run).replace(b",odd", b",bad")
    run = bring(project, "b.csv", corrected, labels_are="gold")

    assert accounted(run) == (1, 0, 0, 0)
    assert [item.data for item in Item.objects.order_by("pk")] == [
        {"size": "1", "kind": "x"},
        {"size": "2", "kind": "y"},
    ]


def test_a_contradicting_row_is_in_the_file_and_comes_as_chosen() -> None:
    project = project_of_two()
    bring(project, "a.csv", b"text,label\nalpha,good\n", labels_are="gold")
    run = bring(project, "b.csv", b"text,label\nalpha,bad\n", labels_are="gold")
    assert accounted(run) == (0, 0, 0, 1)

    taken = bring(
        project, "c.csv", refused(run), labels_are="gold", known_answers="take"
    )

    assert accounted(taken) == (0, 1, 0, 0)
    assert Gold.objects.get().labels == ["bad"]


def test_a_manager_downloads_them_and_a_stranger_does_not(client: Client) -> None:
    project = project_of_two()
    run = bring(project, "Größe.csv", b"text,label\nalpha,odd\n", labels_are="gold")
    call = make.Caller(make.manager_of(project).user)
    path = f"projects/{project.slug}/imports/{run.pk}/"

    told = call("get", path).json()
    answer = call("get", f"{path}refused/")

    assert (told["filled"], told["rejected"], told["refused"]) == (
        *(0, 1),
        f"/api/{path}refused/",
    )
    assert b"".join(answer) == refused(run)
    assert "-refused.csv" in answer["Content-Disposition"]
    as_lines = b"".join(call("get", f"{path}refused/?format=jsonl"))
    assert json.loads(as_lines)["label"] == "odd"
    assert call("get", f"{path}refused/?format=parquet").status_code == 400
    stranger = make.Caller(make.manager_of(make.project()).user)
    assert stranger("get", f"{path}refused/").status_code == 404
    whole = bring(project, "b.csv", b"text,label\nalpha,good\n")
    clean = f"projects/{project.slug}/imports/{whole.pk}/"
    assert call("get", clean).json()["refused"] is None
    assert call("get", f"{clean}refused/").status_code == 404


def test_the_file_goes_with_its_time() -> None:
    run = bring(
        project_of_two(), "a.csv", b"text,label\nalpha,odd\n", labels_are="gold"
    )
    kept = Path(settings.MEDIA_ROOT) / run.report["path"]
    assert kept.exists()

    importing.forget_files()
    assert kept.exists()
    old = timezone.now() - timedelta(days=91)
    ImportRun.objects.update(created_at=old)
    importing.forget_files()

    assert not kept.exists()
    run.refresh_from_db()
    assert run.report == {}


def test_the_report_stays_on_the_page_of_the_job_and_can_be_downloaded() -> None:
    project = project_of_two()
    rows = b"external_id,text,label\nx1,alpha,good\nx2,alpha,good\nx1,beta,bad\n"
    run = bring(project, "my data.csv", rows, labels_are="gold")
    client = browser(make.manager_of(project).user)
    url = f"/api/projects/{project.slug}/imports/{run.pk}/"

    page = client.get(f"/projects/{project.slug}/jobs/{run.job_id}/").content.decode()

    words = " ".join(re.sub("<[^>]*>", " ", html.unescape(page)).split())
    assert "my data.csv" in words
    assert "3 rows : 1 new, 0 filled in, 1 known already, 1 rejected" in words.replace(
        "rows:", "rows :"
    )
    assert "“x2” has the content of “x1”" in words
    assert "“x1” is the id of another item." in words
    assert f'href="{url}"' in page
    assert f'href="{url}refused/"' in page
    report = client.get(url).json()
    assert (report["received"], report["created"], report["rejected"]) == (3, 1, 1)
    assert [row["row"] for row in report["remarks"]] == [2]
    assert [row["row"] for row in report["errors"]] == [3]


def test_the_page_of_another_job_has_no_report() -> None:
    project = project_of_two()
    job = jobs.enqueue("agreement", project=project)

    page = browser(make.manager_of(project).user).get(
        f"/projects/{project.slug}/jobs/{job.pk}/"
    )

    assert b"report-head" not in page.content


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.jsonl", b'{"text": "", "a\\u0000b": 1, "c\\ud800": 2}\n'),
        ("a.csv", b"text,a\x00b\n,1\n"),
    ],
)
def test_a_name_that_cannot_be_kept_costs_only_its_rows(name: str, data: bytes) -> None:
    run = bring(project_of_two(), name, data)

    assert accounted(run) == (0, 0, 0, 1)
    assert "a\ufffdb" in run.report["columns"]
    assert "a\ufffdb" in refused(run, "jsonl").decode().replace("\\ufffd", "\ufffd")
