"""L11: a project with one label asks whether it applies; none says that it does not."""

from __future__ import annotations

import json
from typing import Any

import pytest

from activelearn.models import ModelVersion
from activelearn.services.ordering import ranking
from activelearn.services.predictions import serving
from activelearn.services.training import triggers
from activelearn.services.versions import registry
from labeling import queries
from labeling.errors import InvalidInputError
from labeling.models import Gold, Prediction, Project, QueueEntry, Resolution
from labeling.services.projects import label_sets
from labeling.services.transfer import exporting
from labeling.services.votes import agreement, settle
from tests import make
from tests.activelearn.test_loop import work
from tests.labeling.transfer.files import bring
from tests.test_pages import browser

pytestmark = pytest.mark.django_db


def spam(**policy: Any) -> Project:
    return make.project(labels=("spam",), task_type="multi", **policy)


def text(number: int) -> str:
    return f"{'win a prize' if number % 2 else 'see you'} on day {number}"


def applies(words: str) -> bool:
    return "prize" in words


def trained() -> Project:
    """A project with one label, answered by two people, and a model that serves."""
    project = spam(suggestion_mode="assist", overlap=2, settled_by="posterior")
    for number in range(120):
        side = "evaluation" if number % 12 < 4 else "pool"
        make.item(project, data={"text": text(number)}, split=side, votes_wanted=2)
    ranking.rank(project)
    for who in (make.member(project), make.member(project)):
        for _ in range(3):
            for lent in make.lease(who, 50):
                is_spam = applies(str(lent.item.data["text"]))
                make.vote(who, lent, *(["spam"] if is_spam else []))
    settle.settle_project(project.pk)
    triggers.consider(project.pk)
    work(project)
    registry.promote(ModelVersion.objects.get(), None)
    work(project)
    return project


def test_l11_the_loop_runs_with_one_label() -> None:
    project = trained()

    settled = Resolution.objects.filter(project=project, superseded_at=None)
    assert settled.count() > 100
    for label in settled.select_related("item"):
        is_spam = applies(str(label.item.data["text"]))
        assert label.labels == (["spam"] if is_spam else [])
    evaluation = ModelVersion.objects.get(project=project).evaluation
    figures = evaluation.report["figures"]
    assert figures["summary"]["accuracy"]["value"] > 0.9
    assert [row["label"] for row in figures["labels"]] == ["spam"]
    for number in range(200, 240):
        make.item(project, data={"text": text(number)})
    ranking.rank(project)
    work(project)
    entries = QueueEntry.objects.filter(project=project).exclude(suggestion=None)
    suggested = [
        (str(entry.item.data["text"]), dict(entry.suggestion or {})["labels"])
        for entry in entries.select_related("item")
    ]
    assert {bool(labels) for _, labels in suggested} == {True, False}
    assert all(bool(labels) == applies(words) for words, labels in suggested)
    asked = [serving.Question("", {"text": text(n)}) for n in (301, 302)]
    answers = serving.predict(project, asked)
    assert [[*answer.labels] for answer in answers] == [["spam"], []]
    assert Prediction.objects.filter(project=project).exists()


def test_l11_pages_of_a_project_with_one_label_are_there() -> None:
    project = trained()
    manager = make.manager_of(project)
    client = browser(manager.user)

    agreement.request_report(project)
    work(project)

    for page in ("", "label/", "grid/", "models/", "agreement/", "labels/", "items/"):
        assert client.get(f"/projects/{project.slug}/{page}").status_code == 200, page


def test_l11_a_file_says_of_each_row_whether_the_label_applies() -> None:
    project = spam()
    data = (
        b'{"text": "a", "label": ["spam"]}\n{"text": "b", "label": []}\n{"text": "c"}'
    )

    bring(project, "x.jsonl", data, gold=True)

    assert dict(Gold.objects.values_list("item__data__text", "labels")) == {
        "a": ["spam"],
        "b": [],
    }
    rows = b"".join(exporting.stream(project, "jsonl", {})).splitlines()
    assert [json.loads(row)["label"] for row in rows] == [["spam"], [], None]


def test_l11_one_label_of_exactly_one_is_refused_with_what_to_do() -> None:
    with pytest.raises(InvalidInputError) as of_one:
        make.project(labels=("spam",))
    with pytest.raises(InvalidInputError) as of_none:
        make.project(labels=(), task_type="multi")

    assert "any number of labels" in of_one.value.by_field["labels"][0]
    assert "Between 1 and 1000" in of_none.value.by_field["labels"][0]


def test_l11_labels_can_become_one_and_more_again() -> None:
    project = make.project(labels=("spam", "advert"), task_type="multi")
    user = make.manager_of(project).user
    drafts = [label_sets.LabelDraft("spam")]

    label_sets.revise(project, user, drafts, {"advert": "spam"})

    assert queries.label_names(project.label_set_id) == {"spam"}
    label_sets.extend(project, user, ["phishing"])
    assert queries.label_names(project.label_set_id) == {"spam", "phishing"}


def test_l11_the_api_takes_a_project_with_one_label() -> None:
    call = make.Caller(make.user(manager=True))
    body = {
        "name": "Is it spam?",
        "data_type": "text",
        "task_type": "multi",
        "labels": [{"name": "spam"}],
    }

    assert call("post", "projects/", body).status_code == 201
    refused = call("post", "projects/", {**body, "task_type": "single"})
    assert refused.status_code == 400
    assert "any number of labels" in refused.content.decode()
