"""Likely labels come with suggestions of projects with many labels, and with no others."""

from __future__ import annotations

import uuid
from typing import Any

import numpy as np
import pytest
from django.test import Client
from django.utils import timezone

from activelearn.core import conformal
from activelearn.models import LearningPolicy, ModelVersion
from activelearn.services.ordering import assisted, ranking, suggesting
from activelearn.services.training import reproducing, triggers
from activelearn.services.versions import registry
from labeling.models import (
    Annotation,
    Assignment,
    Gold,
    Item,
    Job,
    Project,
    QueueEntry,
)
from labeling.services.projects import label_sets, policy
from labeling.services.votes import gold, suggestions
from labeling.services.work import jobs
from tests import make

pytestmark = pytest.mark.django_db

NAMES = tuple(f"kind {number:02}" for number in range(24))


def intents(
    *, held_out: int = 110, mode: str = "assist", **settings: Any
) -> tuple[Project, dict[int, str]]:
    """Return a project whose model has learned 24 labels, and the truth of its open items.

    Each text has two words of its own label and one of another.
    """
    project = make.project(
        labels=NAMES, suggestion_mode=mode, evaluation_rate=0.2, **settings
    )
    rng = np.random.default_rng(3)
    truth = {}
    for number in range(held_out + 220):
        own, other = rng.integers(24), rng.integers(24)
        words = rng.permutation([f"word{own}", f"word{own}", f"word{other}"])
        item = make.item(
            project,
            data={"text": " ".join([*words, f"case {number}"])},
            split="evaluation" if number < held_out else "pool",
        )
        truth[item.pk] = NAMES[own]
    labeled = Item.objects.filter(pk__in=list(truth)[: held_out + 140])
    gold.record(project, [(item, [truth[item.pk]]) for item in labeled])
    # Some that are held out are open yet.
    for number in range(20):
        text = {"text": f"word{number} held out"}
        make.item(project, data=text, split="evaluation")
    triggers.request(project, None, "by hand")
    run_jobs(project, "learn.train")
    registry.promote(ModelVersion.objects.get(project=project), None)
    run_jobs(project, "learn.score")
    return project, {pk: truth[pk] for pk in list(truth)[held_out + 140 :]}


def run_jobs(project: Project, kind: str) -> None:
    """Run the jobs of one kind alone: with 24 labels the others take long."""
    for job in Job.objects.filter(project=project, kind=kind, state="queued"):
        jobs.run(job.pk)


def ordered(project: Project) -> dict[int, QueueEntry]:
    ranking.rank(project)
    entries = QueueEntry.objects.filter(project=project, is_first=True)
    return {entry.item_id: entry for entry in entries}


def told(project: Project) -> int:
    """Return how many entries of a new order name likely labels."""
    entries = ordered(project).values()
    return sum("likely" in (entry.suggestion or {}) for entry in entries)


def test_what_the_model_picks_names_them_and_nothing_else_does() -> None:
    project, truth = intents(exploration_rate=0.2)
    version = ModelVersion.objects.get()
    assert version.likely_rule is not None
    assert version.likely_rule.count == 110
    question = Item.objects.get(pk=next(iter(truth)))
    Gold.objects.create(item=question, labels=["kind 01"], is_question=True, label_set_id=project.label_set_pk)  # fmt: skip

    entries = ordered(project)

    hits = []
    for pk, entry in entries.items():
        if entry.reason != "model" or pk == question.pk:
            assert "likely" not in (entry.suggestion or {}), entry.reason
            continue
        likely = dict(entry.suggestion or {}).get("likely", [])
        if likely:
            assert entry.suggestion is not None
            assert likely[0] == entry.suggestion["label"]
            assert 1 <= len(likely) <= 12
            assert set(likely) < set(NAMES)
        hits.append(not likely or truth[pk] in likely)
    assert {entry.reason for entry in entries.values()} >= {"model", "random", "evaluation"}  # fmt: skip
    assert np.mean(hits) > 0.88
    assert told(project) > 20


def test_the_api_tells_them_but_not_of_the_blind_share() -> None:
    project, _ = intents(exploration_rate=0.0)
    ranking.rank(project)
    voter = make.member(project)
    call = make.Caller(voter.user)

    lent = call("post", f"projects/{project.slug}/queue/lease/", {"count": 50}).json()

    kept = {
        assignment.item_id: assignment.suggestion
        for assignment in Assignment.objects.filter(annotator=voter.user)
    }
    shown = set()
    for row in lent["items"]:
        pk = row["item"]["id"]
        names = (kept[pk] or {}).get("likely")
        if names and not suggestions.is_blind(project, pk):
            assert row["suggestion"]["likely"] == names
            shown.add(pk)
        else:
            assert "likely" not in (row["suggestion"] or {})
    assert shown
    # It is kept with the blind ones all the same: that tells what it would have done.
    Project.objects.filter(pk=project.pk).update(seed=_seed_that_hides(project, shown))
    again = call("post", f"projects/{project.slug}/queue/lease/", {"count": 50}).json()
    hidden = [row for row in again["items"] if row["item"]["id"] == min(shown)]
    assert [row["suggestion"] for row in hidden] == [None]


def _seed_that_hides(project: Project, items: set[int]) -> int:
    while not suggestions.is_blind(project, min(items)):
        project.seed += 1
    return project.seed


def test_they_are_off_where_that_is_set_or_nothing_is_shown_beforehand() -> None:
    project, _ = intents()
    assert told(project)

    policy.change(project, {"likely_labels": False})
    assert told(project) == 0
    assert "say that all labels are shown" in page_of(project)
    policy.change(project, {"likely_labels": True, "suggestion_mode": "reveal_after"})
    project.refresh_from_db()
    assert told(project) == 0
    assert "Likely labels first" not in page_of(project)
    policy.change(project, {"suggestion_mode": "assist"})
    project.refresh_from_db()
    assert told(project)
    # A version of before says nothing of them.
    ModelVersion.objects.update(likely=None)
    assert told(project) == 0
    assert "was made before Assay asked which are likely" in page_of(project)


def test_with_too_few_random_labels_it_says_how_many_it_needs() -> None:
    project, _ = intents(held_out=60)
    version = ModelVersion.objects.get()
    assert version.likely_rule is not None

    assert version.likely_rule.missing == 40
    assert told(project) == 0
    page = page_of(project)
    assert "100 labels of items drawn at random tell, and version 1 had 60" in page
    card = client_of(project).get(f"/projects/{project.slug}/models/1/card/")
    assert "60 of 100 that it takes" in card.content.decode()


def test_with_few_labels_all_are_shown() -> None:
    project, _ = intents()
    others = dict.fromkeys(NAMES[conformal.MANY :], "kind 00")
    drafts = [label_sets.LabelDraft(name) for name in NAMES[: conformal.MANY]]
    label_sets.revise(project, make.manager_of(project).user, drafts, others)
    project.refresh_from_db()

    assert told(project) == 0


def test_other_labels_take_them_back_until_the_next_order_names_them_anew() -> None:
    project, truth = intents()
    assert told(project)
    voter = make.member(project)
    make.lease(voter, 50)
    lent = Assignment.objects.filter(annotator=voter.user)
    assert lent.filter(suggestion__has_key="likely").exists()

    drafts = [label_sets.LabelDraft(name) for name in ["renamed", "new", *NAMES[1:22]]]
    moves = {"kind 00": "renamed", "kind 22": "kind 21", "kind 23": "kind 21"}
    label_sets.revise(project, make.manager_of(project).user, drafts, moves)
    project.refresh_from_db()

    assert not lent.filter(suggestion__has_key="likely").exists()
    entries = QueueEntry.objects.filter(project=project)
    assert not entries.filter(suggestion__has_key="likely").exists()
    # Those that they hold are left out of the next order.
    assert told(project)
    for entry in entries.filter(suggestion__has_key="likely"):
        likely = dict(entry.suggestion or {})["likely"]
        # A label that the model has never seen is always possible.
        assert likely[-1] == "new"
        today = moves.get(truth[entry.item_id], truth[entry.item_id])
        assert set(likely) <= {"renamed", "new", *NAMES[1:22]}, today


def test_a_version_with_them_is_made_again_bit_for_bit() -> None:
    intents()
    version = ModelVersion.objects.get()

    assert reproducing.reproduce(version).is_same


def client_of(project: Project) -> Client:
    client = Client()
    client.force_login(make.manager_of(project).user)
    return client


def page_of(project: Project) -> str:
    page = client_of(project).get(f"/projects/{project.slug}/models/")
    assert page.status_code == 200
    return " ".join(page.content.decode().split())


def voted(
    project: Project, label: str, *, is_blind: bool, seconds: float, **settled: str
) -> None:
    """Add a vote on what the model has picked, among whose likely labels are x and y."""
    likely = {"label": "x", "likely": ["x", "y"]}
    while True:
        item = make.item(project, state="settled", votes=1)
        if suggestions.is_blind(project, item.pk) is is_blind:
            break
    who = make.member(project)
    now = timezone.now()
    fields: dict[str, Any] = {
        "project": project, "item": item, "annotator": who.user, "reason": "model",
    }  # fmt: skip
    assignment = Assignment.objects.create(
        **fields, slot=0, state="answered", leased_at=now, expires_at=now,
        suggestion=likely,
    )  # fmt: skip
    Annotation.votes.create(
        **fields, assignment=assignment, client_id=uuid.uuid4(), labels=[label],
        seconds=seconds, created_at=now, updated_at=now,
        label_set_id=project.label_set_pk, suggestion_shown=None if is_blind else likely,
    )  # fmt: skip
    for known in settled.values():
        gold.record(project, [(item, [known])])


def test_their_effect_is_told_by_the_blind_share() -> None:
    project = make.project(labels=("x", "y", "z"), suggestion_mode="assist")
    for number in range(20):
        voted(project, "x", is_blind=False, seconds=2.0 + number / 100, known="x")
        label = "z" if number < 5 else "y"
        voted(project, label, is_blind=True, seconds=6.0, known="y")

    effect = assisted.effect_of(project)

    assert effect.shown.votes == effect.blind.votes == 20
    assert effect.shown.seconds is not None
    assert effect.shown.seconds.value == pytest.approx(2.095)
    assert effect.shown.seconds.low < 2.095 < effect.shown.seconds.high
    assert effect.blind.seconds is not None
    assert effect.blind.seconds.value == 6.0
    assert effect.shown.agreement is not None
    assert effect.shown.agreement.value == 1.0
    assert effect.blind.agreement is not None
    assert effect.blind.agreement.value == 0.75
    assert effect.held is not None
    assert effect.held.value == 0.75


def test_of_few_votes_and_of_a_label_that_is_a_vote_alone_nothing_is_said() -> None:
    project = make.project(labels=("x", "y", "z"), suggestion_mode="assist")
    for _ in range(19):
        voted(project, "x", is_blind=True, seconds=6.0, known="x")
    for _ in range(20):
        voted(project, "x", is_blind=False, seconds=2.0)

    effect = assisted.effect_of(project)

    assert (effect.blind.seconds, effect.blind.agreement, effect.held) == (None,) * 3
    assert effect.blind.votes == effect.blind.checked == 19
    assert effect.shown.seconds is not None
    assert (effect.shown.agreement, effect.shown.checked) == (None, 0)


def test_no_suggestion_is_made_for_items_that_are_gone() -> None:
    project, truth = intents()
    assert LearningPolicy.of(project.pk).likely_labels
    gone = list(truth)[:5]
    Item.objects.filter(pk__in=gone).delete()

    _number, made = suggesting.suggestions_for(project, list(truth))

    assert not made.keys() & set(gone)
    assert any("likely" in suggestion for suggestion in made.values())
