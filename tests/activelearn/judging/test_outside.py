"""Sources from outside on the held-out items: figures as of our own versions."""

from __future__ import annotations

from typing import Final

import pytest

from activelearn.models import Evaluation
from activelearn.services.judging import outside
from labeling.models import Item, PredictionSource, Project
from labeling.services.projects import label_sets
from labeling.services.transfer.outside import sources
from tests import make
from tests.labeling.transfer.predicted import predicted
from tests.labeling.transfer.test_outside import labeled
from tests.test_list_queries import trained
from tests.test_pages import browser

pytestmark = pytest.mark.django_db
TRUTH: Final = "xxxyyx"
LLM: Final = "xxyyyy"


def judged_by_people() -> tuple[Project, list[Item]]:
    """Return a project with held-out labels, of which a source has four of six right."""
    project = make.project()
    items = [labeled(project, label, split="evaluation") for label in TRUTH]
    predicted(
        project,
        *(
            {"id": item.external_id, "label": label}
            for item, label in zip(items, LLM, strict=True)
        ),
    )
    return project, items


def judgment_of(
    project: Project, beside: Evaluation | None = None
) -> outside.OutsideJudgment:
    (judgment,) = outside.judged(project, [*sources.listed(project)], beside)
    return judgment


def test_a_source_has_the_figures_of_a_model() -> None:
    project, _ = judged_by_people()

    summary = judgment_of(project).summary

    assert summary is not None
    assert summary.items == 6
    assert summary.accuracy.value == pytest.approx(4 / 6)
    # Recall of x is 2 of 4, of y 2 of 2.
    assert summary.balanced_accuracy.value == pytest.approx(0.75)
    # F1 of x is 2·2 / (4 + 2), of y 2·2 / (2 + 4).
    assert summary.macro_f1.value == pytest.approx(4 / 6)
    assert summary.accuracy.low < 4 / 6 < summary.accuracy.high


def test_what_is_not_held_out_says_nothing() -> None:
    project = make.project()
    item = labeled(project, "x")
    predicted(project, {"id": item.external_id, "label": "x"})

    assert judgment_of(project).summary is None


def test_an_item_that_the_source_leaves_out_does_not_count() -> None:
    project, _ = judged_by_people()
    labeled(project, "x", split="evaluation")

    summary = judgment_of(project).summary

    assert summary is not None
    assert summary.items == 6


def test_a_source_stands_beside_a_version_on_the_items_of_both() -> None:
    project, items = judged_by_people()
    trained(project, 1)
    evaluation = Evaluation.objects.get()
    # The version has the third and the last right, and the first wrong.
    answers = {items[0].pk: "y", items[2].pk: "x", items[5].pk: "x", items[3].pk: "y"}
    evaluation.pairs = {
        str(pk): [["anything"], [label]] for pk, label in answers.items()
    }

    judgment = judgment_of(project, evaluation)

    assert (judgment.shared, judgment.better, judgment.worse) == (4, 1, 2)


def test_names_of_labels_are_those_of_today() -> None:
    project, _ = judged_by_people()
    manager = make.manager_of(project).user
    drafts = [label_sets.LabelDraft("new"), label_sets.LabelDraft("y")]
    label_sets.revise(project, manager, drafts, {"x": "new"})

    summary = judgment_of(Project.objects.get(pk=project.pk)).summary

    assert summary is not None
    assert summary.accuracy.value == pytest.approx(4 / 6)


def test_a_set_of_labels_is_right_as_a_whole() -> None:
    project = make.project(task_type="multi")
    items = [labeled(project, "x", split="evaluation") for _ in range(2)]
    for item, labels in zip(items, (["x"], ["x", "y"]), strict=True):
        predicted(project, {"id": item.external_id, "labels": labels})

    summary = judgment_of(project).summary

    assert summary is not None
    assert summary.accuracy.value == 0.5


def test_without_sources_nothing_is_asked() -> None:
    assert outside.judged(make.project(), []) == []


def test_the_models_page_shows_each_source_beside_what_serves() -> None:
    project, items = judged_by_people()
    trained(project, 1)
    Evaluation.objects.update(pairs={str(items[0].pk): [["x"], ["y"]]})
    client = browser(make.manager_of(project).user)

    page = client.get(f"/projects/{project.slug}/models/").content.decode()
    text = " ".join(page.split())

    assert '<th scope="row" class="breaks">llm</th> <td class="n">6</td>' in text
    assert "Beside version 1" in text
    assert "of 1 item 1 that it alone has right, 0 that the version alone has" in text


def test_a_source_without_labels_to_be_held_against_is_said_so() -> None:
    project = make.project()
    predicted(project, {"id": make.item(project).external_id, "label": "x"})
    client = browser(make.manager_of(project).user)

    page = client.get(f"/projects/{project.slug}/models/").content.decode()

    assert PredictionSource.objects.count() == 1
    assert "predicts no held-out item that has a label" in page
