"""Excel workbooks: dates are dates, whole numbers whole, formulas their values."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from datetime import date, datetime
from typing import Any

import pytest
from django.conf import LazySettings
from openpyxl import Workbook

from labeling.models import Gold, Item, Project
from labeling.services.transfer import importing
from labeling.services.transfer.importing import ReadingChoice, workbook
from labeling.services.transfer.importing.raw import FileError
from labeling.services.transfer.limits import Limits
from tests import make
from tests.labeling.transfer.files import bring

pytestmark = pytest.mark.django_db


def book(*rows: list[Any], fill: Callable[[Workbook], None] | None = None) -> bytes:
    made, body = Workbook(), io.BytesIO()
    for row in rows:
        made.worksheets[0].append(row)
    if fill:
        fill(made)
    made.save(body)
    return body.getvalue()


def changed(data: bytes, part: str, change: Callable[[bytes], bytes]) -> bytes:
    """Return a workbook of which one part is another one."""
    body = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(data)) as old,
        zipfile.ZipFile(body, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for name in old.namelist():
            content = old.read(name)
            new.writestr(name, change(content) if name == part else content)
    return body.getvalue()


def table() -> Project:
    return make.project(data_type="table", labels=("good", "bad"))


def stored() -> list[dict[str, Any]]:
    return [*Item.objects.order_by("pk").values_list("data", flat=True)]


def test_x02_values_are_what_people_see_in_excel() -> None:
    def padded(made: Workbook) -> None:
        made.worksheets[0]["F2"].number_format = "00000"

    data = book(
        ["day", "at", "whole", "part", "yes", "number", "words"],
        [
            date(2026, 1, 2),
            datetime.fromisoformat("2026-01-02T09:30"),
            3.0,
            2.5,
            True,
            42,
            " a; b ",
        ],
        [],
        [None, None, None, None, None, None, "ü"],
        fill=padded,
    )

    run = bring(table(), "x.xlsx", data)

    assert (run.received, run.created, run.rejected) == (2, 2, 0)
    first, second = stored()
    assert first == {
        "day": "2026-01-02",
        "at": "2026-01-02T09:30:00",
        "whole": 3,
        "part": 2.5,
        "yes": True,
        "number": "00042",
        "words": " a; b ",
    }
    assert type(first["whole"]) is int
    assert second["words"] == "ü"


def test_a_workbook_is_known_by_its_content_and_its_labels_are_read() -> None:
    project = make.project(labels=("good", "bad"))

    run = bring(project, "x.dat", book(["Text", "label"], ["a", "GOOD"]), gold=True)

    assert run.created == 1
    assert Gold.objects.get().labels == ["good"]


def test_other_sheets_are_said_and_can_be_chosen() -> None:
    def fill(made: Workbook) -> None:
        made.create_sheet("Empty")
        made.create_sheet("More").append(["text"])
        made["More"].append(["from more"])
        made.create_sheet("Hidden").append(["text"])
        made["Hidden"].sheet_state = "hidden"

    project = make.project()
    upload = importing.stage(
        project, None, "x.xlsx", [book(["text"], ["from first"], fill=fill)]
    )
    before = importing.preview(upload)
    importing.choose(upload, ReadingChoice(sheet="More"))
    after = importing.preview(upload)

    assert before.reading.sheets == ["Sheet", "More"]
    assert [str(note) for note in before.notes] == [
        "Read from the sheet “Sheet” of an Excel workbook; not from: More."
    ]
    assert before.rows == [{"text": "from first"}]
    assert after.rows == [{"text": "from more"}]
    with pytest.raises(FileError, match="There is no sheet “None”"):
        importing.choose(upload, ReadingChoice(sheet="None"))


def test_a_formula_is_its_value_and_without_one_its_row_is_refused() -> None:
    data = book(["a", "b"], [1, "=A2+1"], [2, "=A3+1"])
    data = changed(
        data,
        "xl/worksheets/sheet1.xml",
        lambda xml: xml.replace(b"<v />", b"<v>7</v>", 1),
    )

    run = bring(table(), "x.xlsx", data)

    assert stored() == [{"a": 1, "b": 7}]
    (refusal,) = run.refusals
    assert refusal.row == 3
    assert "A formula has no value" in str(refusal.reason)


def test_without_a_header_columns_are_found_and_wide_rows_are_refused() -> None:
    project = make.project(labels=("good", "bad"))
    data = book(["I love it so", "good"], ["I hate it so", "bad"])

    run = bring(project, "x.xlsx", data, gold=True)
    wide = bring(make.project(), "x.xlsx", book(["text"], ["a", "b"], ["c"]))

    assert (run.created, Gold.objects.count()) == (2, 2)
    assert [str(each.reason) for each in wide.refusals] == [
        "Sheet: 2 cells where 1 are expected."
    ]


@pytest.mark.parametrize(
    ("part", "change", "words"),
    [
        ("xl/workbook.xml", lambda xml: xml[:40], "Not an Excel workbook"),
        (
            "xl/workbook.xml",
            lambda xml: b'<!DOCTYPE a [<!ENTITY b "c">]>' + xml,
            "Not an Excel workbook",
        ),
        (
            "xl/styles.xml",
            lambda xml: xml + b" " * (workbook.PART_BYTES + 1),
            "too large",
        ),
    ],
)
def test_a_workbook_that_is_damaged_or_a_bomb_is_refused(
    part: str, change: Callable[[bytes], bytes], words: str
) -> None:
    data = changed(book(["text"], ["a"]), part, change)

    with pytest.raises(FileError, match=words):
        importing.stage(make.project(), None, "x.xlsx", [data])


def test_a_sheet_that_unfolds_beyond_measure_is_refused(
    settings: LazySettings,
) -> None:
    settings.IMPORT_MAX_BYTES = 2**16
    data = changed(
        book(["text"], ["a"]),
        "xl/worksheets/sheet1.xml",
        lambda xml: xml + b" " * 2**17,
    )

    with pytest.raises(FileError, match="too large"):
        workbook.sheets(io.BytesIO(data), Limits(unpacked_bytes=2**16))


@pytest.mark.parametrize(
    ("inside", "words"),
    [
        ("word/document.xml", "Word"),
        ("xl/workbook.bin", "Excel binary workbook"),
        ("Index/Document.iwa", "Numbers"),
    ],
)
def test_other_documents_are_named_with_what_to_do(inside: str, words: str) -> None:
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w") as archive:
        archive.writestr(inside, b"x")

    with pytest.raises(FileError, match=f"{words}: save it as CSV or as an Excel"):
        importing.stage(make.project(), None, "x", [body.getvalue()])


def test_excel_97_or_a_password_is_named_with_what_to_do() -> None:
    with pytest.raises(FileError, match="without a password"):
        importing.stage(
            make.project(), None, "x.xls", [b"\xd0\xcf\x11\xe0" + b"0" * 99]
        )
