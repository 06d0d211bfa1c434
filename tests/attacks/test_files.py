"""Small files that take long to read, or unfold to many bytes."""

from __future__ import annotations

import io
import resource
import time
import zipfile

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from labeling.services.transfer.importing import readers, staging
from labeling.services.transfer.importing.raw import FileError
from labeling.services.transfer.importing.reading import FileReading
from labeling.services.transfer.limits import Limits
from tests import make

MEBIBYTE = 2**20


def peak() -> int:
    """Return the most memory that this process has had, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def parquet(text: str, times: int, *, per_row: int = 0) -> bytes:
    """Return a file of one text that stands many times, alone or some in each row."""
    places = pa.array([0] * times, pa.int32())
    column = pa.DictionaryArray.from_arrays(places, [text])
    if per_row:
        starts = pa.array(range(0, times + 1, per_row), pa.int32())
        column = pa.ListArray.from_arrays(starts, column)
    body = io.BytesIO()
    table = pa.table({"text": column})
    pq.write_table(table, body, compression="zstd", store_schema=False)
    return body.getvalue()


def test_attack_05_refused_lines_cost_a_time_in_proportion() -> None:
    begun = time.process_time()
    # Not UTF-8; text behind a quote; a quote that 4,999 lines do not close.
    for bad in (b"\xff\n" * 10_000, b'"a"b\n' * 10_000, b'"a\n' + b'""b\n' * 9_999):
        rows = readers.read(FileReading("csv"), io.BytesIO(b"text\n" + bad + b"good\n"))
        assert [row.number for row in rows if row.values] == [10_001]

    assert time.process_time() - begun < 4


@pytest.mark.parametrize("per_row", [0, 2])
def test_attack_06_a_few_bytes_of_parquet_take_no_gigabyte(per_row: int) -> None:
    data = parquet("a" * 2**19, 800, per_row=per_row)
    assert len(data) < 2_000
    before = peak()

    rows = readers.read(FileReading("parquet"), io.BytesIO(data))

    assert sum(row.values is not None for row in rows) == 800 // max(1, per_row)
    assert peak() - before < 200


def test_attack_06_a_row_that_unfolds_too_far_is_refused() -> None:
    data = parquet("a" * 1000, 6, per_row=3)

    rows = list(
        readers.read(
            FileReading("parquet"), io.BytesIO(data), Limits(row_characters=2999)
        )
    )

    assert [str(row.problem) for row in rows] == ["The line is too long."] * 2


def test_attack_06_a_column_packed_too_tightly_is_refused() -> None:
    body = io.BytesIO()
    table = pa.table({"text": ["a" * MEBIBYTE] * 3})
    pq.write_table(table, body, compression="zstd", use_dictionary=False)
    limits = Limits(unpacked_bytes=MEBIBYTE)

    with pytest.raises(FileError, match="“text” is packed too tightly"):
        list(readers.read(FileReading("parquet"), io.BytesIO(body.getvalue()), limits))


@pytest.mark.django_db
def test_attack_10_a_list_packed_too_tightly_is_refused_before_it_is_unpacked() -> None:
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr("items.csv", b"text\n" + bytes(80 * MEBIBYTE))
    project = make.project(data_type="image")
    upload = staging.stage(project, None, "bomb.zip", [body.getvalue()])
    begun = time.process_time()

    with pytest.raises(FileError, match="packed too tightly"):
        staging.preview(upload)
    assert time.process_time() - begun < 0.5


@pytest.mark.django_db
def test_attack_10_a_preview_reads_the_first_lines_alone() -> None:
    line = b'{"text": "' + b"a" * 900_000 + b'"}\n'
    upload = staging.stage(make.project(), None, "x.jsonl", [line] * 20)

    preview = staging.preview(upload)

    assert len(preview.rows) == staging.PREVIEWED_BYTES // len(line)
    assert preview.problems == []


@pytest.mark.parametrize("part", ["annotations", "licenses"])
def test_a_file_of_coco_is_read_entry_by_entry(part: str) -> None:
    image = b'{"id": 1, "file_name": "a.png"}'
    rest = b'"categories": [{"id": 7, "name": "cat"}], "images": [%b]}' % image
    many = b'{"image_id": 1, "category_id": 7},' if part == "annotations" else b"[[]],"
    data = b'{"%b": [%b%b], ' % (part.encode(), many * 1_500_000, many[:-1])
    before = peak()

    [row] = readers.read(FileReading("coco", tool="coco"), io.BytesIO(data + rest))

    assert row.values is not None
    assert row.values["label"] == (["cat"] if part == "annotations" else None)
    assert peak() - before < 40


def test_a_file_of_coco_that_is_cut_off_is_refused() -> None:
    whole = b'{"categories": [], "annotations": [], "images": [{"id": 1, "file_name": "a"}]}'
    for end in range(1, len(whole)):
        rows = readers.read(FileReading("coco", tool="coco"), io.BytesIO(whole[:end]))
        with pytest.raises(FileError):
            list(rows)
