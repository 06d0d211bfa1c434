"""The page of predictions from outside: bring, compare, use, delete."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from activelearn.models import LearningPolicy
from labeling.models import (
    ImportRun,
    Item,
    Membership,
    PredictionSource,
    Project,
)
from labeling.services.work import jobs
from tests import make
from tests.labeling.transfer.files import lines
from tests.labeling.transfer.predicted import predicted
from tests.labeling.transfer.test_outside import labeled
from tests.test_pages import browser

pytestmark = pytest.mark.django_db


class Desk:
    """The page of one project, as a member sees it."""

    def __init__(self, project: Project, member: Membership | None = None) -> None:
        who = member or make.manager_of(project)
        self.client: Client = browser(who.user)
        self.path = f"/projects/{project.slug}/predictions/"

    def text(self) -> str:
        return " ".join(self.client.get(self.path).content.decode().split())

    def post(self, **values: Any) -> Any:
        return self.client.post(self.path, values)


def of_llm() -> tuple[Project, PredictionSource]:
    project = make.project()
    predicted(project, {"id": make.item(project).external_id, "label": "x"})
    return project, PredictionSource.objects.get()


def test_a_file_is_brought_and_its_rows_are_reported() -> None:
    project = make.project()
    make.item(project, external_id="a")
    desk = Desk(project)
    body = lines({"id": "a", "label": "x"}, {"id": "b", "label": "x"})
    file = SimpleUploadedFile("p.jsonl", body)

    answer = desk.post(file=file, source="gpt")
    jobs.run(ImportRun.objects.get().job_id)

    assert answer.status_code == 302
    shown = desk.text()
    assert "2 rows: 1 new, 0 replaced, 0 the same as before, 1 rejected" in shown
    assert "“b” is no item of this project." in shown
    assert ">gpt<" in shown


def test_what_is_wrong_with_a_form_is_said() -> None:
    project = make.project()

    answer = Desk(project).post(source="gpt")

    assert answer.status_code == 400
    assert "Choose a file first." in answer.content.decode()


def test_each_source_is_compared_with_people() -> None:
    project = make.project()
    held_out = [labeled(project, label, split="evaluation") for label in "xxy"]
    predicted(project, *({"id": i.external_id, "label": "x"} for i in held_out))

    shown = Desk(project).text()

    assert '2 / 3 <small class="interval">21 to 94 %</small>' in shown


def test_a_source_is_suggested_and_no_longer() -> None:
    project, source = of_llm()
    desk = Desk(project)

    desk.post(action="suggest", source=source.pk)
    assert Project.objects.get(pk=project.pk).suggestions_by == "llm"
    assert "This project shows no suggestions" in desk.text()

    desk.post(action="suggest-own", source=source.pk)
    assert Project.objects.get(pk=project.pk).suggestions_by == ""


def test_a_source_orders_and_no_longer() -> None:
    project, source = of_llm()
    desk = Desk(project)

    desk.post(action="order", source=source.pk)
    own = LearningPolicy.of(project.pk)
    assert (own.strategy, own.ranked_by) == ("external", "llm")
    assert "No longer order by it" in desk.text()

    desk.post(action="order-own", source=source.pk)
    own = LearningPolicy.of(project.pk)
    assert (own.strategy, own.ranked_by) == ("auto", "")


def test_a_source_is_deleted() -> None:
    project, source = of_llm()

    answer = Desk(project).client.post(
        f"/projects/{project.slug}/predictions/",
        {"action": "delete", "source": source.pk},
        follow=True,
    )

    assert "“llm” is deleted, with its prediction of 1 item." in answer.content.decode()
    assert not PredictionSource.objects.exists()


def test_engineers_bring_predictions_and_managers_say_what_they_are_used_for() -> None:
    project, source = of_llm()
    desk = Desk(project, make.member(project, "engineer"))

    assert "Suggest it" not in desk.text()
    for action in ("suggest", "suggest-own", "order", "order-own"):
        assert desk.post(action=action, source=source.pk).status_code == 403
    assert Project.objects.get(pk=project.pk).suggestions_by == ""


@pytest.mark.parametrize("role", ["annotator", "expert"])
def test_who_labels_does_not_see_the_page(role: str) -> None:
    project, _ = of_llm()
    desk = Desk(project, make.member(project, role))

    assert desk.client.get(desk.path).status_code == 403


def test_a_source_of_another_project_is_not_there() -> None:
    _, source = of_llm()
    other = make.project()

    answer = Desk(other).post(action="delete", source=source.pk)

    assert answer.status_code == 404
    assert PredictionSource.objects.exists()


def test_predictions_are_no_imports_of_items() -> None:
    project, _ = of_llm()
    client = browser(make.manager_of(project).user)

    shown = client.get(f"/projects/{project.slug}/import/").content.decode()

    assert "p.jsonl" not in shown
    assert Item.objects.count() == 1


def test_the_page_of_an_item_says_what_each_source_predicts() -> None:
    project = make.project()
    free = make.item(project)
    held_out = make.item(project, split="evaluation")
    rows = [{"id": i.external_id, "label": "x", "score": 0.5} for i in (free, held_out)]
    predicted(project, *rows)
    engineer = browser(make.member(project, "engineer").user)
    expert = browser(make.member(project, "expert").user)

    def shown(client: Client, item: Item) -> str:
        page = client.get(f"/projects/{project.slug}/items/{item.pk}/")
        return " ".join(page.content.decode().split())

    assert "llm: x <small>score 0.50</small>" in shown(engineer, free)
    assert "Predictions from outside" not in shown(engineer, held_out)
    assert "Predictions from outside" not in shown(expert, free)
