"""What goes out comes back: our own export into an empty project is the same again."""

from __future__ import annotations

import csv
import io
import json
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from labeling.models import Item, Project
from labeling.services.transfer import exporting, importing
from labeling.services.transfer.exporting import CsvStyle
from labeling.services.transfer.guard import guarded, unguarded
from labeling.services.transfer.importing import own
from labeling.services.votes import settle
from tests import make
from tests.labeling.transfer.files import bring, lines

LABELS: Final = ("good", "bad; or not", '["odd"]')
HOSTILE: Final = "=1+1 \t\n\r\\ \"'‘ null \x01\u2028 é 😀,"
DATA: Final[dict[str, list[dict[str, Any]]]] = {
    "text": [{"text": HOSTILE, "url": "https://example.org/?a=1"}, {"text": "2 of it"}],
    "table": [
        {"income": 12.5, "state": "AL", "label": "wine", "n": None, "z": ["a"]},
        {"income": "13", "split": "x", "data": {"k": [1, {"m": None}]}},
    ],
}
NOT_KEPT: Final = ("id", "label_set_version", "guideline_version", "model_version")
OF_VOTES: Final = ("labels", "seconds", "created_at")


def rows_out(project: Project) -> list[dict[str, Any]]:
    """Return what is exported, without what is of this project alone."""
    settle.settle_project(project.pk)
    out = []
    for line in b"".join(exporting.stream(project, "jsonl", {})).splitlines():
        row = {k: v for k, v in json.loads(line).items() if k not in NOT_KEPT}
        row["votes"] = [
            {
                "annotator": vote["annotator"].partition("@")[0],
                **{name: vote[name] for name in OF_VOTES},
            }
            for vote in row["votes"]
        ]
        out.append(row)
    return out


def exported_row(
    number: int, data: dict[str, Any], *, is_multi: bool
) -> dict[str, Any]:
    """Return a row as our export has it, of one of four sources by its number."""
    source = ("consensus", "gold", "expert", None)[number % 4]
    names = [LABELS[number % 3], LABELS[(number + 1) % 3]] if is_multi else [LABELS[2]]
    label = sorted(names) if is_multi else names[0]
    vote = {
        "labels": sorted(names),
        "seconds": 2.5,
        "created_at": "2026-01-02T03:04:05+00:00",
    }
    voters = ["ann", "bob"] if source == "consensus" else []
    return {
        "id": number,
        "external_id": f"{HOSTILE.strip()}{number}",
        "data": data,
        "label": label if source else None,
        "label_source": source,
        "confidence": 1.0 if source else None,
        "confidence_is": "share" if source == "consensus" else None,
        "soft_label": dict.fromkeys(names, 1.0) if source else None,
        "split": ("pool", "evaluation")[number % 2],
        "state": "settled" if source else "open",
        "tags": ["a, b", "[c]"] if number % 2 else [],
        "metadata": {"k": {"=": None}} if number % 2 else {},
        "label_set_version": 7,
        "guideline_version": None,
        "held_out_for": None,
        "model_version": None,
        "votes": [{"annotator": name, **vote} for name in voters],
    }


@pytest.mark.django_db
@pytest.mark.parametrize("kind", ["jsonl", "csv", "raw", "parquet"])
@pytest.mark.parametrize("data_type", ["text", "table"])
@pytest.mark.parametrize("task_type", ["single", "multi"])
def test_e01_e02_an_export_comes_back_as_it_was(
    kind: str, data_type: str, task_type: str
) -> None:
    def empty() -> Project:
        return make.project(data_type=data_type, task_type=task_type, labels=LABELS)

    first, second = empty(), empty()
    is_multi = task_type == "multi"
    some = [
        {**DATA[data_type][number % 2], "which": f"number {number} of them all"}
        for number in range(8)
    ]
    rows = [exported_row(n, data, is_multi=is_multi) for n, data in enumerate(some)]
    told = bring(first, "x.jsonl", lines(*rows))
    style = CsvStyle(raw=kind == "raw")
    form = "csv" if kind == "raw" else kind
    body = b"".join(exporting.stream(first, form, {}, style))
    again = bring(second, f"x.{form}", body)

    assert told.refusals == []
    assert again.refusals == []
    assert any("An export of ours" in str(note) for note in again.notes)
    out = rows_out(first)
    assert rows_out(second) == out
    for row, given_row in zip(out, rows, strict=True):
        for name in ("external_id", "data", "label", "label_source", "soft_label"):
            assert row[name] == given_row[name]
        for name in ("split", "tags", "metadata", "state"):
            assert row[name] == given_row[name]
        assert len(row["votes"]) == len(given_row["votes"])


@pytest.mark.django_db
def test_e02_no_column_of_ours_becomes_data_and_a_person_has_the_last_word() -> None:
    rows = [exported_row(n, {"a": n}, is_multi=False) for n in range(3)]
    project = make.project(data_type="table", labels=LABELS)
    other = make.project(data_type="table", labels=LABELS)

    upload = importing.stage(project, None, "x.jsonl", [lines(*rows)])
    shown = importing.preview(upload)
    bring(project, "x.jsonl", lines(*rows), {**shown.roles, "votes": "ignore"})
    bring(
        other,
        "x.jsonl",
        lines(*rows),
        {"data": "text", "label": "data", "id": "ignore"},
    )

    assert [*Item.objects.filter(project=project).values_list("data", flat=True)] == [
        {"a": 0},
        {"a": 1},
        {"a": 2},
    ]
    assert shown.roles["label_source"] == "ignore"
    assert not any(row["votes"] for row in rows_out(project))
    assert "label_source" in Item.objects.filter(project=other)[0].data


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("values", "why"),
    [
        ({"split": "test"}, "split is not one of ours"),
        ({"label_source": "me"}, "label_source is not one of ours"),
        ({"confidence": "high"}, "confidence must be a number"),
        ({"soft_label": {"good": 7}}, "confidence must be a number"),
        ({"data": "nothing"}, "data must be an object"),
        ({"label": "unknown"}, "is not a label of this project"),
        (
            {"held_out_for": {"good": [3, 2]}, "split": "evaluation"},
            "is not one of ours",
        ),
        ({"held_out_for": ["good"], "split": "evaluation"}, "must be an object"),
    ],
    ids=["split", "source", "confidence", "soft", "data", "label", "of", "for"],
)
def test_a_changed_row_costs_only_itself(values: dict[str, Any], why: str) -> None:
    project = make.project(labels=LABELS)
    good = exported_row(1, {"text": "a"}, is_multi=False)
    bad = {**exported_row(2, {"text": "b"}, is_multi=False), **values}

    run = bring(project, "x.jsonl", lines(good, bad))

    assert (run.created, run.rejected) == (1, 1)
    assert why in str(run.refusals[0].reason)


@pytest.mark.django_db
def test_e06_e09_csv_for_a_spreadsheet_has_a_mark_and_a_column_for_each_field() -> None:
    project = make.project(data_type="table", labels=LABELS)
    rows = [
        exported_row(0, {"Größe": "12", "n": None, "of": [1]}, is_multi=False),
        exported_row(1, {"other": "=1+1", "Größe": "-5"}, is_multi=False),
    ]
    bring(project, "x.jsonl", lines(*rows))
    call = make.Caller(make.manager_of(project).user)

    answer = call("get", f"projects/{project.slug}/export/?format=csv&bom=1&fields=1")

    body = b"".join(answer.streaming_content)
    assert body.startswith(b"\xef\xbb\xbf")
    first, second = csv.DictReader(io.StringIO(body.decode("utf-8-sig"), newline=""))
    assert "data" not in first
    assert (first["data.Größe"], first["data.n"], first["data.of"]) == ("12", "", "[1]")
    assert (second["data.other"], second["data.Größe"]) == ("'=1+1", "-5")
    other = make.project(data_type="table", labels=LABELS)
    assert bring(other, "x.csv", body).rejected == 0
    assert [*Item.objects.filter(project=other).values_list("data", flat=True)] == [
        {"Größe": "12", "of": "[1]"},
        {"other": "=1+1", "Größe": "-5"},
    ]


TEXTS = st.text(
    st.characters(codec="utf-8", exclude_characters="\x00")
    | st.sampled_from(["'", "=", "-", "+", "@", "\t", "\r", "\n", '"', ",", "[", "{"]),
    max_size=8,
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | TEXTS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3)
    ),
    max_leaves=5,
)


@given(TEXTS)
def test_a_guarded_cell_comes_back(text: str) -> None:
    cell = guarded(text)

    assert isinstance(cell, str)
    assert unguarded(cell) == text
    # An apostrophe is what a spreadsheet takes for the beginning of a text.
    assert not cell.startswith(("=", "@", "\t", "\r"))


@pytest.mark.parametrize("text", ["-5", "+49 171 23", "-1,5", "'-5", "plain", "a=b"])
def test_what_is_no_formula_is_not_guarded(text: str) -> None:
    assert guarded(text) == text


@hypothesis_settings(max_examples=200)
@given(
    data=st.dictionaries(TEXTS, VALUES, min_size=1, max_size=4),
    metadata=st.dictionaries(TEXTS, VALUES, max_size=2),
    external_id=TEXTS.map(str.strip),
    label=st.sampled_from(LABELS),
)
def test_any_row_comes_back_from_every_format(
    data: dict[str, Any], metadata: dict[str, Any], external_id: str, label: str
) -> None:
    if not any(value not in (None, "") for value in data.values()):
        return
    row = {
        **exported_row(1, data, is_multi=False),
        "external_id": external_id,
        "label": label,
        "metadata": metadata,
    }
    flat = {
        name: json.dumps(value) if isinstance(value, dict | list) else value
        for name, value in row.items()
    }
    body = io.StringIO(newline="")
    writer = csv.DictWriter(body, [*flat])
    writer.writeheader()
    writer.writerow({name: guarded(value) for name, value in flat.items()})
    [cells] = csv.DictReader(io.StringIO(body.getvalue(), newline=""))
    file = io.BytesIO()
    pq.write_table(pa.Table.from_pylist([flat]), file)
    [folded] = pq.read_table(file).to_pylist()

    expected = own.row_of(row, {}, "table")

    assert (expected.data, expected.metadata) == (data, metadata)
    assert (expected.labels, expected.external_id) == ([label], external_id)
    assert own.row_of(cells, {}, "table") == expected
    assert own.row_of(folded, {}, "table") == expected
