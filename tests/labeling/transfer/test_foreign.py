"""Files of other tools come in, go out, and come in again as what both know."""

from __future__ import annotations

import io
import json
import re
import zipfile
from pathlib import Path
from typing import Any, Final

import pytest

from labeling.errors import InvalidInputError
from labeling.models import Annotation, Gold, ImportRun, Item, Project
from labeling.services.transfer import exporting, foreign, importing
from labeling.services.transfer.importing import ReadingChoice
from labeling.services.transfer.importing.raw import FileError
from labeling.services.votes import settle
from tests import make
from tests.labeling.transfer.files import bring, lines, picture, zipped

pytestmark = pytest.mark.django_db
SAMPLES: Final = Path(__file__).with_name("samples")
A, B, D = (picture(20, shade) for shade in (30, 120, 220))
PICTURES: Final = {"images/garden/a.png": A, "images/b & c.png": B, "images/d.png": D}
TITLES: Final = {
    "label-studio.json": "Label Studio",
    "label-studio-min.json": "Label Studio (JSON-MIN)",
    "doccano.jsonl": "doccano",
    "doccano.csv": "doccano",
    "prodigy.jsonl": "Prodigy",
    "argilla.json": "Argilla",
    "huggingface-images.parquet": "Hugging Face",
    "huggingface-texts.parquet": "Hugging Face",
    "cvat-annotations.xml": "CVAT",
    "coco.json": "COCO",
}


def sample(name: str) -> bytes:
    return (SAMPLES / name).read_bytes()


def texts(*, is_multi: bool = False) -> Project:
    labels = ("news", "sport", "art") if is_multi else ("good", "bad")
    return make.project(labels=labels, task_type="multi" if is_multi else "single")


def images(*, is_multi: bool = False) -> Project:
    task_type = "multi" if is_multi else "single"
    return make.project(data_type="image", labels=("cat", "dog"), task_type=task_type)


def votes(project: Project) -> set[tuple[str, ...]]:
    """Return the votes: on what, by whom before any @, for what."""
    rows = Annotation.votes.filter(project=project).values_list(
        "item__external_id", "annotator__username", "labels"
    )
    return {(name, by.partition("@")[0], *labels) for name, by, labels in rows}


def known(project: Project) -> dict[str, list[str]]:
    rows = Gold.objects.filter(item__project=project)
    return dict(rows.values_list("item__external_id", "labels"))


def items(project: Project) -> dict[str, dict[str, Any]]:
    return dict(Item.objects.filter(project=project).values_list("external_id", "data"))


def export(project: Project, kind: str) -> bytes:
    settle.settle_project(project.pk)
    return b"".join(exporting.stream(project, kind, {}))


def clean(run: ImportRun) -> bool:
    return run.refusals == [] and run.created == run.received > 0


@pytest.mark.parametrize("name", TITLES)
def test_whose_export_it_is_and_what_is_lost_is_said_before_anything_is_kept(
    name: str,
) -> None:
    upload = importing.stage(texts(), None, "x", [sample(name)])
    shown = importing.preview(upload)

    (note, *_more) = (str(note) for note in shown.notes)
    assert note.startswith(f"This is an export of {TITLES[name]}. Not taken from it: ")
    assert {"label", "votes"} & {*shown.roles.values()}


def test_j09_tasks_of_label_studio_bring_votes_answers_and_fields() -> None:
    project = texts()

    run = bring(project, "x.json", sample("label-studio.json"), gold=True)

    assert clean(run)
    assert items(project)["11"] == {
        "text": "It came and it works.",
        "url": "https://example.org/1",
    }
    assert votes(project) == {
        ("11", "ada", "good"),
        ("11", "bob", "bad"),
        ("12", "ada", "bad"),
    }
    assert known(project) == {"12": ["bad"]}
    assert Item.objects.get(external_id="12").metadata == {"shop": "north"}
    first = Annotation.votes.get(
        item__external_id="11", annotator__username__startswith="ada"
    )
    assert (first.seconds, first.created_at.isoformat()) == (
        4.25,
        "2026-01-02T03:04:05+00:00",
    )


def test_lines_of_one_item_become_one_item_with_all_votes() -> None:
    project = texts()

    run = bring(project, "x.json", sample("label-studio-min.json"))

    assert clean(run)
    assert len(items(project)) == 3
    assert {labels for _id, _by, labels in votes(project)} == {"good", "bad"}
    assert len(votes(project)) == 3


def test_j11_answers_of_prodigy_are_votes_also_far_apart() -> None:
    project = texts()

    run = bring(project, "x.jsonl", sample("prodigy.jsonl"))

    assert (run.created, run.rejected) == (3, 0)
    assert {(by, label) for _id, by, label in votes(project)} == {
        ("reviews-ada", "good"),
        ("reviews-bob", "bad"),
        ("reviews-ada", "bad"),
    }
    assert Item.objects.get(data__text__startswith="It came").metadata == {
        "shop": "north"
    }


@pytest.mark.parametrize("name", ["doccano.jsonl", "doccano.csv"])
def test_j10_documents_of_doccano_bring_several_labels(name: str) -> None:
    project = texts(is_multi=True)

    run = bring(project, name, sample(name), gold=True)

    assert clean(run)
    assert {k: v for k, v in known(project).items() if v} == {
        "1": ["news", "sport"],
        "3": ["art"],
    }
    assert items(project)["1"]["source"] == "radio"


def test_records_of_argilla_bring_responses_as_votes() -> None:
    project = texts()

    run = bring(project, "x.json", sample("argilla.json"))

    assert clean(run)
    assert {(name, label) for name, _by, label in votes(project)} == {
        ("a1", "good"),
        ("a2", "bad"),
    }
    assert len(votes(project)) == 3
    assert Item.objects.get(external_id="a1").metadata == {"shop": "north"}


def test_q05_a_data_set_of_hugging_face_has_names_of_classes_and_pictures() -> None:
    project, words = images(), texts(is_multi=True)

    run = bring(project, "x", sample("huggingface-images.parquet"), gold=True)
    bring(
        words, "x", sample("huggingface-texts.parquet"), {"labels": "label"}, gold=True
    )

    assert clean(run)
    assert {*map(tuple, known(project).values())} == {("cat",), ("dog",)}
    assert {data["shot"] for data in items(project).values()} == {"a", "b", "c"}
    assert sorted(filter(None, known(words).values())) == [
        ["art", "sport"],
        ["news", "sport"],
    ]


@pytest.mark.parametrize(
    ("name", "inside"),
    [
        ("cvat-annotations.xml", "annotations.xml"),
        ("coco.json", "labels.json"),
        ("coco.json", "annotations/instances_default.json"),
    ],
)
def test_tags_and_categories_of_images_are_labels(name: str, inside: str) -> None:
    project = images(is_multi=True)

    run = bring(project, "x.zip", zipped({**PICTURES, inside: sample(name)}), gold=True)

    assert clean(run)
    assert run.created == 3
    assert known(project) == {"garden/a.png": ["cat"], "b & c.png": ["cat", "dog"]}


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (
            b'<?xml version="1.0"?><!DOCTYPE annotations [<!ENTITY a "b">]><annotations/>',
            "no XML",
        ),
        (b"<annotations><image name='a'>", "no XML"),
        (b'{"images": [{"id": 1}], "annotations": [], "categories": []}', "no COCO"),
        (b'<?xml version="1.0"?><rss/>', "XML of another kind"),
    ],
)
def test_what_only_looks_like_a_tools_file_is_refused(data: bytes, words: str) -> None:
    project = make.project(data_type="image")

    with pytest.raises(FileError, match=words):
        importing.preview(importing.stage(project, None, "x", [data]))


def test_a_row_that_is_none_of_the_tool_costs_only_itself() -> None:
    task = {"data": {"text": "a"}, "annotations": []}
    bad = {"data": {"text": "b"}, "annotations": [3]}
    spans = {"id": 1, "text": "c", "label": [[0, 1, "good"]]}

    run = bring(texts(), "x.jsonl", lines(task, bad))
    other = bring(texts(), "x.jsonl", lines(spans))

    assert (run.created, run.rejected) == (1, 1)
    assert "An annotation cannot be read." in str(run.refusals[0].reason)
    assert "of parts of the text" in str(other.refusals[0].reason)


def test_a_person_may_have_it_read_as_it_stands() -> None:
    upload = importing.stage(texts(), None, "x.jsonl", [sample("prodigy.jsonl")])

    importing.choose(upload, ReadingChoice(tool="none"))

    assert "answer" in importing.preview(upload).columns


def test_data_called_as_a_role_stay_data() -> None:
    project = make.project(data_type="table", labels=("good", "bad"))
    task = {"data": {"label": "red wine", "id": 7}, "annotations": [], "id": 1}

    bring(project, "x.json", json.dumps([task]).encode())

    assert items(project) == {"1": {"label_2": "red wine", "id_2": 7}}


def filled(*, is_multi: bool) -> Project:
    """Return a project with votes, a known answer, tags and metadata."""
    project = texts(is_multi=is_multi)
    alike, other = (["news", "sport"], ["art"]) if is_multi else (["good"], ["bad"])
    rows = [
        {
            "external_id": "é-1",
            "text": "first text, of “two” lines\nor so",
            "url": "https://example.org",
            "tags": ["a, b", "c"],
            "metadata": {"k": "v"},
            "votes": [
                {
                    "annotator": "ada",
                    "labels": alike,
                    "seconds": 2.5,
                    "created_at": "2026-01-02T03:04:05+00:00",
                },
                {
                    "annotator": "bob",
                    "labels": alike,
                    "seconds": 3.0,
                    "created_at": "2026-01-02T03:05:05+00:00",
                },
            ],
        },
        {"external_id": "2", "text": "=a second one", "url": "", "label": other},
        {"external_id": "3", "text": "a third one without anything", "url": "x"},
    ]
    run = bring(project, "x.jsonl", lines(*rows), gold=True)
    assert run.created == 3
    return project


# What comes back of each: votes, times of votes, tags and metadata, fields.
KEPT: Final = {
    "label_studio": {"votes", "seconds", "tags", "metadata", "url"},
    "label_studio_min": {"votes", "seconds", "url"},
    "prodigy": {"votes", "metadata", "url"},
    "argilla": {"tags", "metadata", "url"},
    "doccano": {"url"},
    "doccano_csv": set[str](),
    "huggingface": {"tags", "metadata", "url"},
}


@pytest.mark.parametrize("is_multi", [False, True])
@pytest.mark.parametrize("kind", KEPT)
def test_what_goes_out_for_a_tool_comes_back_as_what_both_know(
    kind: str, *, is_multi: bool
) -> None:
    first, second = filled(is_multi=is_multi), texts(is_multi=is_multi)
    out = export(first, kind)

    run = bring(second, f"x.{exporting.ending(kind)}", out, gold=True)

    assert (run.refusals, run.created) == ([], 3)
    assert {*items(second)} == {"é-1", "2", "3"}
    for name, data in items(first).items():
        fields = {"text"} | (KEPT[kind] & {"url"})
        assert {f: items(second)[name].get(f) for f in fields} == {
            f: data[f] for f in fields
        }
    assert known(second)["2"] == known(first)["2"]
    assert not known(second).get("3")
    if "votes" in KEPT[kind]:
        assert votes(second) == votes(first)
    elif kind == "argilla":
        assert {(i, *rest) for i, _by, *rest in votes(second)} == {
            (i, *rest) for i, _by, *rest in votes(first)
        }
    else:
        assert known(second)["é-1"] == (["news", "sport"] if is_multi else ["good"])
    for name in KEPT[kind] & {"tags", "metadata"}:
        values = Item.objects.filter(external_id="é-1").values_list(name, flat=True)
        assert len({*map(str, values)}) == 1
    if "seconds" in KEPT[kind]:
        times = Annotation.votes.order_by("seconds").values_list(
            "seconds", "created_at"
        )
        assert len({*times}) == 2
    # Here a name that is taken ends with the project's; Argilla's are ids.
    again = re.sub(rb"@[\w.-]+", b"", export(second, kind))
    assert again == out or kind == "argilla"


@pytest.mark.parametrize("kind", ["cvat", "coco", "huggingface", "huggingface_folder"])
@pytest.mark.parametrize("is_multi", [False, True])
def test_pictures_go_out_for_a_tool_and_come_back(kind: str, *, is_multi: bool) -> None:
    first, second = images(is_multi=is_multi), images(is_multi=is_multi)
    listed = (
        b"image,label,tags\na.png,cat,x\nd/a.png,dog,\nc.jpg,,"
        if not is_multi
        else b"image,label,tags\na.png,cat;dog,x\nd/a.png,dog,\nc.jpg,,"
    )
    files = {"items.csv": listed, "a.png": A, "d/a.png": B, "c.jpg": D}
    assert bring(first, "x.zip", zipped(files), gold=True).created == 3
    out = export(first, kind)

    run = bring(second, f"x.{exporting.ending(kind)}", out, gold=True)

    assert (run.refusals, run.created) == ([], 3)
    by_picture = {
        project.pk: dict(
            Gold.objects.filter(item__project=project).values_list(
                "item__media__sha256", "labels"
            )
        )
        for project in (first, second)
    }
    some = {k: v for k, v in by_picture[second.pk].items() if v}
    assert some == by_picture[first.pk]
    if out.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(out)) as archive:
            assert archive.testzip() is None
            # What was no PNG is named as what it is.
            assert "images/c.jpg.png" in archive.namelist()


def test_a_format_that_holds_no_such_items_is_refused_in_words() -> None:
    with pytest.raises(InvalidInputError, match="holds no items of this kind"):
        exporting.stream(texts(), "cvat", {})
    with pytest.raises(InvalidInputError, match="has a #"):
        exporting.stream(make.project(labels=("C#", "D")), "doccano_csv", {})


def test_a_table_goes_to_label_studio_and_back() -> None:
    first, second = (
        make.project(data_type="table", labels=("good", "bad")) for _ in "ab"
    )
    bring(first, "x.jsonl", lines({"n": 1.5, "s": "a", "l": [1], "external_id": "r"}))

    bring(second, "x.json", export(first, "label_studio"))

    assert items(second) == items(first) == {"r": {"n": 1.5, "s": "a", "l": [1]}}


def test_every_format_says_what_it_leaves_out() -> None:
    assert all(str(form.lost) for form in foreign.OUTGOING.values())
    assert {form.ending for form in foreign.OUTGOING.values()} <= {
        *("json", "jsonl", "csv", "parquet", "zip"),
    }


@pytest.mark.parametrize("is_multi", [False, True])
def test_lines_for_prodigy_are_what_its_documentation_calls_tasks(
    *, is_multi: bool
) -> None:
    """Prodigy is not free: its page on the choice interface says what a task has."""
    project = filled(is_multi=is_multi)

    tasks = [json.loads(line) for line in export(project, "prodigy").splitlines()]

    assert len(tasks) == 4
    labels = ["news", "sport", "art"] if is_multi else ["good", "bad"]
    for task in tasks:
        assert isinstance(task["text"], str)
        assert task["options"] == [{"id": each, "text": each} for each in labels]
        assert task.get("answer") in ("accept", None)
        assert {*task.get("accept", [])} <= {*labels}
        assert isinstance(task["_input_hash"], int)
        assert isinstance(task["meta"], dict)
        if "_annotator_id" in task:
            assert isinstance(task["_timestamp"], int)
            assert task["_session_id"] == task["_annotator_id"]
    answered = [task for task in tasks if task.get("answer") == "accept"]
    assert len(answered) == 3


@pytest.mark.parametrize("encoding", ["nonsense", "utf-7", "shift_jis"])
def test_xml_of_an_encoding_that_is_not_known_is_refused_in_words(
    encoding: str,
) -> None:
    data = f'<?xml version="1.0" encoding="{encoding}"?><annotations></annotations>'

    with pytest.raises(InvalidInputError, match="no XML of CVAT"):
        bring(make.project(data_type="image"), "a.xml", data.encode())


def test_half_a_surrogate_pair_costs_only_its_line_of_prodigy() -> None:
    line = {"options": [{"id": "x", "text": "x"}], "accept": ["x"], "answer": "accept"}
    data = lines({**line, "text": "\ud800"}, {**line, "text": "fine"})

    run = bring(make.project(), "p.jsonl", data)

    assert (run.created, run.rejected) == (1, 1)
    assert "half of a surrogate pair" in str(run.refusals[0].reason)
