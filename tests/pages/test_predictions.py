"""The page of predictions from outside: bring, compare, use, delete."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from activelearn.models import LearningPolicy
from labeling.models import (
    ImportRun,
    Item,
    Membership,
    OutsidePrediction,
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

    def send(self, *rows: object) -> str:
        """Send a file to be looked at; return its key."""
        file = SimpleUploadedFile("p.jsonl", lines(*rows))
        address = self.post(file=file).headers["Location"]
        return str(address.partition("?upload=")[2])

    def look(self, key: str, **values: str) -> str:
        """Return the page of a file, by what a person has chosen so far."""
        page = (
            self.post(upload=key, look="1", **values)
            if values
            else self.client.get(self.path, {"upload": key})
        )
        assert page.status_code == 200
        return " ".join(page.content.decode().split())


def of_llm() -> tuple[Project, PredictionSource]:
    project = make.project()
    predicted(project, {"id": make.item(project).external_id, "label": "x"})
    return project, PredictionSource.objects.get()


def test_a_file_is_brought_and_its_rows_are_reported() -> None:
    project = make.project()
    make.item(project, external_id="a")
    desk = Desk(project)
    key = desk.send({"id": "a", "label": "x"}, {"id": "b", "label": "x"})

    answer = desk.post(upload=key, source="gpt")
    jobs.run(ImportRun.objects.get().job_id)

    assert answer.status_code == 302
    shown = desk.text()
    assert "2 rows: 1 new, 0 replaced, 0 the same as before, 1 rejected" in shown
    assert "“b” is no item of this project." in shown
    assert ">gpt<" in shown


def test_a_file_is_looked_at_before_anything_is_kept() -> None:
    project = make.project()
    make.item(project, external_id="a")
    desk = Desk(project)

    shown = desk.look(
        desk.send(
            {"id": "a", "label": "X", "score": 0.5, "cost": 3},
            {"id": "b", "label": "y", "model": "gpt"},
            {"id": "a", "label": "zebra"},
            {"id": "a"},
        )
    )

    assert "4 rows: 1 would be kept, 1 name no item of this project, 2 would" in shown
    assert "x <small>0.50</small>" in shown
    assert 'b <span class="chip bad">no item of this project</span>' in shown
    assert "gpt: y" in shown
    assert "row 3: “zebra” is not a label of this project." in shown
    assert "row 4: There is no prediction: give a label or probabilities." in shown
    assert "Columns that say nothing of predictions are not used: cost." in shown
    # Of the label that means none the person says what it means.
    assert 'name="label:zebra"' in shown
    assert 'name="label:X"' not in shown
    assert 'name="source" maxlength="100" value="" required' in shown
    assert not PredictionSource.objects.exists()
    assert not ImportRun.objects.exists()


def test_what_a_person_says_of_columns_and_labels_is_looked_at_and_kept() -> None:
    project = make.project()
    item = make.item(project, external_id="a")
    desk = Desk(project)
    key = desk.send({"id": "a", "guess": "zebra", "label": "x"})
    said = {"role:guess": "label", "role:label": "ignore", "label:zebra": "y"}

    shown = desk.look(key, source="gpt", **said)

    assert "1 row: 1 would be kept, 0 name no item of this project, 0 would" in shown
    assert re.search(r"<option selected>\s*y\s*</option>", shown)
    assert 'value="gpt"' in shown
    desk.post(upload=key, source="gpt", **said)
    jobs.run(ImportRun.objects.get().job_id)
    kept = OutsidePrediction.objects.get(item=item)
    assert kept.labels == ["y"]
    assert kept.source.name == "gpt"


def test_a_file_that_is_refused_stays_to_be_looked_at() -> None:
    project = make.project()
    make.item(project, external_id="a")
    desk = Desk(project)
    key = desk.send({"id": "a", "label": "x"})

    page = desk.post(upload=key, source="g" * 101)

    assert page.status_code == 400
    shown = page.content.decode()
    assert "A name of at most 100 characters." in shown
    assert 'name="role:label"' in shown
    assert desk.post(upload=key, source="gpt").status_code == 302


def test_a_file_is_read_with_another_delimiter() -> None:
    project = make.project()
    make.item(project, external_id="a")
    desk = Desk(project)
    file = SimpleUploadedFile("p.csv", b"id;label\na;x\n")
    key = desk.post(file=file).headers["Location"].partition("?upload=")[2]
    assert "1 would be kept" in desk.look(key)

    sent = desk.post(upload=key, encoding="utf-8", delimiter=",", header="yes")

    assert sent.headers["Location"].endswith(key)
    assert "0 would be kept" in desk.look(key)


@pytest.mark.parametrize("key", ["nonsense", "b2e5a6c8-8d3f-4d57-9a53-0b1f5b0c7a11"])
def test_a_file_that_is_not_there_is_said_to_be_gone(key: str) -> None:
    desk = Desk(make.project())

    page = desk.client.get(desk.path, {"upload": key})

    assert page.status_code in (400, 404)
    assert 'type="file"' in page.content.decode()


def test_a_file_of_another_project_is_not_looked_at() -> None:
    key = Desk(make.project()).send({"id": "a", "label": "x"})
    other = Desk(make.project())

    assert other.client.get(other.path, {"upload": key}).status_code == 404
    assert other.post(upload=key, source="gpt").status_code == 404


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
