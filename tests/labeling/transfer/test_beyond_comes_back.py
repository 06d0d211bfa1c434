"""K11: an export says what is held out for a label, and an import keeps it so."""

from __future__ import annotations

import json
from typing import Any

import pytest

from labeling.models import Item, Project
from labeling.services.transfer import beyond, exporting
from labeling.services.transfer.importing import Limits
from labeling.services.transfer.samples import LabelSample
from tests import make
from tests.labeling.transfer.files import bring, lines
from tests.labeling.transfer.test_beyond import MISSED, bad, with_good
from tests.labeling.transfer.test_split import sentence

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("kind", ["jsonl", "csv", "parquet"])
def test_k11_an_export_says_which_items_are_held_out_for_a_label(kind: str) -> None:
    project = with_good()
    bring(project, "x.jsonl", lines(*bad(*MISSED)), labels_are="gold")
    other = make.project(labels=("good", "bad"))

    body = b"".join(exporting.stream(project, kind, {}))
    told = bring(other, f"x.{kind}", body)

    assert told.refusals == []
    assert beyond.samples_of(other.pk) == {"bad": LabelSample(3, 12)}
    assert by_name(other) == by_name(project)
    assert len(by_name(other)) == 3
    # So the rest of what is held out is still what chance alone has drawn.
    sides = Item.objects.evaluation().order_by("external_id").values_list("external_id")
    assert [*sides.filter(project=other)] == [*sides.filter(project=project)]
    # Out once more, it says the same.
    assert held_out_rows(other) == held_out_rows(project)
    assert len(held_out_rows(other)) == 3


def by_name(project: Project) -> dict[str, frozenset[str]]:
    """Return the labels for which items are held out, by the items' names."""
    items = beyond.items_of(project.pk)
    names = dict(project.items.values_list("pk", "external_id"))
    return {names[pk]: labels for pk, labels in items.items()}


def held_out_rows(project: Project) -> dict[str, Any]:
    """Return what the export says of items that are held out for a label."""
    rows_out = b"".join(exporting.stream(project, "jsonl", {})).splitlines()
    told = {
        row["external_id"]: row["held_out_for"] for row in map(json.loads, rows_out)
    }
    return {name: labels for name, labels in told.items() if labels}


def test_k11_an_export_brought_back_changes_no_draw_of_before() -> None:
    project = with_good()
    bring(project, "x.jsonl", lines(*bad(*MISSED)), labels_are="gold")
    drawn = project.items.evaluation().exclude(pk__in=beyond.items_of(project.pk))
    like = drawn.order_by("pk")[0]
    row = json.loads(b"".join(exporting.stream(project, "jsonl", {})).splitlines()[0])
    row |= {"external_id": "new", "data": {"text": f"{like.data['text']}!"}}
    row |= {"split": "evaluation", "held_out_for": {"good": [1, 2]}}

    run = bring(project, "y.jsonl", lines(row))

    # It is nearly the same as an item that chance has held out, so it is of its group.
    assert run.created == 1
    new = project.items.get(external_id="new")
    assert new.group_key == like.group_key
    assert not {new.pk, like.pk} & beyond.items_of(project.pk).keys()


def exported() -> list[dict[str, Any]]:
    """Return the rows of an export with three items that are held out for a label."""
    project = with_good()
    bring(project, "x.jsonl", lines(*bad(*MISSED)), labels_are="gold")
    return [
        json.loads(row)
        for row in b"".join(exporting.stream(project, "jsonl", {})).splitlines()
    ]


@pytest.mark.parametrize(
    ("names", "label_map"),
    [(("fine", "poor"), {"good": "fine", "bad": "poor"}), (("Good", "Bad"), {})],
)
def test_what_an_item_is_held_out_for_has_the_name_that_its_label_gets(
    names: tuple[str, str], label_map: dict[str, str]
) -> None:
    rows = exported()
    other = make.project(labels=names)

    bring(other, "x.jsonl", lines(*rows), label_map=label_map)

    assert set(by_name(other).values()) == {frozenset({names[1]})}
    assert len(by_name(other)) == 3
    assert beyond.samples_of(other.pk) == {names[1]: LabelSample(3, 12)}


def test_of_labels_that_become_one_it_is_not_known_of_how_many_they_are() -> None:
    rows = exported()
    held = next(row for row in rows if row["held_out_for"])
    held["held_out_for"] = {"bad": [3, 12], "good": [1, 2]}
    other = make.project(labels=("all", "none"))

    bring(other, "x.jsonl", lines(held), label_map={"bad": "all", "good": "all"})

    assert [*by_name(other).values()] == [frozenset({"all"})]
    assert beyond.samples_of(other.pk) == {}


def test_what_is_held_out_for_no_label_of_the_project_goes_to_the_pool() -> None:
    rows = exported()
    other = make.project(labels=("good", "poor"))

    run = bring(other, "x.jsonl", lines(*rows), label_map={"bad": ""})

    names = {row["external_id"] for row in rows if row["held_out_for"]}
    assert beyond.items_of(other.pk) == {}
    kept = other.items.filter(external_id__in=names)
    assert [*kept.values_list("split", flat=True)] == ["pool"] * 3
    words = [str(note.reason) for note in run.noted_rows]
    assert words == ["It was held out for “bad”, which the project does not have."] * 3


def test_of_two_samples_of_a_label_nobody_knows_of_how_many_groups_they_are() -> None:
    rows = exported()
    project = Project.objects.get()
    mine = beyond.items_of(project.pk)
    held = [row for row in rows if row["held_out_for"]]
    for number, row in enumerate(held):
        row["external_id"] = f"new {number}"
        row["data"] = {"text": sentence(7000 + number)}

    bring(project, "y.jsonl", lines(*held))

    assert len(beyond.items_of(project.pk)) == len(mine) + 3
    assert beyond.samples_of(project.pk) == {}
    assert [*held_out_rows(project).values()] == [{"bad": None}] * 6


def test_a_sample_that_comes_in_parts_is_one() -> None:
    rows = exported()
    other = make.project(labels=("good", "bad"))

    bring(other, "x.jsonl", lines(*rows), limits=Limits(chunk_rows=2))

    assert len(by_name(other)) == 3
    assert beyond.samples_of(other.pk) == {"bad": LabelSample(3, 12)}


@pytest.mark.parametrize(
    ("told", "why"),
    [
        ({"bad": [True, True]}, "held_out_for is not one of ours."),
        ({"bad": [0, 0]}, "held_out_for is not one of ours."),
        ({"bad": [0, 3]}, "held_out_for is not one of ours."),
        ({"bad": [4, 3]}, "held_out_for is not one of ours."),
        ({"bad": [1, 2**31]}, "held_out_for is not one of ours."),
        ({"bad": [1.5, 3]}, "held_out_for is not one of ours."),
        ({"": [1, 3]}, "held_out_for is not one of ours."),
        (dict.fromkeys(map(str, range(1001))), "held_out_for is not one of ours."),
        ({"x" * 121: [1, 3]}, "held_out_for has more than 120 characters."),
        (["bad"], "held_out_for must be an object."),
    ],
)
def test_what_is_no_sample_of_labels_is_refused_in_words(
    told: object, why: str
) -> None:
    held = next(row for row in exported() if row["held_out_for"])
    held["held_out_for"] = told
    other = make.project(labels=("good", "bad"))

    run = bring(other, "x.jsonl", lines(held))

    assert [str(refusal.reason) for refusal in run.refusals] == [why]
    assert not other.items.exists()
