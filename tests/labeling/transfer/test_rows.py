"""What one row must hold: a bad one is refused with its reason."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from datetime import datetime

import pytest

from labeling.models import Annotation, Item
from labeling.services.transfer import importing
from labeling.services.transfer.importing import Limits
from tests import make
from tests.labeling.transfer.files import bring, lines

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ('{"text": "éééééééééééé'.encode() + b'\xe9"}', "UTF-8"),
        (b'{"text": "a\\u0000b"}', "NUL"),
        (b'{"text": "\\ud800"}', "surrogate"),
        (b'{"text": true}', "no text"),
        (b'{"text": "x", "metadata": 3}', "metadata"),
        (b'{"text": "x", "n": [1e999]}', "NaN"),
        (b"[" * 5000, "JSON"),
    ],
)
def test_a_poisoned_line_costs_only_itself(line: bytes, reason: str) -> None:
    project = make.project()

    run = bring(project, "x.jsonl", line + b'\n{"text": "good"}\n')

    assert run.created == 1
    assert reason in str(run.refusals[0].reason)


DEEP = "[" * 40 + "]" * 40


VOTE = '[{"annotator": "a", "label": "x"%s}]'


BAD_CELLS = [
    ("metadata", '{"a": NaN}', "NaN"),
    ("metadata", '{"a": -1e999}', "NaN and infinity"),
    ("metadata", '{"a": 9007199254740993}', "beyond 2^53"),
    ("metadata", '{"a": "\\u0000"}', "A text holds a NUL"),
    ("metadata", '{"\\u0000": 1}', "A text holds a NUL"),
    ("metadata", '{"a": "\\ud800"}', "A text holds half"),
    ("metadata", f'{{"a": {DEEP}}}', "The JSON is nested"),
    ("metadata", "[" * 100_000, "metadata is not JSON"),
    ("metadata", f'{{"a": {"9" * 5000}}}', "metadata is not JSON"),
    ("metadata", "5", "metadata must be an object"),
    ("tags", f"fine,{'t' * 81}", "tag has more than 80"),
    ("id", "i" * 201, "external_id has more than 200"),
    ("group", "g" * 201, "group has more than 200"),
    ("votes", "[" * 100_000, "votes is not JSON"),
    ("votes", f'[{{"annotator": {DEEP}}}]', "The JSON is nested"),
    ("votes", '[{"annotator": "\\u0000", "label": "x"}]', "A text holds a NUL"),
    ("votes", '[{"annotator": "\\udfff", "label": "x"}]', "A text holds half"),
    ("votes", '[{"annotator": "a", "label": "\\u0000"}]', "A text holds a NUL"),
    ("votes", VOTE % ', "seconds": NaN', "NaN"),
    ("votes", VOTE % ', "seconds": 1e308', "seconds must be"),
    ("votes", VOTE % ', "seconds": -0.1', "seconds must be"),
    ("votes", VOTE % ', "created_at": "0001-01-01T00:00:00+14:00"', "created_at"),
    ("votes", VOTE % ', "created_at": "9999-12-31T23:59:59-12:00"', "created_at"),
    ("votes", VOTE % ', "created_at": "24:00"', "created_at"),
    ("votes", '[{"annotator": "a", "label": {"x": 1}}]', "label must be a text"),
    (
        "votes",
        '[{"annotator": "a b", "label": "x"}, {"annotator": "a_b", "label": "x"}]',
        "voted twice",
    ),
]


@pytest.mark.parametrize("kind", ["jsonl", "csv"])
@pytest.mark.parametrize(("column", "cell", "reason"), BAD_CELLS)
def test_a_bad_cell_costs_only_its_row(
    kind: str, column: str, cell: str, reason: str
) -> None:
    project = make.project()
    rows = [
        {"text": "before", column: ""},
        {"text": "bad", column: cell},
        {"text": "after", column: ""},
    ]
    body = io.StringIO()
    writer = csv.DictWriter(body, ["text", column])
    writer.writeheader()
    writer.writerows(rows)
    data = lines(*rows) if kind == "jsonl" else body.getvalue().encode()

    run = bring(project, f"x.{kind}", data)

    assert (run.created, run.rejected) == (2, 1)
    assert run.errors[0]["row"] == 2
    assert reason in str(run.refusals[0].reason)


@pytest.mark.parametrize(
    "values",
    [
        {"metadata": {"a": "\x00"}},
        {"tags": ["fine", "\x00"]},
        {"tags": ["t" * 81]},
        {"group": "\ud800"},
        {"id": "\x00"},
        {"votes": [{"annotator": "\x00", "label": "x"}]},
        {"votes": [{"annotator": "a", "label": "x", "created_at": "0001-01-01"}]},
    ],
)
def test_a_bad_value_costs_only_its_row(values: Mapping[str, object]) -> None:
    project = make.project()
    rows = [{"text": "before"}, {"text": "bad", **values}, {"text": "after"}]

    run = bring(project, "x.jsonl", lines(*rows))

    assert (run.created, run.rejected) == (2, 1)
    assert run.errors[0]["row"] == 2


@pytest.mark.parametrize("mapping", [{}, {"ignore": "data"}, {"ignore": "ignore"}])
def test_a_column_that_is_called_ignore_is_left_out_where_somebody_says_so(
    mapping: dict[str, str],
) -> None:
    project = make.project(data_type="table")
    data = lines({"ignore": "kept", "b": 1, "c": 2})
    mapping = {**mapping, "c": "ignore"}

    upload = importing.stage(project, None, "x.jsonl", [data])
    shown = importing.preview(upload, mapping)
    bring(project, "x.jsonl", data, mapping=mapping)

    is_left_out = mapping.get("ignore") == "ignore"
    kept = {"b": 1} if is_left_out else {"ignore": "kept", "b": 1}
    assert project.items.get().data == kept
    assert shown.roles["ignore"] == ("ignore" if is_left_out else "data")


def test_what_lies_at_the_limits_is_kept() -> None:
    project = make.project()
    row = {
        "external_id": "🧑" * 200,
        "text": "one",
        "metadata": '{"a": [1.7976931348623157e308, 5e-324, "\\ud83e\\uddd1"]}',
        "tags": ["🧑" * 80] * 50,
        "group": "🧑" * 200,
        "votes": [
            {"annotator": "a" * 100, "label": "x", "created_at": "1900-01-01"},
            {"annotator": "b", "label": "x", "created_at": "2999-12-31T23:59-12:00"},
        ],
    }

    run = bring(project, "x.jsonl", lines(row))

    assert run.errors == []
    assert project.items.get().metadata["a"][2] == "🧑"
    assert Annotation.votes.count() == 2


def test_a_row_too_large_for_the_database_costs_only_itself() -> None:
    project = make.project(data_type="table")
    rows = [{"a": "before"}, {"a": "x" * 2**20}, {"a": "after"}]

    run = bring(project, "x.jsonl", lines(*rows), limits=Limits(row_characters=2**20))

    assert (run.created, run.rejected) == (2, 1)
    assert "data has more than 1,048,576" in str(run.refusals[0].reason)


def test_html_stays_text() -> None:
    project = make.project()
    hostile = "<img src=x onerror=alert(1)>"

    bring(project, "x.jsonl", lines({"text": hostile, "id": hostile}))

    assert Item.objects.get().data["text"] == hostile


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("label", {"x": 1}),
        ("label", [["x"]]),
        ("tags", {"x": [1]}),
        ("tags", ["fine", {"x": 1}]),
    ],
)
def test_an_object_becomes_no_name_of_a_label_or_tag(
    column: str, value: object
) -> None:
    project = make.project()

    run = bring(project, "x.jsonl", lines({"text": "a", column: value}))

    assert (run.created, run.rejected) == (0, 1)
    assert f"{column} must be a text or a list of texts." in str(run.refusals[0].reason)


@pytest.mark.parametrize("zone", ["+23:59", "-16:00"])
def test_a_vote_of_any_zone_is_kept_at_its_moment(zone: str) -> None:
    project = make.project()
    vote = {"annotator": "a", "label": "x", "created_at": f"2020-05-05T12:00:00{zone}"}

    run = bring(project, "x.jsonl", lines({"text": "a", "votes": [vote]}))

    assert run.created == 1, run.job.error
    given = datetime.fromisoformat(vote["created_at"])
    assert Annotation.votes.get().created_at == given
