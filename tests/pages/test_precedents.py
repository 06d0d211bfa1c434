"""Examples of the guideline: shown where people decide, taken out by experts."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from labeling.models import Project
from labeling.services.experts import adjudicate, precedents
from labeling.services.experts.decisions import Decision
from labeling.services.projects import label_sets
from tests import make
from tests.labeling.experts.test_adjudicate import dispute, experts, text
from tests.test_pages import browser

pytestmark = pytest.mark.django_db


def with_examples(count: int) -> Project:
    project = make.project(overlap=2)
    add(project, count)
    return project


def add(project: Project, count: int) -> None:
    (expert,) = experts(project, 1)
    for number in range(count):
        disagreement = dispute(project, **text(f"words of example {number}"))
        decision = Decision(("x",), note=f"reason {number}", is_precedent=True)
        adjudicate.resolve(expert, disagreement.pk, decision)


@pytest.mark.parametrize("page", ["guideline/", "label/"])
def test_examples_are_shown_with_the_guideline_and_at_the_station(page: str) -> None:
    project = with_examples(1)
    annotator = make.member(project).user

    shown = browser(annotator).get(f"/projects/{project.slug}/{page}")

    html = shown.content.decode()
    assert "words of example 0" in html
    assert "reason 0" in html


def test_the_station_shows_the_newest_three_of_a_label() -> None:
    project = with_examples(5)

    ((label, shown),) = precedents.by_label(project)

    assert label == "x"
    assert [precedent.note for precedent in shown] == [
        "reason 4",
        "reason 3",
        "reason 2",
    ]


def test_an_example_bears_the_label_s_name_of_today() -> None:
    project = with_examples(1)
    drafts = [label_sets.LabelDraft("new name"), label_sets.LabelDraft("y")]
    moves = {"x": "new name"}
    label_sets.revise(project, make.manager_of(project).user, drafts, moves)

    assert [label for label, _ in precedents.by_label(project)] == ["new name"]


def test_an_expert_takes_an_example_out_and_others_may_not() -> None:
    project = with_examples(1)
    (example,) = precedents.shown(project)
    path = f"/projects/{project.slug}/guideline/"
    form = {"remove": str(example.pk)}

    refused = browser(make.member(project).user).post(path, form)
    assert refused.status_code == 403
    client = browser(make.member(project, "expert").user)
    assert b"taken out" in client.post(path, form, follow=True).content
    assert not precedents.shown(project).exists()
    assert client.post(path, form).status_code == 404
    assert project.disagreements.get().resolution is not None


def test_by_the_api_everybody_reads_and_experts_take_out() -> None:
    project = with_examples(1)
    (example,) = precedents.shown(project)
    annotator = make.Caller(make.member(project).user)
    expert = make.Caller(make.member(project, "expert").user)
    stranger = make.Caller(make.member(make.project(), "expert").user)
    path = f"projects/{project.slug}/precedents/"

    (row,) = annotator("get", path).json()["results"]
    assert (row["labels"], row["note"], row["guideline_version"]) == (
        ["x"],
        "reason 0",
        1,
    )
    address = f"{path}{example.pk}/"
    assert annotator("delete", address).status_code == 403
    assert stranger("delete", address).status_code == 404
    assert expert("delete", address).status_code == 204
    assert expert("delete", address).status_code == 404


@pytest.mark.parametrize("path", ["projects/{}/label/", "projects/{}/guideline/"])
def test_a_page_asks_the_same_few_questions_for_any_number(path: str) -> None:
    project = with_examples(1)
    client = browser(make.member(project, "expert").user)
    # The names of the labels are asked for once in a process.
    client.get(f"/{path.format(project.slug)}")
    counts = []
    for size in (1, 6):
        add(project, size)
        with CaptureQueriesContext(connection) as asked:
            client.get(f"/{path.format(project.slug)}")
        counts.append(len(asked))

    # The queue is empty: a look through both lanes is one query more than through one,
    # and which lane comes first is drawn.
    assert max(counts) <= 14
    assert counts[1] <= counts[0] + 1


def test_the_list_of_examples_asks_the_same_few_questions() -> None:
    project = with_examples(1)
    call = make.Caller(make.member(project).user)
    counts = []
    for size in (1, 6):
        add(project, size)
        with CaptureQueriesContext(connection) as asked:
            call("get", f"projects/{project.slug}/precedents/")
        counts.append(len(asked))

    assert counts[0] == counts[1] <= 6
