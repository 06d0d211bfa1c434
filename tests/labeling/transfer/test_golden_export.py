"""Each format byte for byte: whoever reads our files relies on every one of them.

Where a format changes on purpose, write the golden files anew:
``GOLDEN=write pytest tests/labeling/transfer/test_golden_export.py``.
"""

from __future__ import annotations

import csv
import io
import json
import os
import struct
import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from labeling.models import Annotation, Item, Project, Reason, Resolution, User
from labeling.services.transfer import exporting
from labeling.services.transfer.outside import store
from labeling.services.transfer.outside.rows import SourcePrediction
from labeling.services.transfer.outside.store import Brought
from tests import make

pytestmark = pytest.mark.django_db
GOLDEN: Final = Path(__file__).parent / "golden"
AT: Final = datetime(2024, 5, 1, 10, 0, tzinfo=UTC)


def item(of: Project, number: int, **fields: Any) -> Item:
    return make.item(
        of,
        pk=10**9 + number,
        content_hash=f"{number:064d}",
        **{
            "external_id": f"item-{number}",
            "data": {"text": f"text {number}"},
            **fields,
        },
    )


def vote(on: Item, number: int, by: User, *labels: str, **fields: Any) -> Annotation:
    values: dict[str, Any] = {
        "reason": Reason.MODEL,
        "created_at": AT,
        "updated_at": AT,
        "label_set_id": on.project.label_set_pk,
        "client_id": uuid.UUID(int=number),
    }
    return Annotation.votes.create(
        pk=10**9 + number,
        project=on.project,
        item=on,
        annotator=by,
        labels=labels,
        **{**values, **fields},
    )


def label(on: Item, *labels: str, **fields: Any) -> None:
    values = {"source": "consensus", "confidence": 1.0, "created_at": AT}
    Resolution.objects.create(
        project=on.project,
        item=on,
        labels=labels,
        label_set_id=on.project.label_set_pk,
        guideline=on.project.guidelines.order_by("-pk").first(),
        **{**values, **fields},
    )


@pytest.fixture
def project() -> Project:
    """A project with one of everything that an export tells apart."""
    project = make.project(labels=("x", "y", 'z "\\'), task_type="multi")
    ada, bob = make.user("ada"), make.user("bob back\\slash é")
    agreed = item(project, 1, tags=["a,b", "é"], metadata={"k": [1, 2.5, None, True]})
    vote(agreed, 1, bob, "x", seconds=2.5, model_number=3)
    vote(
        agreed,
        2,
        ada,
        "x",
        'z "\\',
        seconds=12.0,
        created_at=datetime(2024, 5, 1, 10, 0, 0, 120, tzinfo=UTC),
        version=2,
        model_number=4,
        suggestion_shown={"label": "x", "confidence": 0.75},
        screen="grid",
    )
    label(agreed, "x", confidence=0.1 + 0.2, soft_label={"x": 1.0, 'z "\\': 0.5})
    label(agreed, "y", superseded_at=AT)
    Item.objects.filter(pk=agreed.pk).update(state="settled", split="evaluation")
    whole = SourcePrediction(
        'a "model"', ("x",), 1.0, '{"x": 1, "y": 0.25}', struct.pack("<2f", 0.1, -2)
    )
    bare = SourcePrediction("b", ())
    store.keep(
        project.pk, [Brought(n, "item-1", p) for n, p in enumerate((bare, whole))]
    )
    unlabeled = item(project, 2, data={"text": "=1+1 \t\n\r\\ \\N null \u2028 😀"})
    vote(unlabeled, 3, ada, undone_at=AT, reason=Reason.RANDOM)
    vote(unlabeled, 4, ada, "y", reason=Reason.REPEAT)
    disputed = item(project, 3, external_id="=cmd")
    vote(disputed, 5, ada, "y", reason=Reason.RANDOM)
    vote(disputed, 6, bob, reason=Reason.IMPORT)
    Item.objects.filter(pk=disputed.pk).update(state="disputed")
    label(item(project, 4), source="expert", confidence=1)
    item(make.project(), 5)
    return project


def check(name: str, body: bytes) -> None:
    file = GOLDEN / name
    if os.environ.get("GOLDEN") == "write":
        file.write_bytes(body)
    assert body == file.read_bytes()


def exported(project: Project, kind: str, **options: Any) -> bytes:
    return b"".join(exporting.stream(project, kind, {}, **options))


def test_json_lines_are_the_golden_ones(project: Project) -> None:
    check("export.jsonl", exported(project, "jsonl"))


@pytest.mark.parametrize("raw", [False, True])
def test_csv_is_the_golden_one(project: Project, *, raw: bool) -> None:
    check(
        "export-raw.csv" if raw else "export.csv",
        exported(project, "csv", style=exporting.CsvStyle(raw=raw)),
    )


def test_parquet_has_the_rows_of_the_raw_csv_in_types_of_its_own(
    project: Project,
) -> None:
    table = pq.read_table(io.BytesIO(exported(project, "parquet")))

    described = [json.dumps([field.name, str(field.type)]) for field in table.schema]
    check("export-parquet-columns.jsonl", "\n".join(described).encode() + b"\n")
    text = (GOLDEN / "export-raw.csv").read_bytes().decode()
    cells = list(csv.DictReader(io.StringIO(text, newline="")))
    strings = [field.name for field in table.schema if field.type == pa.string()]
    rows = table.to_pylist()
    assert [[row[name] or "" for name in strings] for row in rows] == [
        [row[name] for name in strings] for row in cells
    ]
    assert [row["confidence"] for row in rows] == [0.1 + 0.2, None, None, 1.0]
    assert [row["model_version"] for row in rows] == [3, None, None, None]


@pytest.mark.parametrize(
    ("filters", "numbers"),
    [
        ({"split": "evaluation"}, [1]),
        ({"state": "disputed"}, [3]),
        ({"split": "pool", "state": "open"}, [2, 4]),
        ({"split": "evaluation", "state": "open"}, []),
    ],
)
def test_a_choice_leaves_out_whole_lines_and_changes_none(
    project: Project, filters: dict[str, str], numbers: list[int]
) -> None:
    lines = exported(project, "jsonl").splitlines(keepends=True)

    chosen = b"".join(exporting.stream(project, "jsonl", filters))

    assert chosen == b"".join(lines[number - 1] for number in numbers)
