"""Files that are wrong in some way end in a problem or in a report, never in an error.

Each is sent as data and as predictions; what exactly is told stands in other tests.
"""

from __future__ import annotations

import bz2
import gzip
import io
import json
import random
import struct
import zipfile
from contextlib import suppress
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from openpyxl import Workbook

from labeling.errors import AssayError
from labeling.models import ImportRun, Item, Job, Project
from labeling.services.work import jobs
from tests import make
from tests.labeling.transfer.files import picture, zipped

pytestmark = pytest.mark.django_db
COUNTS: Final = ("created", "filled", "duplicates", "rejected")


def send(of: Project, path: str, name: str, data: bytes, **said: str) -> Any:
    """Send a file as a program does; the client raises what would be a 500."""
    call = make.Caller(make.manager_of(of).user)
    return call.client.post(
        f"/api/projects/{of.slug}/{path}/",
        {"file": SimpleUploadedFile(name, data), **said},
        headers=call.headers,
    )


def attack(name: str, data: bytes, data_type: str = "text", **said: str) -> None:
    """Send a file as data and as predictions, and see that each row is counted."""
    for path in ("imports", "predictions"):
        of = make.project(data_type=data_type)
        if path == "imports":
            shown = send(of, path, name, data, dry_run="1", **said)
            assert shown.status_code in (200, 400, 413), shown.content[:300]
        answer = send(of, path, name, data, **said)
        assert answer.status_code in (202, 400, 413), answer.content[:300]
        if answer.status_code == 202:
            check(ImportRun.objects.get(pk=answer.json()["id"]))


def check(run: ImportRun) -> None:
    """Run an import or predictions; see that each row has one count."""
    with suppress(AssayError):
        jobs.run(run.job_id)
    run = ImportRun.objects.select_related("job").get(pk=run.pk)
    assert run.job.state in (Job.State.DONE, Job.State.FAILED)
    assert sum(getattr(run, each) for each in COUNTS) in (run.received, 1)
    if run.job.kind == "import":
        assert run.created == Item.objects.filter(project=run.project).count()


def parquet(**columns: Any) -> bytes:
    body = io.BytesIO()
    pq.write_table(pa.table(columns), body)
    return body.getvalue()


def deep(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = [value]
    return value


def twin() -> bytes:
    body = io.BytesIO()
    table = pa.Table.from_arrays(
        [pa.array(["one"]), pa.array(["two"])], names=["text", "text"]
    )
    pq.write_table(table, body)
    return body.getvalue()


def nested(depth: int) -> bytes:
    kind: Any = pa.string()
    for _ in range(depth):
        kind = pa.list_(kind)
    body = io.BytesIO()
    pq.write_table(pa.table({"text": ["a"], "n": pa.array([None], kind)}), body)
    return body.getvalue()


def with_metadata(value: bytes) -> bytes:
    body = io.BytesIO()
    table = pa.table({"text": ["a"], "label": [1]})
    pq.write_table(table.replace_schema_metadata({b"huggingface": value}), body)
    return body.getvalue()


def damaged_zip(name: str, kind: int = zipfile.ZIP_DEFLATED) -> bytes:
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w", kind) as archive:
        archive.writestr(name, b"application/vnd" * 40)
    data = bytearray(body.getvalue())
    at = 30 + len(name)
    data[at : at + 6] = b"\xff" * 6
    return bytes(data)


def encrypted() -> bytes:
    data = bytearray(zipped({"a.csv": b"text\none\n"}))
    data[6] |= 1
    at = data.rfind(b"PK\x01\x02")
    data[at + 8] |= 1
    return bytes(data)


def huge_sizes() -> bytes:
    data = bytearray(zipped({"a.csv": b"text\none\n"}))
    at = data.rfind(b"PK\x01\x02")
    data[at + 24 : at + 28] = struct.pack("<I", 2**32 - 2)
    return bytes(data)


def book(*rows: list[Any]) -> bytes:
    made, body = Workbook(), io.BytesIO()
    for row in rows:
        made.worksheets[0].append(row)
    made.save(body)
    return body.getvalue()


def repacked(data: bytes, **parts: bytes) -> bytes:
    body = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(body, "w") as new:
        for name in old.namelist():
            new.writestr(
                name,
                parts.get(name.rpartition("/")[2].partition(".")[0], old.read(name)),
            )
    return body.getvalue()


ROWS = b"".join(b'{"text": "t%d"}\n' % n for n in range(500))
PARQUET = parquet(text=[f"t{n}" for n in range(200)])
ZIP = zipped({"a.jsonl": ROWS, "b.csv": b"text\none\ntwo\n"})
XLSX = book(["text", "n"], ["one", 1], ["two", 2])
LABEL_STUDIO = {"id": 1, "data": {"text": "t"}, "annotations": [], "predictions": []}
PRODIGY = {
    "text": "t",
    "options": [{"id": "x", "text": "x"}],
    "accept": ["x"],
    "answer": "accept",
}
JSON_LINES: dict[str, str] = {
    "nul": '{"text": "a\\u0000b"}',
    "raw nul": '{"text": "a\x00b"}',
    "surrogate": '{"text": "a\\ud800b"}',
    "surrogate id": '{"id": "\\udfff", "text": "b"}',
    "surrogate key": '{"text": "a", "\\ud800": 1}',
    "surrogate label": '{"text": "a", "label": "\\ud800"}',
    "surrogate vote": '{"text": "a", "votes": [{"annotator": "\\ud800", "labels": ["x"]}]}',
    "surrogate tag": '{"text": "a", "tags": ["\\ud800"]}',
    "surrogate prediction": '{"id": "a", "text": "a", "predictions": [{"source": "\\ud800", "label": "x"}]}',
    "surrogate in text label": '{"text": "a", "label": "[\\"\\\\ud800\\"]"}',
    "surrogate in text tags": '{"text": "a", "tags": "\\ud800,b"}',
    "surrogate group": '{"text": "a", "group": "\\ud800"}',
    "1e999": '{"text": "a", "n": 1e999}',
    "1e999 seconds": '{"text": "a", "votes": [{"annotator": "b", "labels": ["x"], "seconds": 1e999}]}',
    "huge seconds": '{"text": "a", "votes": [{"annotator": "b", "labels": ["x"], "seconds": %s}]}'
    % ("9" * 400),
    "long int": '{"text": "a", "n": %s}' % ("9" * 4000),
    "longer int": '{"text": "a", "n": %s}' % ("9" * 5000),
    "long int id": '{"id": %s, "text": "b"}' % ("9" * 4000),
    "long int text": '{"text": %s}' % ("9" * 4000),
    "1e308 text": '{"text": 1e308}',
    "1e308 id": '{"id": 1e308, "text": "q"}',
    "-0": '{"text": -0.0, "id": -0.0}',
    "score": '{"id": "a", "text": "a", "predictions": [{"source": "s", "label": "x", "score": 1e999}]}',
    "score long": '{"id": "a", "text": "a", "predictions": [{"source": "s", "label": "x", "score": %s}]}'
    % ("9" * 400),
    "probabilities": '{"id": "a", "text": "a", "predictions": [{"source": "s", "probabilities": {"x": 1e400, "y": -1}}]}',
    "probabilities long": '{"id": "a", "text": "a", "predictions": [{"source": "s", "probabilities": {"x": %s}}]}'
    % ("9" * 400),
    "embedding": '{"id": "a", "text": "a", "predictions": [{"source": "s", "label": "x", "embedding": [1e999, %s]}]}'
    % ("9" * 400),
    "embedding deep": '{"id": "a", "text": "a", "predictions": [{"source": "s", "label": "x", "embedding": [[1]]}]}',
    "embedding objects": '{"id": "a", "text": "a", "predictions": [{"source": "s", "label": "x", "embedding": {"a": 1}}]}',
    "source list": '{"id": "a", "text": "a", "predictions": [{"source": ["s"], "label": "x"}]}',
    "label object": '{"text": "a", "label": {"x": 1}}',
    "label nested": '{"text": "a", "label": [["x"]]}',
    "label bool": '{"text": "a", "label": true}',
    "label 1e999": '{"text": "a", "label": 1e999}',
    "tags object": '{"text": "a", "tags": {"x": [1]}}',
    "metadata list": '{"text": "a", "metadata": [1]}',
    "metadata text": '{"text": "a", "metadata": "{\\"a\\": \\"\\\\u0000\\"}"}',
    "votes date": '{"text": "a", "votes": [{"annotator": "b", "labels": ["x"], "created_at": "0001-01-01T00:00:00+23:59"}]}',
    "votes date 2": '{"text": "a", "votes": [{"annotator": "b", "labels": ["x"], "created_at": 5}]}',
    "votes date 3": '{"text": "a", "votes": [{"annotator": "b", "labels": ["x"], "created_at": "1900-01-01T00:00:00+23:59"}]}',
    "votes date 4": '{"text": "a", "votes": [{"annotator": "b", "labels": ["x"], "created_at": "2999-12-31T23:59:59-23:59"}]}',
    "votes labels": '{"text": "a", "votes": [{"annotator": "b", "labels": {"x": 1}}]}',
    "id list": '{"id": ["a"], "text": "a"}',
    "id bool": '{"id": true, "text": "a"}',
    "text list": '{"text": ["a"]}',
    "text bool": '{"text": true}',
    "roles": '{"ID": "a", "Id": "b", "Text": "t", "TEXT": "u", "Label": "x", "LABEL": "y"}',
    "both": '{"id": "a", "external_id": "b", "text": "t", "labels": "x", "label": "y"}',
    "empty name": '{"": "a", " ": "b", "text": "c"}',
    "proto": '{"__proto__": {"a": 1}, "text": "c", "constructor": 1}',
    "many keys": json.dumps({"text": "a"} | {f"k{n}": n for n in range(20_000)}),
    "deep": f'{{"text": "a", "d": {"[" * 500}1{"]" * 500}}}',
    "deeper": f'{{"text": "a", "d": {"[" * 100_000}1{"]" * 100_000}}}',
    "deep text label": json.dumps({"text": "a", "label": "[" * 100_000}),
    "deep text votes": json.dumps({"text": "a", "votes": "[" * 100_000}),
    "deep text predictions": json.dumps(
        {"id": "a", "text": "a", "predictions": "[" * 100_000}
    ),
    "bom inside": '{"text": "a"}\n\ufeff{"text": "b"}',
    "own export": json.dumps(
        {
            "id": 1,
            "external_id": "a",
            "data": {"text": "t"},
            "label": ["x"],
            "label_source": "gold",
            "confidence": 1e400,
            "soft_label": "[" * 100_000,
            "split": "pool",
            "state": "x",
            "label_set_version": "y",
            "held_out_for": [1],
            "votes": {},
            "predictions": 5,
        }
    ),
    "own export 2": json.dumps(
        {
            "id": 1,
            "external_id": "a",
            "data": {"text": "t"},
            "label": {"x": 1},
            "label_source": "gold",
            "confidence": "9" * 500,
            "soft_label": {"x": 10**400},
            "split": "pool",
            "state": "x",
            "label_set_version": "y",
            "tags": 5,
            "predictions": None,
        }
    ),
    "own export 3": json.dumps(
        {
            "id": "1",
            "external_id": {"a": 1},
            "data": "{",
            "label": 7,
            "label_source": 5,
            "confidence": True,
            "soft_label": 5,
            "split": [],
            "state": "x",
            "label_set_version": "y",
            "predictions": "[{}]",
        }
    ),
    "own export 4": json.dumps(
        {
            "id": "1",
            "external_id": "a",
            "data": {"text": "t", "a": "\\u0000"},
            "label": 7,
            "label_source": ["gold"],
            "confidence": True,
            "soft_label": 5,
            "split": {"a": 1},
            "state": "x",
            "label_set_version": "y",
        }
    ),
    "studio surrogate": json.dumps(LABEL_STUDIO | {"data": {"text": "\ud800"}}),
    "studio odd": json.dumps(
        LABEL_STUDIO
        | {
            "annotations": [
                {
                    "result": [{"value": 5, "from_name": [], "type": "choices"}],
                    "completed_by": [1],
                    "lead_time": 1e300,
                    "created_at": 7,
                }
            ]
        }
    ),
    "studio odd 2": json.dumps(
        LABEL_STUDIO
        | {
            "annotations": {"a": 1},
            "predictions": [
                {
                    "result": [
                        {
                            "value": {"choices": {"a": 1}},
                            "type": "choices",
                            "from_name": "a",
                        }
                    ],
                    "score": "a",
                    "model_version": {"a": 1},
                }
            ],
        }
    ),
    "studio data": json.dumps(LABEL_STUDIO | {"data": [1]}),
    "prodigy surrogate": json.dumps(PRODIGY | {"text": "\ud800"}),
    "prodigy hash": json.dumps(
        PRODIGY
        | {
            "_input_hash": {"a": [1]},
            "_timestamp": 1e300,
            "_session_id": {"a": 1},
            "meta": [1],
        }
    ),
    "prodigy nul": json.dumps(PRODIGY | {"text": "a\x00b", "_annotator_id": "\ud800"}),
    "prodigy accept": json.dumps(PRODIGY | {"accept": {"a": 1}}),
    "doccano": json.dumps(
        {"id": 1, "text": "t", "label": ["x", {"a": 1}], "Comments": [1]}
    ),
    "doccano spans": json.dumps({"id": 1, "text": "t", "label": [[0, 1, "x"]]}),
    "argilla": json.dumps(
        {
            "id": "a",
            "fields": {"text": "t"},
            "suggestions": {"q": {"value": {"a": 1}, "score": "x", "agent": [1]}},
            "responses": {"q": [{"value": {"a": 1}, "user_id": [1]}]},
            "metadata": [],
            "vectors": {},
        }
    ),
    "argilla fields": json.dumps(
        {
            "id": "a",
            "fields": [1],
            "suggestions": [1],
            "responses": 5,
            "metadata": {},
            "vectors": {},
        }
    ),
    "nan": '{"text": "a", "n": NaN, "m": [-Infinity], "label": NaN, "id": NaN}',
}


@pytest.mark.soak
@pytest.mark.parametrize("name", JSON_LINES)
@pytest.mark.parametrize("ending", ["jsonl", "json"])
def test_values_that_are_wrong(name: str, ending: str) -> None:
    line = JSON_LINES[name]
    data = line if ending == "jsonl" else "[" + ",".join(line.split("\n")) + "]"

    attack(f"x.{ending}", data.encode())
    attack(f"x.{ending}", data.encode(), labels_are="gold")


def test_many_values_that_are_wrong_cost_only_their_rows() -> None:
    lines = [
        line for line in JSON_LINES.values() if "\n" not in line and len(line) < 9000
    ]
    good = '{"id": "last", "text": "the last"}'
    of = make.project()

    # Of a tool it would be, by its first lines.
    answer = send(of, "imports", "x.jsonl", "\n".join([good, *lines]).encode())
    check(ImportRun.objects.get(pk=answer.json()["id"]))

    run = ImportRun.objects.get()
    assert run.job.state == Job.State.DONE, run.job.error
    assert run.received == len(lines) + 1
    assert Item.objects.filter(external_id="last").exists()


COCO = {
    "images": [{"id": 1, "file_name": "a.png"}],
    "annotations": [],
    "categories": [],
}
FILES: dict[str, tuple[str, bytes, str]] = {
    "gzip cut": ("x.jsonl.gz", gzip.compress(ROWS)[:-20], "text"),
    "gzip bomb": ("x.jsonl.gz", gzip.compress(b" " * 2**27), "text"),
    "gzip of gzip": ("x.gz", gzip.compress(gzip.compress(ROWS)), "text"),
    "gzip head": ("x.gz", b"\x1f\x8b", "text"),
    "gzip trailing": ("x.jsonl.gz", gzip.compress(ROWS) + b"garbage", "text"),
    "gzip of zip": ("x.zip.gz", gzip.compress(ZIP), "text"),
    "bz2": ("x.bz2", bz2.compress(ROWS), "text"),
    "zip cut": ("x.zip", ZIP[:-30], "text"),
    "zip cut 2": ("x.zip", ZIP[: len(ZIP) // 2], "text"),
    "zip head": ("x.zip", b"PK\x03\x04", "text"),
    "zip empty": ("x.zip", zipped({}), "text"),
    "zip mimetype damaged": ("x.zip", damaged_zip("mimetype"), "text"),
    "zip mimetype bz2": ("x.zip", damaged_zip("mimetype", zipfile.ZIP_BZIP2), "text"),
    "zip mimetype lzma": ("x.zip", damaged_zip("mimetype", zipfile.ZIP_LZMA), "text"),
    "zip member damaged": ("x.zip", damaged_zip("a.csv"), "text"),
    "zip member lzma": ("x.zip", damaged_zip("a.csv", zipfile.ZIP_LZMA), "text"),
    "zip encrypted": ("x.zip", encrypted(), "text"),
    "zip sizes": ("x.zip", huge_sizes(), "text"),
    "zip bomb": ("x.zip", zipped({"a.csv": b"text\n" + b"a" * 2**27}), "text"),
    "zip of zip": ("x.zip", zipped({"a.zip": ZIP}), "text"),
    "zip names": (
        "x.zip",
        zipped(
            {
                "../../a.csv": b"text\none\n",
                "/etc/b.csv": b"text\ntwo\n",
                "\x01.csv": b"text\nc\n",
            }
        ),
        "text",
    ),
    "zip picture": (
        "x.zip",
        zipped({"a.png": picture()[:40], "b.png": b"", "c.png": picture()}),
        "image",
    ),
    "zip picture damaged": ("x.zip", damaged_zip("a.png"), "image"),
    "zip list": (
        "x.zip",
        zipped({"items.csv": b'image\n"a', "a.png": picture()}),
        "image",
    ),
    "zip coco": (
        "x.zip",
        zipped(
            {
                "a.json": json.dumps(COCO | {"images": [1, "a", [], None]}).encode(),
                "a.png": picture(),
            }
        ),
        "image",
    ),
    "coco": ("x.json", json.dumps(COCO).encode(), "image"),
    "coco in text": ("x.json", json.dumps(COCO).encode(), "text"),
    "coco odd": (
        "x.json",
        json.dumps(COCO | {"images": [{"id": [1], "file_name": 5}]}).encode(),
        "image",
    ),
    "coco odd 2": (
        "x.json",
        json.dumps(
            COCO
            | {
                "images": {"id": 1},
                "categories": [{"id": 1, "name": {"a": 1}}],
                "annotations": [{"image_id": 1, "category_id": 9}],
            }
        ).encode(),
        "image",
    ),
    "coco surrogate": (
        "x.json",
        json.dumps(
            COCO
            | {
                "images": [
                    {
                        "id": 1,
                        "file_name": "\ud800.png",
                        "assay": {"external_id": "\ud800", "tags": 5, "metadata": "a"},
                    }
                ]
            }
        ).encode(),
        "image",
    ),
    "coco deep": (
        "x.json",
        b'{"images": [], "annotations": [' + b"[" * 100_000,
        "image",
    ),
    "cvat laughs": (
        "x.xml",
        b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "c">]><annotations><image name="&b;"/></annotations>',
        "image",
    ),
    "cvat cut": (
        "x.xml",
        b'<?xml version="1.0"?><annotations><image name="a"',
        "image",
    ),
    "cvat encoding": (
        "x.xml",
        b'<?xml version="1.0" encoding="nonsense"?><annotations><image name="a"/></annotations>',
        "image",
    ),
    "cvat utf-7": (
        "x.xml",
        b'<?xml version="1.0" encoding="utf-7"?><annotations><image name="a"/></annotations>',
        "image",
    ),
    "cvat two bytes": (
        "x.xml",
        b'<?xml version="1.0" encoding="shift_jis"?><annotations><image name="a"/></annotations>',
        "image",
    ),
    "cvat second": (
        "x.xml",
        b'<?xml version="1.0"?><annotations></annotations><annotations/>',
        "image",
    ),
    "cvat deep": ("x.xml", b"<annotations>" + b"<a>" * 100_000, "image"),
    "cvat utf-16": (
        "x.xml",
        '<?xml version="1.0" encoding="utf-16"?><annotations><image name="a.png"/></annotations>'.encode(
            "utf-16"
        ),
        "image",
    ),
    "parquet head": ("x.parquet", b"PAR1", "text"),
    "parquet cut": ("x.parquet", PARQUET[:-20], "text"),
    "parquet twice": ("x.parquet", twin(), "text"),
    "parquet deep": ("x.parquet", nested(60), "text"),
    "parquet deeper": ("x.parquet", nested(90), "text"),
    "parquet odd": (
        "x.parquet",
        parquet(
            text=["a"],
            n=pa.array([10**30], pa.decimal128(38)),
            t=pa.array([2**62], pa.timestamp("ns")),
            u=pa.array([2**60], pa.timestamp("ms")),
            d=pa.array([2**31 - 1], pa.date32()),
            i=pa.array([2**60], pa.duration("ms")),
        ),
        "text",
    ),
    "parquet map": (
        "x.parquet",
        parquet(
            text=["a"],
            m=pa.array([[("k", 1), ("k", 2)]], pa.map_(pa.string(), pa.int64())),
        ),
        "text",
    ),
    "parquet struct": (
        "x.parquet",
        parquet(text=["a"], s=pa.array([{"a": None}], pa.struct([("a", pa.binary())]))),
        "text",
    ),
    "parquet bytes": (
        "x.parquet",
        parquet(text=pa.array([b"\xff"], pa.binary())),
        "text",
    ),
    "parquet nul": ("x.parquet", parquet(**{"text": ["a"], "a\x00": [1]}), "text"),
    "parquet label": (
        "x.parquet",
        parquet(text=["a"], label=pa.array([{"a": 1}])),
        "text",
    ),
    "parquet none": ("x.parquet", parquet(text=pa.array([], pa.string())), "text"),
    "parquet no columns": ("x.parquet", parquet(), "text"),
    "parquet wide": (
        "x.parquet",
        parquet(**{"text": ["a"]} | {f"c{n}": [n] for n in range(3000)}),
        "text",
    ),
    "hf list": ("x.parquet", with_metadata(b"[1]"), "text"),
    "hf features": (
        "x.parquet",
        with_metadata(json.dumps({"info": {"features": [1]}}).encode()),
        "text",
    ),
    "hf names": (
        "x.parquet",
        with_metadata(
            json.dumps(
                {
                    "info": {
                        "features": {
                            "label": {"_type": "ClassLabel", "names": [None, {"a": 1}]}
                        }
                    }
                }
            ).encode()
        ),
        "text",
    ),
    "hf odd": (
        "x.parquet",
        with_metadata(
            json.dumps(
                {"info": {"features": {"label": {"feature": [1]}, "text": 5}}}
            ).encode()
        ),
        "text",
    ),
    "hf bytes": ("x.parquet", with_metadata(b"\xff\xfe"), "text"),
    "hf deep": ("x.parquet", with_metadata(b"[" * 100_000), "text"),
    "xlsx cut": ("x.xlsx", XLSX[:-30], "text"),
    "xlsx sheet": ("x.xlsx", repacked(XLSX, sheet1=b"<worksheet"), "text"),
    "xlsx sheet 2": ("x.xlsx", repacked(XLSX, sheet1=b"<a/>"), "text"),
    "xlsx book": ("x.xlsx", repacked(XLSX, workbook=b"<a/>"), "text"),
    "xlsx styles": ("x.xlsx", repacked(XLSX, styles=b"<a/>"), "text"),
    "xlsx content": ("x.xlsx", repacked(XLSX, **{"[Content_Types]": b"<a/>"}), "text"),
    "xlsx empty": ("x.xlsx", book(), "text"),
    "xlsx odd": (
        "x.xlsx",
        book(
            ["text", "text", None, 5],
            ["a", "b", "c", 1e308],
            ["=1/0", "#DIV/0!"],
            [True, 2**80],
        ),
        "text",
    ),
    "utf-16 odd": ("x.csv", "text\none\n".encode("utf-16") + b"\x41", "text"),
    "utf-16 surrogate": (
        "x.csv",
        "text\none\n".encode("utf-16-le") + b"\x00\xd8",
        "text",
    ),
    "utf-32": ("x.csv", "text\none\n".encode("utf-32") + b"\xff\xff\xff\xff", "text"),
    "mixed": (
        "x.csv",
        "text,label\ngröße,x\n".encode()
        + "größe,y\n".encode("cp1252")
        + "größe,x\n".encode("utf-16"),
        "text",
    ),
    "nul csv": ("x.csv", b"text,label\na\x00b,x\n\x00,y\n", "text"),
    "nul header": ("x.csv", b"text,la\x00bel\na,x\n", "text"),
    "nul all": ("x.csv", b"\x00" * 5000, "text"),
    "roles csv": (
        "x.csv",
        (
            b"ID,Id,id,TEXT,Text,text,LABEL,Label,label,Tags,VOTES,Metadata,GROUP,Predictions,External_ID\n"
            b"1,2,3,a,b,c,x,y,x,t,[],{},g,[],e\n"
        ),
        "text",
    ),
    "columns": (
        "x.csv",
        b"text" + b"," * 300_000 + b"\n" + b"a" + b"," * 300_000 + b"\n",
        "text",
    ),
    "columns table": (
        "x.csv",
        b"text" + b"," * 300_000 + b"\n" + b"a" + b"," * 300_000 + b"\n",
        "table",
    ),
    "one line": ("x.csv", b"a" * 9_000_000, "text"),
    "quotes": ("x.csv", b'"' * 9_000_001, "text"),
    "quotes 2": ("x.csv", b"text\n" + b'"a\n' * 100_000, "text"),
    "crs": ("x.csv", b"text\r" + b"\r" * 500_000, "text"),
    "brackets": ("x.json", b"[" * 3_000_000, "text"),
    "objects": ("x.json", b'{"a":' * 1_000_000, "text"),
    "list of lists": ("x.json", b"[" + b"[]," * 500_000 + b"[]]", "text"),
    "number": ("x.json", b"9" * 5_000_000, "text"),
    "list number": ("x.json", b'[{"text": "a"}, ' + b"9" * 5_000_000 + b"]", "text"),
    "list cut": ("x.json", b'[{"text": "a"}, {"text": "b"', "text"),
    "list after": ("x.json", b'[{"text": "a"}] [{"text": "b"}] garbage', "text"),
    "escape": ("x.json", b'[{"text": "\\u', "text"),
    "sep": ("x.csv", b"sep=\x00\ntext\none\n", "text"),
    "sep quote": ("x.csv", b'sep="\ntext"label\none"x\n', "text"),
    "sep newline": ("x.csv", b"sep=\n\ntext\none\n", "text"),
    "sep backslash": ("x.csv", b"sep=\\\ntext\\label\none\\x\n", "text"),
    "sep space": ("x.csv", b"sep= \ntext label\none x\n", "text"),
    "empty lines": ("x.csv", b"\n" * 100_000, "text"),
    "name": ("../../x\x00\n.csv", b"text\none\n", "text"),
    "long name": ("x" * 5000 + ".csv", b"text\none\n", "text"),
}


@pytest.mark.soak
@pytest.mark.parametrize("name", FILES)
def test_files_that_are_wrong(name: str) -> None:
    file, data, data_type = FILES[name]
    attack(file, data, data_type)


SAID: list[dict[str, str]] = [
    *(
        {"encoding": e}
        for e in (
            "rot13",
            "hex",
            "base64",
            "zlib",
            "utf-32",
            "utf-16",
            "utf-16-be",
            "hz",
            "iso2022_jp",
            "cp037",
            "shift_jis",
            "utf-7",
            "mbcs",
            "idna",
            "charmap",
            "unicode_escape",
            "a" * 5000,
            "utf-8\n",
            "uu",
            "bz2",
            "quopri",
            "palmos",
            "ptcp154",
            "johab",
            "big5hkscs",
            "cp65001",
            "oem",
            "raw_unicode_escape",
            "undefined",
        )
    ),
    *(
        {"delimiter": d}
        for d in (
            "\x00",
            "\n",
            '"',
            "ab",
            "\\",
            " ",
            "é",
            "a",
            "\ufdd0",
            "\x1f",
            "'",
            "0",
        )
    ),
    *(
        {"map": m}
        for m in (
            "[",
            "[1]",
            '{"text": 5}',
            '{"text": "nonsense"}',
            '{"text": ["a"]}',
            '{"text": "label"}',
            '{"\\u0000": "data"}',
            '{"\\ud800": "data"}',
            "[" * 100_000,
            '{"text": "ignore"}',
            '{"text": "data"}',
            '{"text": "group"}',
            '{"label": "text", "text": "label"}',
            '{"text": "votes"}',
            '{"text": "predictions"}',
            '{"text": "image"}',
        )
    ),
    *(
        {"label_map": m}
        for m in (
            "[",
            "[1]",
            '{"x": 5}',
            '{"x": {"a": 1}}',
            '{"x": "\\ud800"}',
            '{"x": "\\u0000"}',
            '{"good": "x"}',
        )
    ),
    {"labels_are": "votes"},
    {"labels_are": "votes", "labels_by": "\x00"},
    {"labels_are": "votes", "labels_by": "a" * 5000},
    {"unknown_labels": "add"},
    {"unknown_labels": "add", "labels_are": "gold"},
    {"unknown_labels": "add", "labels_are": "gold", "label_map": '{"good": "\\u0000"}'},
    {
        "unknown_labels": "add",
        "labels_are": "gold",
        "label_map": '{"good": "' + "a" * 500 + '"}',
    },
    {"sheet": "\x00"},
    {"tool": "huggingface"},
    {"tool": "cvat"},
    {"tool": "coco"},
    *(
        {"tool": t}
        for t in (
            "label_studio",
            "label_studio_min",
            "argilla",
            "prodigy",
            "doccano",
            "none",
        )
    ),
    {"header": "no"},
    {"header": "maybe"},
    {"same_id": "x"},
    {"known_answers": "x"},
    {"source": "\x00"},
    {"source": "a" * 5000},
]


@pytest.mark.soak
@pytest.mark.parametrize("at", range(len(SAID)))
def test_options_that_are_wrong(at: int) -> None:
    for name, data in (
        ("x.csv", "id,text,label\n1,größe,good\n2,\\'b',x\n"),
        ("x.jsonl", '{"id": 1, "text": "größe", "label": "good"}\n'),
    ):
        for path in ("imports", "predictions"):
            answer = send(make.project(), path, name, data.encode(), **SAID[at])
            assert answer.status_code in (202, 400)
            if answer.status_code == 202:
                check(ImportRun.objects.get(pk=answer.json()["id"]))


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(40))
def test_bytes_that_are_flipped(seed: int) -> None:
    drawn = random.Random(seed)
    folded = gzip.compress(ROWS)
    names = ("x.parquet", "x.xlsx", "x.zip", "x.jsonl.gz")
    for name, whole in zip(names, (PARQUET, XLSX, ZIP, folded), strict=True):
        data = bytearray(whole)
        for _ in range(drawn.choice([1, 1, 3, 20])):
            data[drawn.randrange(len(data))] = drawn.randrange(256)
        attack(name, bytes(data))
