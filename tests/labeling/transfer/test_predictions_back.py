"""Predictions from outside leave with their items and come back as they were."""

from __future__ import annotations

import base64
import io
import json
import struct
from pathlib import Path
from typing import Any, Final

import pyarrow.parquet as pq
import pytest
from django.core.management import call_command
from hypothesis import given
from hypothesis import strategies as st

from labeling.models import Item, OutsidePrediction, PredictionSource, Project
from labeling.services.transfer import exporting
from labeling.services.transfer.outside import numbers, store
from labeling.services.transfer.outside.rows import SourcePrediction
from labeling.services.transfer.outside.store import Brought
from labeling.services.transfer.rows import RowError
from tests import make
from tests.labeling.transfer.files import bring, lines, picture, zipped
from tests.labeling.transfer.predicted import read

LABELS: Final = ("x", "y")
WHOLE: Final = SourcePrediction(
    "llm", ("x",), 0.75, '{"x":0.75,"y":0.125}', struct.pack("<3f", 0.1, -1e-30, 3e8)
)
EVERY: Final = (
    WHOLE,
    SourcePrediction("bare", ("y",)),
    SourcePrediction("=1+1 “é” \\ \" '", ("y",), 1.0),
)
# Those of other tools that have a place for all of it.
TOOLS: Final = ("label_studio", "prodigy", "doccano", "huggingface")


def filled(**of: Any) -> Project:
    """Return a project with predictions of three sources on one of two items."""
    project = make.project(labels=LABELS, **of)
    rows = [{"id": "a", "text": "1", "k": "v"}, {"id": "b", "text": "2"}]
    bring(project, "x.jsonl", lines(*rows))
    keep(project, *EVERY)
    return project


def keep(project: Project, *some: SourcePrediction) -> None:
    store.keep(project.pk, [Brought(n, "a", each) for n, each in enumerate(some)])


def stored(project: Project) -> list[tuple[Any, ...]]:
    every = OutsidePrediction.objects.filter(source__project=project)
    return [
        (
            each.item.external_id,
            each.source.name,
            each.labels,
            each.confidence,
            each.probabilities,
            bytes(each.embedding) if each.embedding else None,
            each.source.embedding_size,
        )
        for each in every.order_by("item__external_id", "source__name")
    ]


def out(project: Project, kind: str, **filters: str) -> bytes:
    return b"".join(exporting.stream(project, kind, filters, with_embeddings=True))


@pytest.mark.django_db
@pytest.mark.parametrize("kind", ["jsonl", "csv", "parquet", *TOOLS])
@pytest.mark.parametrize("task_type", ["single", "multi"])
def test_predictions_come_back_whole_from_every_format_that_holds_them(
    kind: str, task_type: str
) -> None:
    project = filled(task_type=task_type)
    empty = make.project(labels=LABELS, task_type=task_type)
    file = out(project, kind)

    run = bring(empty, f"again.{exporting.ending(kind)}", file)

    assert (run.created, run.rejected) == (2, 0)
    assert len(stored(project)) == 3
    assert stored(empty) == stored(project)


@pytest.mark.django_db
def test_a_table_with_a_field_called_predictions_keeps_both() -> None:
    project, empty = (make.project(labels=LABELS, data_type="table") for _ in "12")
    bring(
        project,
        "x.jsonl",
        lines({"id": "a", "n": 1, "predictions": [1]}),
        {"predictions": "data"},
    )
    keep(project, WHOLE)

    bring(empty, "again.csv", out(project, "csv"))

    assert Item.objects.get(project=empty).data == {"n": 1, "predictions": [1]}
    assert stored(empty) == stored(project)


@pytest.mark.django_db
@pytest.mark.parametrize("kind", ["coco", "huggingface", "huggingface_folder"])
def test_predictions_of_pictures_come_back_whole(kind: str) -> None:
    project, empty = (make.project(labels=LABELS, data_type="image") for _ in "12")
    bring(project, "x.zip", zipped({"p.png": picture()}))
    item = Item.objects.get(project=project)
    Item.objects.filter(pk=item.pk).update(external_id="a")
    keep(project, *EVERY)

    run = bring(empty, "again", out(project, kind))

    assert (run.created, run.rejected) == (1, 0)
    assert stored(empty) == stored(project)


@pytest.mark.django_db
def test_only_predictions_of_the_chosen_items_leave_in_the_order_of_sources() -> None:
    project = filled()
    other = make.project(labels=LABELS)
    bring(other, "x.jsonl", lines({"id": "a", "text": "1"}))
    keep(other, WHOLE)
    Item.objects.filter(project=project, external_id="a").update(split="evaluation")
    Item.objects.filter(project=project, external_id="b").update(split="pool")

    held_out = json.loads(out(project, "jsonl", split="evaluation"))
    pool = json.loads(out(project, "jsonl", split="pool"))

    names = [each["source"] for each in held_out["predictions"]]
    assert names == ["=1+1 “é” \\ \" '", "bare", "llm"]
    assert held_out["predictions"][1] == {"source": "bare", "labels": ["y"]}
    assert pool["predictions"] == []


@pytest.mark.django_db
def test_a_model_that_was_heard_in_label_studio_again_is_believed() -> None:
    project, empty = filled(), make.project(labels=LABELS)
    tasks = json.loads(out(project, "label_studio"))
    said = next(p for p in tasks[0]["predictions"] if p["model_version"] == "llm")
    said["result"][0]["value"]["choices"] = ["y"]

    bring(empty, "tasks.json", json.dumps(tasks).encode())

    mine = OutsidePrediction.objects.get(source__project=empty, source__name="llm")
    assert (mine.labels, mine.probabilities, mine.embedding) == (["y"], None, None)


STAYED: Final = "predictions were not taken: their items have others of the same source, which the page Predictions replaces."


@pytest.mark.django_db
def test_an_older_export_adds_what_is_missing_and_replaces_nothing() -> None:
    project = filled()
    before = stored(project)
    old = out(project, "jsonl")
    newer = SourcePrediction("llm", ("y",), 0.5, None, struct.pack("<3f", 1, 2, 3))
    keep(project, newer)
    OutsidePrediction.objects.filter(source__name="bare").delete()
    PredictionSource.objects.filter(name="bare").delete()
    kept = stored(project)

    run = bring(project, "old.jsonl", old)

    assert stored(project) == sorted([*kept, before[1]], key=lambda row: row[1])
    assert f"1 {STAYED}" in [str(note) for note in run.notes]
    assert (run.created, run.filled, run.duplicates, run.rejected) == (0, 1, 1, 0)


@pytest.mark.django_db
@pytest.mark.parametrize("with_embeddings", [False, True])
def test_an_export_of_now_says_of_no_prediction_that_it_stayed(
    *, with_embeddings: bool
) -> None:
    project = filled()
    before = stored(project)
    file = exporting.stream(project, "csv", {}, with_embeddings=with_embeddings)

    run = bring(project, "now.csv", b"".join(file))

    assert stored(project) == before
    assert not [note for note in run.notes if STAYED in str(note)]
    assert (run.filled, run.duplicates) == (0, 2)


@pytest.mark.django_db
def test_of_two_exports_in_one_file_the_first_one_adds() -> None:
    project, empty = filled(), make.project(labels=LABELS)
    first = out(project, "jsonl")
    keep(project, SourcePrediction("llm", ("y",), 0.5))

    run = bring(empty, "both.jsonl", first + out(project, "jsonl") * 2)

    assert stored(empty)[-1][2] == ["x"]
    assert f"2 {STAYED}" in [str(note) for note in run.notes]


@pytest.mark.django_db
def test_a_prediction_that_was_spoiled_costs_no_item() -> None:
    project, empty = filled(), make.project(labels=LABELS)
    row = json.loads(out(project, "jsonl").splitlines()[0])
    row["predictions"][0]["labels"] = ["fox"]

    run = bring(empty, "x.jsonl", lines(row))

    assert (run.created, run.rejected) == (1, 0)
    assert not PredictionSource.objects.filter(project=empty).exists()
    assert "“fox” is not a label" in str(run.noted_rows[0].reason)


@pytest.mark.django_db
def test_a_parquet_file_has_predictions_as_json() -> None:
    table = pq.read_table(io.BytesIO(out(filled(), "parquet")))

    [first, second] = table.column("predictions").to_pylist()
    assert [each["source"] for each in json.loads(first)][-1] == "llm"
    assert second == "[]"


@given(st.lists(st.floats(width=32, allow_nan=False, allow_infinity=False), min_size=1))
def test_any_embedding_comes_back_bit_for_bit(some: list[float]) -> None:
    packed = struct.pack(f"<{len(some)}f", *some)

    assert numbers.packed(base64.b64encode(packed).decode()) == packed


@pytest.mark.django_db
@pytest.mark.parametrize("kind", ["jsonl", "csv", "parquet", *TOOLS])
def test_embeddings_leave_only_where_they_are_asked_for(kind: str) -> None:
    project, empty = filled(), make.project(labels=LABELS)
    plain = b"".join(exporting.stream(project, kind, {}))

    bring(empty, f"again.{exporting.ending(kind)}", plain)

    assert stored(empty) == [(*row[:-2], None, None) for row in stored(project)]


@pytest.mark.django_db
def test_an_embedding_leaves_as_base64_in_one_line_however_long() -> None:
    project = make.project(labels=LABELS)
    bring(project, "x.jsonl", lines({"id": "a", "text": "1"}))
    packed = struct.pack("<768f", *(1 / (n + 1) for n in range(768)))
    keep(project, SourcePrediction("llm", ("x",), embedding=packed))

    [row] = map(json.loads, out(project, "jsonl").splitlines())

    assert row["predictions"][0]["embedding"] == base64.b64encode(packed).decode()


@pytest.mark.parametrize(
    "text",
    [
        "AAA=",
        "AACAfw==",
        "AADAfw==",
        "é",
        "17",
        "null",
        "",
        "A" * 21852,
        "[Infinity, -Infinity]",
    ],
)
def test_a_text_that_is_no_embedding_is_refused(text: str) -> None:
    with pytest.raises(RowError, match="embedding"):
        numbers.packed(text)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("query", "has_one"),
    [("", False), ("?embeddings=0", False), ("?embeddings=1", True)],
)
def test_the_api_gives_embeddings_by_choice(query: str, *, has_one: bool) -> None:
    project = filled()
    call = make.Caller(make.manager_of(project).user)

    answer = call("get", f"projects/{project.slug}/export/{query}")

    assert (b'"embedding": "' in b"".join(answer.streaming_content)) is has_one


@pytest.mark.django_db
@pytest.mark.parametrize("flag", [[], ["--embeddings"]])
def test_the_command_gives_embeddings_by_choice(
    flag: list[str], tmp_path: Path
) -> None:
    project, file = filled(), tmp_path / "out.jsonl"

    call_command("export", project.slug, "--output", str(file), *flag)

    assert (b'"embedding": "' in file.read_bytes()) is bool(flag)


@pytest.mark.django_db
@pytest.mark.parametrize("kind", ["jsonl", "csv", "parquet"])
def test_our_own_export_is_a_file_of_predictions_too(kind: str) -> None:
    project, other = filled(), make.project(labels=LABELS)
    for of in (project, other):
        bring(of, "x.jsonl", lines({"id": "=1+1", "text": "3", "label": "x"}))
    store.keep(project.pk, [Brought(0, "=1+1", EVERY[1])])
    bring(other, "x.jsonl", lines({"id": "a", "text": "1"}, {"id": "b", "text": "2"}))
    file = out(project, kind)

    run = read(other, f"again.{kind}", file)

    assert stored(other) == stored(project)
    assert (run.received, run.created, run.duplicates, run.rejected) == (3, 2, 1, 0)
    assert [str(note) for note in run.notes][-2:] == [
        "An export of ours: its predictions are taken and nothing else.",
        "1 rows of the export predict nothing.",
    ]


@pytest.mark.django_db
def test_labels_of_our_own_export_are_predictions_where_a_person_says_so() -> None:
    project = make.project(labels=LABELS)
    row = {"id": "a", "text": "1", "label": "x"}
    bring(project, "x.jsonl", lines(row), labels_are="gold")

    run = read(
        project,
        "again.jsonl",
        out(project, "jsonl"),
        mapping={"id": "ignore", "predictions": "ignore"},
    )

    assert run.rejected == 0
    assert [row[1:3] for row in stored(project)] == [("llm", ["x"])]


@pytest.mark.django_db
def test_an_item_of_our_own_export_that_is_not_here_is_named() -> None:
    empty = make.project(labels=LABELS)

    run = read(empty, "again.jsonl", out(filled(), "jsonl"))

    assert (run.received, run.duplicates, run.rejected) == (2, 1, 1)
    assert "“a” is no item of this project." in str(run.refusals[0].reason)
