"""Columns stand in the order of the file: where they are kept, shown and exported."""

from __future__ import annotations

import io
import json
from typing import Any, Final

import pyarrow.parquet as pq
import pytest

from labeling import queries
from labeling.models import ImportRun, Item, Project
from labeling.services.transfer import columns, exporting
from labeling.services.transfer.exporting import CsvStyle
from labeling.services.transfer.importing import Limits, intake, raw, write
from labeling.services.work import jobs
from tests import doubles, make
from tests.labeling.transfer.files import bring, lines, start
from tests.test_pages import browser

pytestmark = pytest.mark.django_db
# By length, as jsonb has them, it would be the other way round.
ORDER: Final = ["question", "answer_a", "id_of_case", "zz"]
FILE: Final = b"question,answer_a,id_of_case,zz\nWhy?,so,17,1\nHow?,well,18,2\n"


def table() -> Project:
    return make.project(data_type="table")


def exported(project: Project, kind: str, style: CsvStyle | None = None) -> bytes:
    return b"".join(exporting.stream(project, kind, {}, style or CsvStyle()))


def fields_of(project: Project) -> list[str]:
    """Return the columns of a CSV that has one for each field of the data."""
    head = exported(project, "csv", CsvStyle(has_fields=True)).split(b"\r\n")[0]
    return [
        name.removeprefix("data.")
        for name in head.decode().split(",")
        if name.startswith("data.")
    ]


def places(page: str, names: list[str]) -> list[int]:
    return [page.index(name) for name in names]


def test_e08_a_table_is_kept_and_exported_in_the_order_of_the_file() -> None:
    project = table()

    bring(project, "cases.csv", FILE)

    project.refresh_from_db()
    assert project.columns == ORDER
    assert [[*item.data] for item in project.items.all()] == [ORDER, ORDER]
    rows = [json.loads(line) for line in exported(project, "jsonl").splitlines()]
    assert [[*row["data"]] for row in rows] == [ORDER, ORDER]
    assert fields_of(project) == ORDER
    parquet = pq.read_table(io.BytesIO(exported(project, "parquet")))
    assert [*json.loads(parquet["data"][0].as_py())] == ORDER
    again = table()
    bring(again, "again.jsonl", exported(project, "jsonl"))
    assert [[*item.data] for item in again.items.all()] == [ORDER, ORDER]


def test_e08_pages_and_programs_show_the_columns_in_the_order_of_the_file() -> None:
    project = table()
    manager = make.member(project, "manager")
    bring(project, "cases.csv", FILE)
    item = project.items.first()
    assert item is not None
    call = make.Caller(manager.user)

    listed = call("get", f"projects/{project.slug}/items/").json()
    lent = call("post", f"projects/{project.slug}/queue/lease/", {"count": 1}).json()
    page = browser(manager.user).get(f"/projects/{project.slug}/items/{item.pk}/")
    station = browser(manager.user).get(f"/projects/{project.slug}/label/")

    assert [*listed["results"][0]["data"]] == ORDER
    assert [*lent["items"][0]["item"]["data"]] == ORDER
    shown = places(page.content.decode().partition("<main")[2], ORDER)
    assert shown == sorted(shown)
    assert station.context["setup"]["columns"] == ORDER


def test_columns_that_a_later_file_brings_stand_behind_those_of_before() -> None:
    project = table()
    bring(project, "first.jsonl", lines({"long": 1, "b": 2, "a": 3}))

    bring(project, "second.jsonl", lines({"new": 1, "a": 2, "other": 3, "long": 4}))

    assert [[*item.data] for item in project.items.all()] == [
        ["long", "b", "a"],
        ["long", "a", "new", "other"],
    ]
    project.refresh_from_db()
    assert project.columns == fields_of(project) == ["long", "b", "a", "new", "other"]


def writer_of(run: ImportRun) -> write.Writer:
    limits = Limits(chunk_rows=1)
    return write.Writer(
        run, write.terms_of(run, limits), doubles.watched(jobs.claim(run.job_id))
    )


def some(*rows: dict[str, Any]) -> Any:
    return iter([raw.Raw(number, row) for number, row in enumerate(rows, start=1)])


def test_rows_that_are_read_ahead_get_the_order_that_another_import_brings() -> None:
    project = table()
    first, second = (
        writer_of(start(project, f"{n}.jsonl", lines({"text": "x"}))) for n in range(2)
    )
    rows = some({"zeta": 1, "alpha": 1}, {"first": 3, "second": 3, "alpha": 3})

    chunks = first.write_all(rows)
    next(chunks)
    assert columns.of_project(project.pk) == ["zeta", "alpha"]
    second.write(some({"alpha": 2, "second": 2}))
    next(chunks)

    assert columns.of_project(project.pk) == ["zeta", "alpha", "second", "first"]
    assert [[*item.data] for item in project.items.all()] == [
        ["zeta", "alpha"],
        ["alpha", "second"],
        ["alpha", "second", "first"],
    ]


def test_imports_at_once_agree_on_one_order() -> None:
    project = table()
    first, second = (
        writer_of(start(project, f"{n}.jsonl", lines({"text": "x"}))) for n in range(2)
    )

    first.write(some({"zeta": 1, "alpha": 1}))
    second.write(some({"alpha": 2, "second": 2, "zeta": 2}))
    first.write(some({"first": 3, "second": 3, "alpha": 3}))

    assert columns.of_project(project.pk) == ["zeta", "alpha", "second", "first"]
    assert [[*item.data] for item in project.items.all()] == [
        ["zeta", "alpha"],
        ["zeta", "alpha", "second"],
        ["alpha", "second", "first"],
    ]


def test_a_project_of_an_earlier_release_keeps_the_order_that_it_has() -> None:
    project = table()
    make.item(project, data={"z": 1, "long": 2})
    make.item(project, data={"more": 1, "z": 2})
    assert fields_of(project) == ["z", "long", "more"]

    bring(project, "x.jsonl", lines({"long": 5, "more": 6, "brand_new": 7}))

    assert [[*item.data] for item in project.items.all()] == [
        ["z", "long"],
        ["more", "z"],
        ["long", "more", "brand_new"],
    ]
    project.refresh_from_db()
    assert fields_of(project) == ["long", "more", "brand_new", "z"]


def test_columns_beside_an_item_are_offered_in_the_order_of_the_file() -> None:
    project = make.project()

    bring(project, "x.csv", b"source_address,text,at\nhttps://example.org,hello,noon\n")

    assert queries.columns_beside(project) == ["source_address", "at"]


def test_letters_and_nested_values_are_kept_as_they_are() -> None:
    project = table()
    row = {"größe": 'ß \\u00e4 " \\ \n', "k": {"zz": [1, {"y": 1, "x": 2}], "a": None}}

    bring(project, "x.jsonl", lines(row))

    item = project.items.get()
    assert json.dumps(item.data) == json.dumps(row)
    bring(project, "again.jsonl", lines(dict(reversed(row.items()))))
    assert project.items.count() == 1


def test_single_items_from_outside_are_in_the_order_of_the_project() -> None:
    project = table()
    bring(project, "x.jsonl", lines({"long": 1, "a": 2}))

    row = intake.checked(project, "own", {"new": 0, "a": 3, "long": 4})
    intake.add(project, [row])

    assert [*Item.objects.get(external_id="own").data] == ["long", "a", "new"]
    assert columns.of_project(project.pk) == ["long", "a", "new"]


def test_names_that_are_values_do_not_fill_the_project() -> None:
    order = columns.ColumnOrder(["first"])

    for number in range(2 * columns.MOST):
        order.arranged({f"key {number}": 1, "x" * 500: 2, "first": 3})
    row = order.arranged({"z": 1, "first": 2, "y": 3})

    assert len(order.names) == columns.MOST
    assert [*row] == ["first", "z", "y"]
