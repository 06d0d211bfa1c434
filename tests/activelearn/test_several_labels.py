"""C11: several labels are several labels, from the votes to what programs are told."""

from __future__ import annotations

import re
from collections.abc import Iterable
from math import prod

import pytest
from django.test import Client

from activelearn.core.evaluation import Labels
from activelearn.models import ModelVersion
from activelearn.services.ordering import ranking
from activelearn.services.predictions import serving
from activelearn.services.training import triggers
from activelearn.services.versions import registry
from labeling.models import Assignment, Prediction, Project, QueueEntry
from labeling.services.projects import label_sets
from labeling.services.votes import settle
from tests import make
from tests.activelearn.test_loop import work

pytestmark = pytest.mark.django_db

WORDS = {"money": "refund", "post": "parcel"}
# Both labels, each alone, and none.
KINDS: tuple[Labels, ...] = (("money", "post"), ("money",), ("post",), ())


def text(kind: Labels, number: int) -> str:
    words = " and the ".join(WORDS[name] for name in kind) or "weather"
    return f"The {words} of day {number}"


def letters(mode: str = "assist", count: int = 168) -> Project:
    """A project of texts with several labels, a serving model and a new order."""
    project = make.project(
        labels=("money", "post", "unused"),
        task_type="multi",
        suggestion_mode=mode,
    )
    truth: dict[int, Labels] = {}
    for number in range(count):
        kind = KINDS[number % 4]
        item = make.item(
            project,
            data={"text": text(kind, number)},
            split="evaluation" if number % 12 < 4 else "pool",
        )
        truth[item.pk] = kind
    ranking.rank(project)
    who = make.member(project)
    for _ in range(2):
        for lent in make.lease(who, 50):
            make.vote(who, lent, *truth[lent.item_id])
    settle.settle_project(project.pk)
    triggers.consider(project.pk)
    work(project)
    registry.promote(ModelVersion.objects.get(), None)
    work(project)
    ranking.rank(project)
    return project


def said_of(project: Project) -> list[tuple[str, set[str]]]:
    """Return the texts with what the model predicts of them."""
    rows = Prediction.objects.filter(project=project).select_related("item")
    return [(str(row.item.data["text"]), set(row.names)) for row in rows]


def suggested(project: Project) -> list[tuple[str, set[str]]]:
    rows = QueueEntry.objects.filter(project=project).exclude(suggestion=None)
    return [
        (str(row.item.data["text"]), set(dict(row.suggestion or {})["labels"]))
        for row in rows.select_related("item")
    ]


def of_words(words: str) -> set[str]:
    return {name for name, word in WORDS.items() if word in words}


def product(shares: Iterable[float]) -> float:
    return prod(max(share, 1 - share) for share in shares)


def test_c11_predictions_suggestions_and_figures_are_of_sets(client: Client) -> None:
    project = letters()

    for told in (said_of(project), suggested(project)):
        assert len(told) > 10
        assert {len(labels) for _, labels in told} == {0, 1, 2}
        assert all(labels == of_words(words) for words, labels in told)
    entries = QueueEntry.objects.exclude(suggestion=None).select_related("item")
    both = next(
        dict(entry.suggestion or {})
        for entry in entries
        if " and the " in str(entry.item.data["text"])
    )
    assert both["label"] == max(both["labels"], key=both["labels"].get)
    assert {"refund", "parcel"} <= set(both["words"])
    assert both["confidence"] == pytest.approx(product(both["labels"].values()))
    report = ModelVersion.objects.get(project=project).evaluation.report
    assert report["figures"]["sets"]["jaccard"]["value"] > 0.9
    assert [row["label"] for row in report["figures"]["labels"]] == ["money", "post"]
    evaluation = ModelVersion.objects.get(project=project).evaluation
    assert evaluation.report["changes"] == []
    evaluation.report["changes"] = [{"label": "post", "fixed": 41, "broken": 43}]
    evaluation.save()
    client.force_login(make.manager_of(project).user)
    page = client.get(f"/projects/{project.slug}/models/").content.decode()
    assert "By set of labels" in page
    assert re.search(r">post</th>\s*<td[^>]*>41</td>\s*<td[^>]*>43</td>", page)
    # A program is told the same: all labels, and how sure the model is of all of them.
    asked = [text(kind, 7) for kind in KINDS]
    answers = serving.predict(
        project, [serving.Question("", {"text": words}) for words in asked]
    )
    assert [set(answer.labels) for answer in answers] == [
        of_words(words) for words in asked
    ]
    for answer in answers:
        assert set(answer.probabilities) == {"money", "post"}
        assert answer.confidence == pytest.approx(
            product(answer.probabilities.values())
        )
        assert answer.decision == ("accept" if answer.confidence >= 0.9 else "review")
    assert {answer.label for answer in answers} >= {"money", "post", ""}


def test_c11_what_is_renamed_is_renamed_in_every_answer() -> None:
    project = letters()
    who = make.member(project)
    make.lease(who, 20)

    label_sets.revise(
        project,
        make.manager_of(project).user,
        [label_sets.LabelDraft(name) for name in ("mail", "money")],
        {"post": "mail"},
    )

    for told in (said_of(project), suggested(project)):
        assert told
        for words, labels in told:
            assert labels == {"mail" if n == "post" else n for n in of_words(words)}
    lent = Assignment.objects.filter(annotator=who.user).exclude(suggestion=None)
    shown = [dict(assignment.suggestion or {}) for assignment in lent]
    assert {name for suggestion in shown for name in suggestion["labels"]} == {
        "mail",
        "money",
    }
    label_sets.revise(
        project,
        make.manager_of(project).user,
        [label_sets.LabelDraft(name) for name in ("mail", "other")],
        {"money": "mail"},
    )
    assert {tuple(labels) for _, labels in said_of(project)} == {("mail",), ()}
