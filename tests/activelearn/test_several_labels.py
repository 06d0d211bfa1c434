"""C11: several labels are several labels, from the votes to what programs are told."""

from __future__ import annotations

import re
from collections.abc import Iterable
from math import prod

import msgspec
import numpy as np
import pytest
from django.test import Client

from activelearn.core import calibration, evaluation
from activelearn.core.evaluation import Labels
from activelearn.core.intervals import numbered
from activelearn.models import ModelVersion
from activelearn.services.features import store
from activelearn.services.judging import evidence, judgments
from activelearn.services.labels import calibrations
from activelearn.services.ordering import ranking
from activelearn.services.predictions import serving
from activelearn.services.training import triggers
from activelearn.services.versions import registry
from labeling.models import (
    Assignment,
    Item,
    Prediction,
    Project,
    QueueEntry,
    Resolution,
)
from labeling.services.projects import label_sets
from labeling.services.votes import gold, settle
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
    # Who voted is held against an expert, who says the same.
    Resolution.objects.filter(item__split="evaluation").update(source="expert")
    judged = judgments.judge(evaluation.model, store.load(project)).report
    assert judged is not None
    people = [(row.label, row.recall.value) for row in judged.people]
    assert people == [("money", 1.0), ("post", 1.0)]
    evaluation.report["people"] = msgspec.to_builtins(judged.people)
    evaluation.save()
    client.force_login(make.manager_of(project).user)
    page = client.get(f"/projects/{project.slug}/models/").content.decode()
    assert "By set of labels" in page
    assert "One person, by label" in page
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
        is_sure = answer.is_calibrated and answer.confidence >= 0.9
        assert answer.decision == ("accept" if is_sure else "review")
    assert {answer.label for answer in answers} >= {"money", "post", ""}


def test_c11_whole_sets_are_judged_by_calibrations_of_other_groups() -> None:
    project = letters()
    # A third of the held-out labels are wrong: no set may be very sure.
    labels = Resolution.objects.filter(project=project, superseded_at=None)
    held_out = Item.objects.filter(project=project).evaluation().order_by("pk")
    new = held_out.exclude(pk__in=labels.values("item"))
    gold.record(project, [(item, list(KINDS[n % 4])) for n, item in enumerate(new)])
    for number, label in enumerate(labels.filter(item__in=held_out).order_by("item")):
        label.labels = list(KINDS[(number + (number % 3 == 0)) % 4])
        label.save(update_fields=["labels"])
    triggers.request(project, None, "again")
    work(project)
    version = ModelVersion.objects.latest("number")
    table = store.load(project)
    witness = evidence.opened(version, table)
    known = calibrations.read(version)
    items = evidence.held(known.labels, {})

    _, told = evidence.on_held_out(witness, items)

    own = witness.model.model
    assert own.calibration is not None
    assert own.calibration.whole != calibration.AS_IT_IS
    scores = own.scores(table.rows_of(list(known.labels)))
    has = evaluation.indicators(items.labels, own.labels)
    groups = numbered(items.groups)
    sure = np.zeros(len(groups))
    for fold, others in calibration.folds(groups):
        learned = calibration.fitted(scores[others], has[others], "platt")
        given = calibration.probabilities(learned.applied(scores[fold]), is_multi=True)
        sure[fold] = calibration.of_sets(given, learned.whole)
    assert told.sets is not None
    said = [part.confidence for part in told.sets.bins]
    parts = np.array_split(np.sort(sure), len(said))
    assert said == pytest.approx([part.mean() for part in parts])


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
