"""Predictions that come with the items of a file: of other tools, or by choice."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.utils import timezone

from labeling.errors import InvalidInputError
from labeling.models import (
    Annotation,
    Item,
    Job,
    OutsidePrediction,
    Project,
    Resolution,
)
from labeling.services.transfer import exporting, importing
from labeling.services.transfer.importing import Limits
from labeling.services.transfer.outside import store
from labeling.services.transfer.outside.rows import SourcePrediction
from labeling.services.transfer.outside.store import Brought
from labeling.services.votes import settle
from labeling.services.work import jobs
from tests import make
from tests.doubles import interrupted, watched
from tests.labeling.transfer.files import bring, lines, start, zipped
from tests.labeling.transfer.predicted import read

pytestmark = pytest.mark.django_db
BySource = dict[tuple[str, str], Any]


def predicted(of: Project) -> BySource:
    """Return what is predicted: by source and text the labels and how sure of them."""
    rows = OutsidePrediction.objects.filter(source__project=of)
    return {
        (row.source.name, row.item.data["text"]): (row.labels, row.confidence)
        for row in rows.select_related("source", "item")
    }


def export(project: Project, kind: str) -> bytes:
    settle.settle_project(project.pk)
    return b"".join(exporting.stream(project, kind, {}))


def task(number: int, *predictions: object, **more: object) -> dict[str, object]:
    text = f"text {number}"
    return {"id": number, "data": {"text": text}, "predictions": predictions, **more}


def of_studio(label: str, **more: object) -> dict[str, object]:
    answer = {"from_name": "s", "type": "choices", "value": {"choices": [label]}}
    return {"result": [answer], **more}


def studio(*tasks: object) -> bytes:
    return json.dumps(tasks).encode()


def test_predictions_of_label_studio_are_kept_with_their_models() -> None:
    project = make.project()
    file = studio(
        task(1, of_studio("x", model_version="v7", score=0.75), of_studio("y")),
        task(2, of_studio("y", model_version="v7", score=12.5), annotations=[]),
        task(3, 17, {"result": []}, annotations=[]),
    )

    run = bring(project, "tasks.json", file)

    assert (run.created, run.rejected) == (3, 0)
    assert predicted(project) == {
        ("v7", "text 1"): (["x"], 0.75),
        ("Label Studio", "text 1"): (["y"], None),
        # A score that is no share says nothing here.
        ("v7", "text 2"): (["y"], None),
    }
    assert "3 predictions of other tools are kept: see the page Predictions." in [
        str(note) for note in run.notes
    ]
    assert not Annotation.votes.exists()
    assert not Resolution.objects.exists()


def test_suggestions_of_argilla_are_kept_with_their_agents() -> None:
    project = make.project()

    def record(name: str, suggestion: object) -> dict[str, object]:
        suggestions = {"label": suggestion} if suggestion else {}
        fields = {"text": f"text {name}"}
        shape: dict[str, object] = {"responses": {}, "metadata": {}, "vectors": {}}
        return {"id": name, "fields": fields, "suggestions": suggestions, **shape}

    file = json.dumps(
        [
            record("a", {"value": "x", "score": 0.5, "agent": "m1"}),
            record("b", {"value": "y", "score": None, "agent": None}),
            record("c", {"value": 7, "score": None, "agent": "m1"}),
            record("d", None),
        ]
    )

    run = bring(project, "records.json", file.encode())

    assert (run.created, run.rejected) == (4, 0)
    assert predicted(project) == {
        ("m1", "text a"): (["x"], 0.5),
        ("Argilla", "text b"): (["y"], None),
    }


def test_of_several_labels_argilla_says_how_likely_each_is() -> None:
    project = make.project(task_type="multi")
    record = {
        "id": "a",
        "fields": {"text": "text a"},
        "suggestions": {
            "label": {"value": ["x", "y"], "score": [0.5, 0.75], "agent": "m1"}
        },
        "responses": {},
        "metadata": {},
    }

    bring(project, "records.json", json.dumps([record]).encode())

    assert predicted(project) == {("m1", "text a"): (["x", "y"], 0.375)}
    assert OutsidePrediction.objects.get().probabilities == {"x": 0.5, "y": 0.75}
    (again,) = json.loads(export(project, "argilla"))
    assert again["suggestions"] == record["suggestions"]


def test_what_prodigy_proposes_is_kept_until_somebody_answers() -> None:
    project = make.project()
    options = [{"id": "x", "text": "x"}, {"id": "y", "text": "y"}]
    file = lines(
        {"text": "a", "options": options, "accept": ["x"], "score": 0.5, "model": "m"},
        {"text": "b", "options": options, "accept": ["y"]},
        {"text": "c", "options": options},
        {"text": "d", "options": options, "accept": ["x"], "answer": "accept"},
    )

    run = bring(project, "p.jsonl", file)

    assert (run.created, run.rejected) == (4, 0)
    assert predicted(project) == {
        ("m", "a"): (["x"], 0.5),
        ("Prodigy", "b"): (["y"], None),
    }
    data = Item.objects.order_by("pk").values_list("data", flat=True)
    assert [*data] == [{"text": text} for text in "abcd"]


@pytest.mark.parametrize("kind", ["label_studio", "argilla", "prodigy"])
@pytest.mark.parametrize("task_type", ["single", "multi"])
def test_predictions_come_back_from_another_tool(kind: str, task_type: str) -> None:
    project = make.project(task_type=task_type)
    bring(project, "x.jsonl", lines({"id": "a", "text": "1"}, {"id": "b", "text": "2"}))
    store.keep(
        project.pk,
        [
            Brought(1, "a", SourcePrediction("llm", ("x",), 0.75, '{"x": 0.75}')),
            Brought(2, "b", SourcePrediction("llm", ("y",), None)),
        ],
    )
    file = export(project, kind)
    other = make.project(task_type=task_type)

    run = bring(other, "again", file)

    assert (run.created, run.rejected) == (2, 0)
    assert predicted(other) == predicted(project)
    assert export(other, kind) == file


@pytest.mark.parametrize("kind", ["label_studio", "prodigy"])
def test_votes_and_predictions_of_an_item_come_back_beside_each_other(
    kind: str,
) -> None:
    project = make.project()
    votes = [{"annotator": "ann", "labels": ["y"]}]
    bring(project, "x.jsonl", lines({"id": "a", "text": "1", "votes": votes}))
    every = [
        Brought(n, "a", SourcePrediction(name, ("x",), 0.5))
        for n, name in enumerate(("llm", "rules"))
    ]
    store.keep(project.pk, every)
    other = make.project()

    run = bring(other, "again", export(project, kind))

    assert (run.created, run.rejected) == (1, 0)
    assert predicted(other) == predicted(project)
    assert [vote.labels for vote in Annotation.votes.filter(project=other)] == [["y"]]


def test_labels_of_a_file_are_predictions_where_a_person_says_so() -> None:
    project = make.project()
    rows = lines({"text": "1", "label": "X"}, {"text": "2", "label": "y"})

    run = bring(project, "x.jsonl", rows, labels_are="predictions", labels_by="gpt")

    assert (run.created, run.rejected) == (2, 0)
    assert predicted(project) == {
        ("gpt", "1"): (["x"], None),
        ("gpt", "2"): (["y"], None),
    }
    assert not Resolution.objects.exists()


def test_an_unknown_label_of_a_prediction_is_refused_where_it_was_chosen() -> None:
    project = make.project()
    rows = lines({"text": "1", "label": "fox"}, {"text": "2", "label": "y"})

    run = bring(project, "x.jsonl", rows, labels_are="predictions", labels_by="gpt")

    assert (run.created, run.rejected) == (1, 1)
    assert [str(each.reason) for each in run.refusals] == [
        "“fox” is not a label of this project."
    ]


def test_labels_are_mapped_before_they_are_predictions() -> None:
    project = make.project()

    bring(
        project,
        "x.jsonl",
        lines({"text": "1", "label": "fox"}, {"text": "2"}),
        labels_are="predictions",
        labels_by="gpt",
        label_map={"fox": "x"},
    )

    assert predicted(project) == {("gpt", "1"): (["x"], None)}


def test_somebody_has_to_predict() -> None:
    project = make.project()

    with pytest.raises(InvalidInputError) as refusal:
        bring(project, "x.jsonl", lines({"text": "1"}), labels_are="predictions")

    assert [*refusal.value.by_field] == ["labels_by"]


def test_an_item_is_not_lost_where_its_prediction_cannot_be_kept() -> None:
    project = make.project()

    run = bring(project, "t.json", studio(task(1, of_studio("fox")), task(2)))

    assert (run.created, run.rejected) == (2, 0)
    assert [(each.row, str(each.reason)) for each in run.noted_rows] == [
        (1, "Its predictions are not kept: “fox” is not a label of this project.")
    ]


def test_a_row_that_brings_a_prediction_to_an_item_fills_it_in() -> None:
    project = make.project()
    row = {"id": "a", "text": "1"}
    bring(project, "x.jsonl", lines(row))
    predictions = [{"source": "llm", "label": "x", "score": 0.5}]
    more = {**row, "predictions": predictions}

    run = bring(project, "x.jsonl", lines(more))
    again = bring(project, "x.jsonl", lines(more))

    assert (run.created, run.filled, run.duplicates, run.rejected) == (0, 1, 0, 0)
    assert (again.filled, again.duplicates) == (0, 1)
    assert predicted(project) == {("llm", "1"): (["x"], 0.5)}


def test_a_refused_row_predicts_nothing() -> None:
    project = make.project()
    predictions = [{"source": "b", "label": "x"}]
    first = {"id": "a", "text": "1", "label": "x"}
    bring(project, "x.jsonl", lines(first), labels_are="gold")
    taken = {"id": "a", "text": "other", "predictions": predictions}
    contradicts = {**first, "label": "y", "predictions": predictions}

    run = bring(project, "x.jsonl", lines(taken, contradicts), labels_are="gold")

    assert run.rejected == 2
    assert predicted(project) == {}


def test_rows_of_one_number_in_several_files_are_told_apart() -> None:
    project = make.project()
    bring(project, "x.jsonl", lines({"id": "a", "text": "1"}))
    bad = {"id": "a", "text": "other"}
    good = {"id": "b", "text": "2", "predictions": [{"source": "b", "label": "x"}]}

    run = bring(
        project, "x.zip", zipped({"1.jsonl": lines(bad), "2.jsonl": lines(good)})
    )

    assert (run.created, run.rejected) == (1, 1)
    assert predicted(project) == {("b", "2"): (["x"], None)}


def test_what_is_no_list_of_predictions_is_refused_and_may_be_data() -> None:
    project = make.project()
    row = {"text": "1", "predictions": "many"}

    assert bring(project, "x.jsonl", lines(row)).rejected == 1
    assert bring(project, "x.jsonl", lines(row), {"predictions": "data"}).created == 1


STAYED = "1 predictions were not taken: their items have others of the same source, which the page Predictions replaces."


def test_an_older_file_of_another_tool_replaces_no_newer_prediction() -> None:
    project = make.project()
    old = studio(
        task(1, of_studio("x", model_version="v7", score=0.75), annotations=[]),
        task(2, of_studio("x", model_version="v7"), annotations=[]),
    )
    bring(project, "tasks.json", old)
    newer = studio(
        task(1, of_studio("y", model_version="v7", score=0.5), annotations=[])
    )

    sent = read(project, "tasks.json", newer)
    again = bring(project, "tasks.json", old)

    assert (sent.filled, sent.rejected) == (1, 0)
    assert predicted(project)["v7", "text 1"] == (["y"], 0.5)
    assert STAYED in [str(note) for note in again.notes]
    assert (again.filled, again.duplicates) == (0, 2)


def test_labels_that_are_predictions_by_choice_replace_none_either() -> None:
    project = make.project()
    by: dict[str, Any] = {"labels_are": "predictions", "labels_by": "gpt"}
    bring(project, "x.jsonl", lines({"text": "1", "label": "x"}), **by)

    run = bring(project, "x.jsonl", lines({"text": "1", "label": "y"}), **by)

    assert predicted(project) == {("gpt", "1"): (["x"], None)}
    assert STAYED in [str(note) for note in run.notes]


def test_an_attempt_that_begins_anew_still_says_what_became_of_predictions() -> None:
    project = make.project()
    rows = [
        {"id": str(n), "text": f"{n}", "predictions": [{"source": "llm", "label": "x"}]}
        for n in range(6)
    ]
    other = [{"source": "llm", "label": "y"}]
    bring(
        project, "x.jsonl", lines(*({**rows[n], "predictions": other} for n in (1, 5)))
    )
    run = start(project, "x.jsonl", lines(*rows))

    def dies() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        importing.run(interrupted(run.job, after=4, then=dies), Limits(chunk_rows=2))
    Job.objects.filter(pk=run.job_id).update(alive_until=timezone.now())
    importing.run(watched(jobs.claim(run.job_id)), Limits(chunk_rows=2))

    run.refresh_from_db()
    notes = [str(note) for note in run.notes]
    assert "4 predictions of other tools are kept: see the page Predictions." in notes
    assert f"2{STAYED[1:]}" in notes
