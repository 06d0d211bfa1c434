"""What counts toward a retrain: first confident labels and corrections, once each."""

from __future__ import annotations

import pytest
from django.core.management import call_command
from django.db import connection

from labeling import queries
from labeling.models import Disagreement, Item, Membership, Project, Resolution
from labeling.services.experts import adjudicate, doubts, reopening
from labeling.services.experts.decisions import Decision
from labeling.services.projects import label_sets
from labeling.services.votes import change, counts, settle
from tests import make

pytestmark = pytest.mark.django_db


def counted(project: Project) -> tuple[int, int]:
    """Return the first confident labels and the corrections, which are exact."""
    assert counts.reconcile(project.pk) == 0
    progress = queries.progress(project)
    return progress.confident, progress.corrected


def voted(project: Project, *votes: str, **fields: object) -> Item:
    item = make.item(project, **fields)
    for label in votes:
        who = make.member(project)
        make.vote(who, make.lease(who)[0], label)
    settle.settle_project(project.pk)
    return item


def decide(item: Item, *labels: str, outcome: str = "resolved") -> Disagreement:
    expert = make.member(item.project, "expert")
    disagreement = doubts.take_up(expert, item.pk, "low")
    decision = Decision(labels, outcome=outcome)
    return adjudicate.resolve(expert, disagreement.pk, decision)


def vote_again(item: Item, label: str) -> None:
    vote = item.annotations.get()
    member = Membership.objects.select_related("project").get(
        project=item.project, user=vote.annotator
    )
    change.edit(member, vote.pk, vote.version, {"labels": [label]})
    settle.settle_project(item.project_id)


def test_c9_an_ambiguous_decision_is_no_confident_label() -> None:
    project = make.project(overlap=2)
    item = voted(project, "x", "y")

    decided = decide(item, outcome="ambiguous")

    label = Resolution.objects.get(item=item)
    assert (label.is_ambiguous, label.soft_label) == (True, {"x": 0.5, "y": 0.5})
    assert counted(project) == (0, 0)
    reopening.reopen(make.manager_of(project), decided.pk)
    decide(item, "y")
    assert counted(project) == (1, 0)


def test_c9_an_expert_who_changes_a_label_counts_once() -> None:
    project = make.project()
    item = voted(project, "x")

    decide(item, "x")
    assert counted(project) == (1, 0)
    decided = decide(item, "y")

    assert counted(project) == (1, 1)
    reopening.reopen(make.manager_of(project), decided.pk)
    assert counted(project) == (1, 0)
    decide(item, "y")
    settle.settle_project(project.pk)
    assert counted(project) == (1, 1)


def test_c9_votes_that_change_a_label_count_once() -> None:
    project = make.project()
    item = voted(project, "x")
    held_out = voted(project, "x", split="evaluation")

    for label, corrections in (("y", 1), ("y", 1), ("x", 2)):
        vote_again(item, label)
        vote_again(held_out, label)
        settle.settle_project(project.pk)
        assert counted(project) == (1, corrections)


def test_c9_a_label_that_was_renamed_is_no_correction() -> None:
    project = make.project(overlap=2)
    item = voted(project, "x", "x")
    first = item.annotations.earliest("pk")
    member = Membership.objects.select_related("project").get(
        project=project, user=first.annotator
    )
    change.edit(member, first.pk, 1, {"labels": ["y"]})
    settle.settle_project(project.pk)
    assert not Resolution.objects.filter(superseded_at=None).exists()
    label_sets.revise(
        project,
        make.manager_of(project).user,
        [label_sets.LabelDraft(name) for name in ("z", "y")],
        {"x": "z"},
    )

    second = item.annotations.latest("pk")
    other = Membership.objects.select_related("project").get(
        project=project, user=first.annotator
    )
    change.edit(other, first.pk, 2, {"labels": ["z"]})
    settle.settle_project(project.pk)

    assert second.labels == ["x"]
    assert Resolution.objects.get(superseded_at=None).labels == ["z"]
    assert counted(project) == (1, 0)


@pytest.mark.soak  # migrates back and forth: twenty seconds
@pytest.mark.django_db(transaction=True)
def test_c9_ambiguous_labels_of_earlier_releases_are_told_from_confident_ones() -> None:
    project = make.project(overlap=2)
    decide(voted(project, "x", "y"), outcome="ambiguous")
    decide(voted(project, "x", "y"), "y")
    call_command("migrate", "labeling", "0025_honest_reasons", verbosity=0)
    with connection.cursor() as cursor:
        # As the release before counted.
        cursor.execute(
            "UPDATE labeling_projectcounter SET confident = 2 WHERE annotator_id IS NULL"
        )

    # What of the learner builds on these has gone back with them.
    call_command("migrate", verbosity=0)

    told = Resolution.objects.order_by("pk").values_list("is_ambiguous", flat=True)
    assert list(told) == [True, False]
    assert counted(project) == (1, 0)
