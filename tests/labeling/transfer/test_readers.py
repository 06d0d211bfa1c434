"""Each format read row by row: a bad row costs itself, a broken file says why."""

from __future__ import annotations

import io
import json
import resource
import zipfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from labeling.errors import InvalidInputError
from labeling.models import Item
from labeling.services.transfer import importing
from labeling.services.transfer.limits import Limits
from labeling.services.work import jobs
from tests import make
from tests.labeling.transfer.files import bring, picture, start

pytestmark = pytest.mark.django_db


def test_csv_with_quotes_breaks_and_bad_bytes() -> None:
    project = make.project()
    data = b'id;text\n1;"a\nb"\n2;"c;d"\n3\n' + b"4;caf\xe9\n5;ok\n"
    # Most of it is UTF-8, so one line is damaged; else it would be Windows-1252.
    data += "".join(f"{n};é\n" for n in range(6, 18)).encode()

    run = bring(project, "x.csv", data)

    texts = Item.objects.order_by("external_id").values_list("data__text", flat=True)
    assert [text for text in texts if text != "é"] == ["a\nb", "c;d", "ok"]
    assert run.rejected == 2


def test_parquet_rows_are_read() -> None:
    body = io.BytesIO()
    table = pa.Table.from_pylist(
        [{"id": "a", "width": 1.5}, {"id": "b", "width": None}]
    )
    pq.write_table(table, body)
    project = make.project(data_type="table")

    run = bring(project, "x.parquet", body.getvalue())

    assert run.created == 1
    assert Item.objects.get().data == {"width": 1.5}


def test_a_parquet_value_that_python_does_not_know_costs_only_its_row() -> None:
    body = io.BytesIO()
    moments = pa.array([0, 2**62, 1], pa.timestamp("us"))
    pq.write_table(pa.table({"id": ["a", "b", "c"], "at": moments}), body)
    project = make.project(data_type="table")

    run = bring(project, "x.parquet", body.getvalue())

    assert (run.created, run.rejected) == (2, 1)
    assert run.errors[0]["row"] == 2


@pytest.mark.parametrize(
    ("name", "data", "why"),
    [
        ("x.parquet", b"PAR1junk", "Not a Parquet file that can be read: "),
        ("x.zip", b"PKjunk", "Not a ZIP file that can be read."),
    ],
)
def test_a_broken_file_fails_with_its_reason(name: str, data: bytes, why: str) -> None:
    project = make.project()
    upload = importing.stage(project, None, name, [data])
    run = importing.start(upload, None, {}, {})

    with pytest.raises(InvalidInputError, match="Not a"):
        jobs.run(run.job_id)

    run.job.refresh_from_db()
    assert run.job.state == "failed"
    assert str(run.job.error).startswith(why)
    call = make.Caller(make.manager_of(project).user)
    for path in (f"imports/{run.pk}/", f"jobs/{run.job_id}/"):
        told = call(
            "get", f"projects/{project.slug}/{path}", **{"Accept-Language": "de"}
        )
        assert told.json()["error"].startswith("Keine ")


def test_a_file_that_breaks_in_the_midst_says_so_and_keeps_what_came_before() -> None:
    table = pa.table({"text": [f"row {n}" for n in range(5000)]})
    body = io.BytesIO()
    pq.write_table(table, body, row_group_size=2500, use_dictionary=False)
    page = pq.ParquetFile(body).metadata.row_group(1).column(0).data_page_offset
    data = bytearray(body.getvalue())
    data[page : page + 200] = bytes(200)
    # The share is known: otherwise rows would be counted first.
    run = start(make.project(), "x.parquet", bytes(data), evaluation_share=0.1)

    with pytest.raises(InvalidInputError, match="Not a Parquet file"):
        jobs.run(run.job_id)

    run.refresh_from_db()
    assert run.job.state == "failed"
    assert str(run.job.error).startswith("Not a Parquet file that can be read: ")
    assert run.created == Item.objects.count() == 2000


@pytest.fixture(scope="module")
def zeros(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a ZIP of one MiB that unpacks to one GiB, as a list and as a picture."""
    file = tmp_path_factory.mktemp("zeros") / "zeros.zip"
    block = bytes(2**24)
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name in ("items.jsonl", "a/zeros.png"):
            with archive.open(name, "w", force_zip64=True) as entry:
                for _ in range(64):
                    entry.write(block)
        archive.writestr("a/good.png", picture())
    return file


def test_a_gigabyte_of_zeros_is_refused_in_flat_memory(zeros: Path) -> None:
    project = make.project(data_type="image")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    # As if a list could be packed so tightly: its one line is too long all the same.
    tight = Limits(packing_ratio=2000)
    run = bring(project, "zeros.zip", zeros.read_bytes(), limits=tight)

    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown < 120 * 1024  # KiB
    assert (run.created, run.rejected) == (0, 3)
    assert "too long" in "".join(str(refused.reason) for refused in run.refusals)


def test_a_list_of_many_rows_is_read_in_flat_memory() -> None:
    project = make.project()
    rows = (
        json.dumps({"external_id": str(n), "text": f"{n} {'word ' * 200}"})
        for n in range(5000)
    )
    data = "\n".join(rows).encode()
    bring(project, "first.jsonl", data[: data.index(b"\n", len(data) // 5)])
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    run = bring(project, "x.jsonl", data)

    assert run.created + run.duplicates == 5000
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 40 * 1024
