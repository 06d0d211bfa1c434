"""Any table, in any form, whole or damaged: what is stored was written, and each row counts.

Fifty files in ``make test``; ``make soak`` looks at thousands (``ASSAY_EXAMPLES``).
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import logging
import os
import resource
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from openpyxl import Workbook

from labeling.errors import AssayError
from labeling.models import Gold, ImportRun, Item, Job, Project
from labeling.services.transfer import importing
from labeling.services.work import jobs
from tests import make
from tests.labeling.transfer.files import zipped

pytestmark = pytest.mark.django_db
SHORT: Final = 25
LONG: Final = int(os.environ.get("ASSAY_EXAMPLES", "2000"))
COLUMNS: Final = ("external_id", "text", "label", "note")
COUNTS: Final = ("created", "filled", "duplicates", "rejected")
MEBIBYTE: Final = 2**20


class Written(NamedTuple):
    """A row as somebody writes it. ``width``: its cells, where it is one of CSV."""

    external_id: str
    text: str
    label: str
    note: str
    width: int = len(COLUMNS)


@dataclass(frozen=True)
class Form:
    """The form that a table has as a file."""

    kind: str
    delimiter: str = ","
    quoting: int = csv.QUOTE_ALL
    line_end: str = "\n"
    encoding: str = "utf-8"
    head: str = ""
    packing: str = ""

    @property
    def name(self) -> str:
        return f"table.{self.kind}"


@dataclass
class Expected:
    """What an import has to make of the rows."""

    items: dict[str, tuple[str, str]] = field(default_factory=dict)
    answers: dict[str, str] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)


def expected(rows: Sequence[Written]) -> Expected:
    """Return what becomes of rows: told by what is promised, not by how it is done.

    Of a chunk the first row with each content comes first; where its id is taken, a later
    row with the same content may bring another one.
    """
    whole = Expected()
    good = [row for row in rows if row.width == len(COLUMNS) and row.text.strip()]
    whole.counts["rejected"] = len(rows) - len(good)
    first: dict[tuple[str, str], int] = {}
    for number, row in enumerate(good):
        first.setdefault((row.text, row.note), number)
    order = sorted(range(len(good)), key=lambda n: (n not in first.values(), n))
    ids: dict[tuple[str, str], str] = {}
    for row in (good[number] for number in order):
        _expect(row, whole, ids)
    return whole


def _expect(row: Written, whole: Expected, ids: dict[tuple[str, str], str]) -> None:
    content = (row.text, row.note)
    known = ids.get(content)
    if known is None and row.external_id in whole.items:
        whole.counts["rejected"] += 1
    elif known is None:
        ids[content] = row.external_id
        whole.items[row.external_id] = content
        if row.label:
            whole.answers[row.external_id] = row.label
        whole.counts["created"] += 1
    elif not row.label or whole.answers.get(known) == row.label:
        whole.counts["duplicates"] += 1
    elif known in whole.answers:
        whole.counts["rejected"] += 1
    else:
        whole.answers[known] = row.label
        whole.counts["filled"] += 1


def csv_of(rows: Sequence[Written], form: Form) -> bytes:
    body = io.StringIO(newline="")
    writer = csv.writer(
        body,
        delimiter=form.delimiter,
        quoting=form.quoting,  # type: ignore[arg-type] # one of csv's own numbers
        lineterminator=form.line_end,
    )
    writer.writerow(COLUMNS)
    for row in rows:
        cells = [*row[: len(COLUMNS)], "more"]
        writer.writerow(cells[: row.width])
    return (form.head + body.getvalue()).encode(form.encoding)


def values_of(row: Written) -> dict[str, str]:
    return {name: getattr(row, name) for name in COLUMNS}


def jsonl_of(rows: Sequence[Written], form: Form) -> bytes:
    lines = (
        json.dumps(values_of(row), ensure_ascii=False)
        if row.width == len(COLUMNS)
        else '{"text": "no end'
        for row in rows
    )
    return form.line_end.join(lines).encode(form.encoding)


def json_of(rows: Sequence[Written], form: Form) -> bytes:
    listed = [
        values_of(row) if row.width == len(COLUMNS) else "no object" for row in rows
    ]
    indent = 2 if form.head else None
    return json.dumps(listed, ensure_ascii=False, indent=indent).encode(form.encoding)


def parquet_of(rows: Sequence[Written], _form: Form) -> bytes:
    body = io.BytesIO()
    columns = {
        name: pa.array([getattr(row, name) for row in rows], pa.string())
        for name in COLUMNS
    }
    pq.write_table(pa.table(columns), body)
    return body.getvalue()


def xlsx_of(rows: Sequence[Written], _form: Form) -> bytes:
    made, body = Workbook(), io.BytesIO()
    sheet = made.worksheets[0]
    sheet.append(COLUMNS)
    for number, row in enumerate(rows, start=2):
        for column, value in enumerate(row[: len(COLUMNS)], start=1):
            cell = sheet.cell(number, column, value)
            # Also what begins like a formula is a text.
            cell.data_type = "s"
    made.save(body)
    return body.getvalue()


WRITERS: Final[Mapping[str, Callable[[Sequence[Written], Form], bytes]]] = {
    "csv": csv_of,
    "jsonl": jsonl_of,
    "json": json_of,
    "parquet": parquet_of,
    "xlsx": xlsx_of,
}


def file_of(rows: Sequence[Written], form: Form) -> bytes:
    data = WRITERS[form.kind](rows, form)
    if form.packing == "gzip":
        return gzip.compress(data)
    return zipped({form.name: data}) if form.packing == "zip" else data


FORMS: Final = st.one_of(
    st.builds(
        Form,
        kind=st.just("csv"),
        delimiter=st.sampled_from(",;\t|"),
        quoting=st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL]),
        line_end=st.sampled_from(["\n", "\r\n", "\r"]),
        encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
        packing=st.sampled_from(["", "", "gzip", "zip"]),
    ),
    st.builds(
        Form,
        kind=st.just("jsonl"),
        line_end=st.sampled_from(["\n", "\r\n"]),
        encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
        packing=st.sampled_from(["", "gzip", "zip"]),
    ),
    st.builds(
        Form,
        kind=st.just("json"),
        encoding=st.sampled_from(["utf-8", "utf-8-sig"]),
        head=st.sampled_from(["", "indented"]),
        packing=st.sampled_from(["", "gzip", "zip"]),
    ),
    st.builds(Form, kind=st.sampled_from(["parquet", "xlsx"])),
)
# Few of each, so that ids, contents and answers meet.
ODD: Final = "\",;\t|\\'=éß日本😀\u2028"
TEXT: Final = st.text(
    st.characters(codec="utf-8", exclude_characters="\ufeff", exclude_categories=["C"])
    | st.sampled_from(ODD),
    max_size=12,
) | st.sampled_from(["", " ", "first", "second", "a\nb", "two\n\nlines"])
ROWS: Final = st.lists(
    st.builds(
        Written,
        external_id=st.sampled_from(["a", "b", "c", "d", "e", "007", "größe"]),
        text=TEXT | st.sampled_from(["first", "second", "third"]),
        label=st.sampled_from(["", "good", "bad"]),
        note=TEXT | st.sampled_from(["n"]),
        width=st.sampled_from([*[len(COLUMNS)] * 8, 3, 5]),
    ),
    min_size=1,
    max_size=10,
)


def fitting(rows: Sequence[Written], form: Form) -> list[Written]:
    """Return rows that this form can hold, as it holds them."""
    if form.kind in ("parquet", "xlsx"):
        rows = [row._replace(width=len(COLUMNS)) for row in rows]
    if form.kind == "xlsx":
        # A cell without anything has no value, and a line end is one character.
        rows = [row._replace(note=row.note or "n") for row in rows]
    if form.kind == "json":
        # A list of something else is no table.
        rows = [rows[0]._replace(width=len(COLUMNS)), *rows[1:]]
    if form.line_end == "\r":
        rows = [
            row._replace(
                text=row.text.replace("\n", " "), note=row.note.replace("\n", " ")
            )
            for row in rows
        ]
    return [*rows]


def project() -> Project:
    return make.project(labels=("good", "bad"))


def bring(of: Project, name: str, data: bytes) -> ImportRun:
    upload = importing.stage(of, None, name, [data])
    importing.preview(upload)
    run = importing.start(upload, None, {}, {"labels_are": "gold"})
    jobs.run(run.job_id)
    return ImportRun.objects.select_related("job").get(pk=run.pk)


def stored(of: Project) -> dict[str, tuple[Any, Any]]:
    return {
        item.external_id: (item.data.get("text"), item.data.get("note") or "")
        for item in Item.objects.filter(project=of)
    }


def check_whole(rows: Sequence[Written], form: Form) -> None:
    rows = fitting(rows, form)
    of = project()

    run = bring(of, form.name, file_of(rows, form))

    right = expected(rows)
    told = [str(refusal.reason) for refusal in run.refusals]
    counts = {name: getattr(run, name) for name in COUNTS}
    assert run.job.state == Job.State.DONE, run.job.error
    assert run.received == len(rows), told
    assert counts == {name: right.counts[name] for name in COUNTS}, told
    assert stored(of) == right.items
    answers = Gold.objects.filter(item__project=of)
    assert {
        name: labels[0]
        for name, labels in answers.values_list("item__external_id", "labels")
    } == right.answers


def short(examples: int) -> hypothesis_settings:
    return hypothesis_settings(
        max_examples=examples,
        derandomize=examples == SHORT,
        database=None,
        # Whoever looks for the smallest file runs the long one.
        phases=[Phase.generate] if examples == SHORT else list(Phase),
        suppress_health_check=list(HealthCheck),
    )


@short(SHORT)
@given(rows=ROWS, form=FORMS)
def test_what_is_written_is_stored_and_each_row_counts(
    rows: list[Written], form: Form
) -> None:
    check_whole(rows, form)


@pytest.mark.soak
@short(LONG)
@given(rows=ROWS, form=FORMS)
def test_what_is_written_is_stored_in_many_files(
    rows: list[Written], form: Form
) -> None:
    check_whole(rows, form)


class Damage(NamedTuple):
    """Bytes that take the place of others; places are shares of the file."""

    kind: str
    begin: float
    end: float
    bytes_: bytes

    def on(self, data: bytes) -> bytes:
        """Return the data with the damage."""
        begin, end = sorted((int(self.begin * len(data)), int(self.end * len(data))))
        if self.kind == "cut":
            return data[:end]
        if self.kind == "lost":
            return data[:begin] + data[end:]
        if self.kind == "twice":
            return data[:end] + data[begin:]
        return data[:begin] + self.bytes_ + data[begin + len(self.bytes_) :]


SHARES: Final = st.floats(0, 1, allow_nan=False)
DAMAGES: Final = st.builds(
    Damage,
    kind=st.sampled_from(["cut", "lost", "twice", "other", "other"]),
    begin=SHARES,
    end=SHARES,
    bytes_=st.binary(min_size=1, max_size=4)
    | st.sampled_from(
        [b'"', b"\x00", b"\xff", b"\n", b"[", b"{", b"\r", b"\xed\xa0\x80"]
    ),
)


def send(of: Project, name: str, data: bytes, **said: str) -> Any:
    """Send a file as a program does; the client raises what would be a 500."""
    call = make.Caller(make.manager_of(of).user)
    return call.client.post(
        f"/api/projects/{of.slug}/imports/",
        {"file": SimpleUploadedFile(name, data), **said},
        headers=call.headers,
    )


def check_damaged(rows: Sequence[Written], form: Form, damage: Damage) -> None:
    rows = fitting(rows, form)
    of = project()
    data = damage.on(file_of(rows, form))

    look = send(of, form.name, data, dry_run="1")
    sent = send(of, form.name, data, labels_are="gold")

    assert look.status_code in (200, 400)
    assert sent.status_code in (202, 400)
    if sent.status_code == 400:
        assert not Item.objects.filter(project=of).exists()
        return
    run = ImportRun.objects.get(pk=sent.json()["id"])
    with suppress(AssayError):
        jobs.run(run.job_id)
    run.refresh_from_db()
    assert run.job.state in (Job.State.DONE, Job.State.FAILED)
    assert sum(getattr(run, name) for name in COUNTS) in (run.received, 1)
    assert run.created == Item.objects.filter(project=of).count()
    # Nothing of a file that is cut off is taken for what it is not.
    is_told = form.kind != "csv" or form.quoting == csv.QUOTE_ALL
    if damage.kind == "cut" and is_told and form.encoding != "utf-16":
        written = {(row.text, row.note) for row in rows}
        assert {*stored(of).values()} <= written


def peak() -> int:
    """Return the most memory that this process has had, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


@short(SHORT)
@given(rows=ROWS, form=FORMS, damage=DAMAGES)
def test_a_damaged_file_is_refused_in_words_or_read_by_its_rows(
    rows: list[Written], form: Form, damage: Damage
) -> None:
    check_damaged(rows, form, damage)


@pytest.mark.soak
@short(LONG)
@given(rows=ROWS, form=FORMS, damage=DAMAGES)
def test_many_damaged_files_are_refused_in_words_or_read_by_their_rows(
    rows: list[Written], form: Form, damage: Damage
) -> None:
    check_damaged(rows, form, damage)


@pytest.mark.parametrize(
    "kind",
    [
        "csv",
        *(
            pytest.param(kind, marks=pytest.mark.soak)
            for kind in ("jsonl", "json", "parquet", "xlsx")
        ),
    ],
)
@pytest.mark.parametrize(
    "damage",
    [
        Damage("other", 0.5, 0.5, b'"'),
        Damage("other", 0.3, 0.3, b"\xff\x00["),
        Damage("cut", 0, 0.8, b""),
    ],
    ids=["quote", "bytes", "cut"],
)
def test_a_large_damaged_file_takes_no_more_memory(
    kind: str, damage: Damage, caplog: pytest.LogCaptureFixture
) -> None:
    rows = [
        Written(f"i{number}", f"text {number} " * 40, "good", "é")
        for number in range(6000)
    ]
    data = damage.on(file_of(rows, Form(kind)))
    of = project()
    before = peak()

    sent = send(of, f"x.{kind}", data)
    if sent.status_code == 202:
        jobs.run_in_turn(ImportRun.objects.get().job_id)

    assert peak() - before < 120
    assert not [each for each in caplog.records if each.levelno >= logging.ERROR]
