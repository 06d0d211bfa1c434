"""Predictions from outside, kept: each row in one count, each source in the list."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from labeling.errors import ConflictError, InvalidInputError
from labeling.models import (
    ImportRun,
    Item,
    OutsidePrediction,
    PredictionSource,
    Project,
    QueueEntry,
    Resolution,
    Upload,
)
from labeling.services.projects import label_sets, removal
from labeling.services.transfer import exporting, importing
from labeling.services.transfer.outside import sources, store
from labeling.services.transfer.outside.rows import SourcePrediction
from labeling.services.transfer.outside.store import Brought
from labeling.services.transfer.predicting import look as looking
from labeling.services.transfer.predicting import run as predicting
from labeling.services.votes import settle
from labeling.services.work import jobs
from tests import make
from tests.labeling.transfer.files import lines
from tests.labeling.transfer.predicted import predicted, read

pytestmark = pytest.mark.django_db


def counts(run: ImportRun) -> tuple[int, int, int, int]:
    assert run.received == run.created + run.filled + run.duplicates + run.rejected
    return run.created, run.filled, run.duplicates, run.rejected


def labeled(of: Project, label: str, **fields: Any) -> Item:
    item = make.item(of, state="settled", **fields)
    assert of.label_set is not None
    Resolution.objects.create(
        project=of,
        item=item,
        labels=[label],
        source="consensus",
        confidence=1,
        soft_label={label: 1},
        label_set=of.label_set,
        created_at=timezone.now(),
    )
    return item


def stored(of: Project) -> dict[tuple[str, str], Any]:
    rows = OutsidePrediction.objects.filter(source__project=of)
    return {
        (row.source.name, row.item.external_id): (row.labels, row.confidence)
        for row in rows.select_related("source", "item")
    }


def test_each_row_is_new_replaces_says_the_same_or_is_refused() -> None:
    project = make.project()
    for name in ("a", "b", "c"):
        make.item(project, external_id=name)
    rows: list[Mapping[str, object]] = [
        {"external_id": "a", "label": "x", "score": 0.5},
        {"external_id": "b", "label": "x", "score": 0.25},
    ]

    assert counts(predicted(project, *rows)) == (2, 0, 0, 0)
    changed = {**rows[1], "score": 0.75}
    unknown = {"external_id": "nobody", "label": "x"}
    more = {"external_id": "c", "label": "y"}
    run = predicted(project, rows[0], changed, more, unknown, {"label": "x"})

    assert counts(run) == (1, 1, 1, 2)
    assert [(each.row, str(each.reason)) for each in run.refusals] == [
        (4, "“nobody” is no item of this project."),
        (5, "It does not say which item: external_id is missing."),
    ]
    assert stored(project) == {
        ("llm", "a"): (["x"], 0.5),
        ("llm", "b"): (["x"], 0.75),
        ("llm", "c"): (["y"], None),
    }


def test_of_several_rows_about_an_item_the_last_one_stays() -> None:
    project = make.project()
    make.item(project, external_id="a")
    of = [{"external_id": "a", "label": label} for label in ("x", "x", "y", "x")]

    assert counts(predicted(project, *of)) == (1, 2, 1, 0)
    assert stored(project) == {("llm", "a"): (["x"], None)}
    # What is stored is x: y replaces it, and the last row says something else than y.
    assert counts(predicted(project, of[2], of[3])) == (0, 2, 0, 0)
    assert stored(project) == {("llm", "a"): (["x"], None)}


def test_another_source_says_its_own() -> None:
    project = make.project()
    make.item(project, external_id="a")

    run = predicted(
        project,
        {"id": "a", "label": "x"},
        {"id": "a", "label": "y", "source": "rules"},
    )

    assert counts(run) == (2, 0, 0, 0)
    assert stored(project) == {
        ("llm", "a"): (["x"], None),
        ("rules", "a"): (["y"], None),
    }


def test_a_row_of_several_sources_counts_once() -> None:
    project = make.project()
    make.item(project, external_id="a")
    row = {"id": "a", "predictions": [{"label": "x"}, {"source": "b", "label": "y"}]}

    assert counts(predicted(project, {"id": "a", "label": "x"})) == (1, 0, 0, 0)
    assert counts(predicted(project, row)) == (1, 0, 0, 0)
    assert counts(predicted(project, row)) == (0, 0, 1, 0)
    assert len(stored(project)) == 2


def test_embeddings_are_kept_in_four_bytes_and_are_of_one_length() -> None:
    project = make.project()
    make.items(project, 2)
    first, second = Item.objects.order_by("pk")

    run = predicted(
        project,
        {"id": first.external_id, "label": "x", "embedding": [0.5, -1]},
        {"id": second.external_id, "label": "x", "embedding": [0.5]},
    )

    assert counts(run) == (1, 0, 0, 1)
    kept = OutsidePrediction.objects.get(item=first).embedding
    assert struct.unpack("<2f", kept or b"") == (0.5, -1)
    assert [str(each.reason) for each in run.refusals] == [
        "Its embedding is not as long as the others of its source."
    ]


def test_items_of_other_projects_are_unknown() -> None:
    project, other = make.project(), make.project()
    make.item(other, external_id="a")

    assert counts(predicted(project, {"id": "a", "label": "x"})) == (0, 0, 0, 1)
    # A source that predicts nothing is none.
    assert not PredictionSource.objects.exists()


def test_a_project_has_no_more_sources_than_a_page_can_list() -> None:
    project = make.project()
    item = make.item(project)
    rows = [
        Brought(n, item.external_id, SourcePrediction(f"s{n:03}", ("x",)))
        for n in range(101)
    ]

    outcomes = store.keep(project.pk, rows)

    assert outcomes == ["new"] * 100 + ["sources"]
    run = predicted(project, {"id": item.external_id, "label": "x"})
    assert [str(each.reason) for each in run.refusals] == [
        "The project has 100 sources already: delete one that you do not need."
    ]


def test_a_table_is_read_and_what_is_not_used_is_named() -> None:
    project = make.project()
    make.item(project, external_id="a")
    data = b"id;label;score;comment\na;X;0.5;well\n"

    run = read(project, "p.csv", data)

    assert counts(run) == (1, 0, 0, 0)
    assert stored(project) == {("llm", "a"): (["x"], 0.5)}
    notes = [str(note) for note in run.notes]
    assert "Columns that say nothing of predictions are not used: comment." in notes


def test_columns_and_labels_are_what_a_person_says() -> None:
    project = make.project()
    make.item(project, external_id="a")

    run = predicted(
        project,
        {"key": "a", "class": "eks", "label": "nonsense"},
        mapping={"key": "external_id", "class": "label", "label": "ignore"},
        label_map={"eks": "x"},
    )

    assert counts(run) == (1, 0, 0, 0)


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"mapping": {"a": "text"}}, "map"),
        ({"label_map": {"a": "fox"}}, "label_map"),
        ({"source": "x" * 101}, "source"),
        ({"source": "x\0"}, "source"),
    ],
)
def test_what_cannot_be_followed_is_refused_before_anything(
    options: dict[str, object], field: str
) -> None:
    project = make.project()

    with pytest.raises(InvalidInputError) as refusal:
        predicted(project, {"id": "a", "label": "x"}, **options)

    assert [*refusal.value.by_field] == [field]
    assert not ImportRun.objects.exists()


def test_a_job_that_is_run_again_finds_all_the_same() -> None:
    project = make.project()
    make.item(project, external_id="a")
    run = predicted(project, {"id": "a", "label": "x"})

    again = predicting.again(run.job, None)
    jobs.run(again.pk)

    run.refresh_from_db()
    assert counts(run) == (0, 0, 1, 0)
    run.upload.delete() if run.upload else None
    with pytest.raises(ConflictError):
        predicting.again(run.job, None)


def test_predictions_go_with_their_items_and_with_their_project() -> None:
    project = make.project()
    a, b = make.items(project, 2)
    predicted(project, *({"id": i.external_id, "label": "x"} for i in (a, b)))

    removal.delete_now(project, [a.pk])

    assert [*stored(project)] == [("llm", b.external_id)]
    job = removal.request_project_deletion(make.manager_of(project), project.slug)
    jobs.run(job.pk)
    assert not PredictionSource.objects.exists()


def test_renamed_labels_are_renamed_in_predictions_too() -> None:
    project = make.project(labels=("x", "y", "z"))
    item = make.item(project)
    shares = {"x": 0.5, "y": 0.25, "z": 0.25}
    predicted(project, {"id": item.external_id, "probabilities": shares})

    label_sets.revise(
        project,
        make.manager_of(project).user,
        [label_sets.LabelDraft("new"), label_sets.LabelDraft("z")],
        {"x": "new", "y": "new"},
    )

    kept = OutsidePrediction.objects.get()
    assert (kept.labels, kept.probabilities) == (["new"], {"new": 0.75, "z": 0.25})


def test_a_source_is_compared_with_what_people_say() -> None:
    project = make.project()
    held_out = [labeled(project, label, split="evaluation") for label in "xxy"]
    others = [labeled(project, "x")]
    free = make.item(project)
    every = [*held_out, *others, free]
    predicted(project, *({"id": item.external_id, "label": "x"} for item in every))

    (source,) = sources.sources_of(project)

    assert source.items == 5
    assert (source.held_out.same, source.held_out.items) == (2, 3)
    assert (source.others.same, source.others.items) == (1, 1)
    low, high = source.held_out.interval or (0, 0)
    assert (round(low, 3), round(high, 3)) == (0.208, 0.939)


def test_labels_that_somebody_gave_who_saw_the_suggestion_say_nothing() -> None:
    project = make.project(suggestion_mode="assist", suggestions_by="llm")
    item = make.item(project)
    predicted(project, {"id": item.external_id, "label": "x"})
    make.suggestible(project, [item])
    make.ranked(project, [item])
    QueueEntry.objects.update(suggestion={"label": "x", "source": "llm"})
    voter = make.member(project)
    make.vote(voter, make.lease(voter)[0], "x")
    settle.settle_project(project.pk)

    (source,) = sources.sources_of(project)

    assert Resolution.objects.get().labels == ["x"]

    assert (source.items, source.others.items) == (1, 0)


def test_a_source_is_deleted_with_all_that_it_says() -> None:
    project = make.project()
    a, b = make.items(project, 2)
    for name in ("llm", "rules"):
        rows = [{"id": i.external_id, "label": "x", "source": name} for i in (a, b)]
        predicted(project, *rows)
    make.ranked(project, [a, b])
    QueueEntry.objects.filter(item=a).update(suggestion={"label": "x", "source": "llm"})
    QueueEntry.objects.filter(item=b).update(
        suggestion={"label": "x", "source": "rules"}
    )
    source = PredictionSource.objects.get(name="llm")

    assert sources.delete_source(project, source.pk) == 2

    assert {name for name, _ in stored(project)} == {"rules"}
    assert QueueEntry.objects.get(item=a).suggestion is None
    assert QueueEntry.objects.get(item=b).suggestion is not None


def test_rows_come_over_http_and_are_reported_as_an_import_is() -> None:
    project = make.project()
    make.item(project, external_id="a")
    call = make.Caller(make.manager_of(project).user)
    path = f"/api/projects/{project.slug}/predictions/"
    rows = [{"external_id": "a", "label": "x"}, {"external_id": "b", "label": "x"}]

    answer = call.client.post(
        f"{path}?source=gpt",
        data=lines(*rows),
        content_type="application/x-ndjson",
        headers=call.headers,
    )

    assert answer.status_code == 202, answer.content
    assert answer.headers["Location"] == answer.json()["url"]
    jobs.run(ImportRun.objects.get().job_id)
    report = call("get", answer.json()["url"].removeprefix("/api/")).json()
    assert (report["created"], report["rejected"]) == (1, 1)
    assert report["errors"] == [{"row": 2, "reason": "“b” is no item of this project."}]
    (source,) = call("get", f"projects/{project.slug}/predictions/").json()["results"]
    assert (source["name"], source["items"]) == ("gpt", 1)
    assert source["held_out"] == {
        "items": 0,
        "same": 0,
        "share": None,
        "interval": None,
    }
    gone = call("delete", f"projects/{project.slug}/predictions/{source['id']}/")
    assert gone.json() == {"id": source["id"], "predictions": 1}
    again = call("delete", f"projects/{project.slug}/predictions/{source['id']}/")
    assert again.status_code == 404


def test_a_dry_run_says_what_the_first_rows_would_become_and_keeps_nothing() -> None:
    project = make.project()
    make.item(project, external_id="a")
    call = make.Caller(make.manager_of(project).user)
    rows = [
        {"external_id": "a", "probabilities": {"X": 0.75, "fox": 0.25}},
        {"external_id": "b", "label": "x", "model": "gpt"},
        {"external_id": "a", "label": "x"},
    ]

    answer = call.client.post(
        f"/api/projects/{project.slug}/predictions/?dry_run=TRUE",
        data=lines(*rows),
        content_type="application/x-ndjson",
        headers=call.headers,
    )

    assert answer.status_code == 200, answer.content
    shown = answer.json()
    assert shown["rows"] == [
        {
            "row": 2,
            "external_id": "b",
            "known": False,
            "predictions": [{"source": "gpt", "labels": ["x"], "score": None}],
        },
        {
            "row": 3,
            "external_id": "a",
            "known": True,
            "predictions": [{"source": "", "labels": ["x"], "score": None}],
        },
    ]
    assert shown["problems"] == [
        {"row": 1, "reason": "“fox” is not a label of this project."}
    ]
    counted = {name: shown[name] for name in ("looked", "kept", "unknown", "rejected")}
    assert counted == {"looked": 3, "kept": 1, "unknown": 1, "rejected": 1}
    assert {each["name"]: each["means"] for each in shown["labels"]} == {
        "x": "x",
        "X": "x",
        "fox": "",
    }
    assert {each["name"]: each["role"] for each in shown["columns"]} == {
        "external_id": "external_id",
        "probabilities": "probabilities",
        "label": "label",
        "model": "source",
    }
    assert not PredictionSource.objects.exists()
    assert not Upload.objects.exists()


def test_a_look_has_an_end_and_keeps_what_comes_before_a_cut() -> None:
    project = make.project()
    make.item(project, external_id="a")
    row = {"id": "a", "label": "x"}

    def look(data: bytes, name: str = "p.jsonl") -> looking.PredictionsLook:
        return looking.look(importing.stage(project, None, name, [data]), {}, most=2)

    assert look(lines(row, row)).labels.is_whole
    more = look(lines(row, row, row))
    assert (more.looked_through, more.labels.is_whole) == (2, False)
    cut = look(b'[{"id": "a", "label": "x"}, {"id": ', "p.json")
    assert cut.kept == 1
    assert len(cut.notes) == 1
    with pytest.raises(InvalidInputError):
        look(b'[{"id": ', "p.json")


def test_an_export_of_ours_is_looked_at_as_it_is_kept() -> None:
    project = make.project()
    item = make.item(project, external_id="a")
    predicted(project, {"id": "a", "label": "x", "score": 0.5})
    out = b"".join(exporting.stream(project, "jsonl", {}))
    upload = importing.stage(project, None, "e.jsonl", [out])

    look = looking.look_once(upload, {})

    (row,) = look.rows
    assert (row.external_id, row.is_known) == (item.external_id, True)
    assert [(each.source, each.labels) for each in row.predicted] == [("llm", ("x",))]
    assert not look.lacks_source


def test_refused_rows_can_be_corrected_and_brought_again() -> None:
    project = make.project()
    make.item(project, external_id="a")
    predicted(project, {"external_id": "a", "label": "fox", "score": 0.5})
    call = make.Caller(make.manager_of(project).user)
    run = ImportRun.objects.get()

    answer = call("get", f"projects/{project.slug}/imports/{run.pk}/refused/")
    again = b"".join(answer.streaming_content).replace(b'"fox"', b'"x"')

    assert counts(read(project, "again.jsonl", again)) == (1, 0, 0, 0)
    assert stored(project) == {("llm", "a"): (["x"], 0.5)}


@pytest.mark.parametrize("role", ["annotator", "expert"])
def test_who_labels_may_neither_see_nor_bring_predictions(role: str) -> None:
    project = make.project()
    call = make.Caller(make.member(project, role).user)

    for method in ("get", "post"):
        answer = call(method, f"projects/{project.slug}/predictions/", {})
        assert answer.status_code == 403


def test_the_command_brings_lists_and_deletes(tmp_path: Path) -> None:
    project = make.project()
    make.item(project, external_id="a")
    file = tmp_path / "p.jsonl"
    file.write_bytes(lines({"id": "a", "label": "x"}, {"id": "b", "label": "x"}))

    def say(*words: str) -> str:
        out = StringIO()
        call_command("predictions", project.slug, *words, stdout=out, stderr=StringIO())
        return out.getvalue()

    looked = say(str(file), "--dry-run").splitlines()
    assert "row 2: b (no item of this project): x" in looked
    assert looked[-1] == (
        "2 rows: 1 would be kept, 1 name no item of the project, 0 would be rejected"
    )
    assert not PredictionSource.objects.exists()
    counted = say(str(file), "--source", "gpt")
    assert counted == "2 rows: 1 new, 0 replaced, 0 the same, 1 rejected\n"
    assert say() == "gpt: 1 items, as people say on 0 of 0 held-out ones\n"
    assert say("--delete", "gpt") == "1 predictions deleted\n"
    with pytest.raises(CommandError):
        say("--delete", "gpt")
    with pytest.raises(CommandError):
        say(str(tmp_path / "nothing.jsonl"))
