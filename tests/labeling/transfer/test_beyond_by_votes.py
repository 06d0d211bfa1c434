"""A rare label that votes alone have brought is held out only where chance had its items."""

from __future__ import annotations

from typing import Any, Final

import pytest

from activelearn.models import ModelVersion
from activelearn.services.training import triggers
from labeling.models import Assignment, Item, Project
from labeling.services.transfer import beyond
from labeling.services.transfer.samples import LabelSample, Samples
from labeling.services.votes import counts, resolutions, settle
from labeling.services.work import jobs
from tests import make
from tests.labeling.transfer.files import bring, lines
from tests.labeling.transfer.test_beyond import MISSED, groups_of, of_seed, with_good
from tests.labeling.transfer.test_split import sentence

pytestmark = pytest.mark.django_db


def voted(*names: str) -> list[dict[str, Any]]:
    """Return rows that a tool's two people have called bad, each in its own group."""
    votes = [{"annotator": who, "labels": ["bad"]} for who in ("ann", "bob")]
    return [
        {"text": sentence(5000 + int(name[1:])), "group": name, "votes": votes}
        for name in names
    ]


def hold_out(project: Project) -> Samples:
    """Do what a run does before it takes its labels."""
    settle.settle_project(project.pk)
    progress = jobs.claim(jobs.enqueue("learn.rank", project=project).pk)
    assert progress is not None
    return beyond.hold_out_by_votes(project.pk, progress)


def answered(project: Project, reason: str) -> list[Item]:
    """Have somebody call twelve items bad that they got for a reason."""
    texts = [{**row, "votes": []} for row in voted(*MISSED)]
    bring(project, "x.jsonl", lines(*texts))
    items = list(project.items.filter(group_key__startswith="g:b"))
    who = make.member(project)
    make.ranked(project, items)
    for lent in make.lease(who, len(items)):
        make.vote(who, lent, "bad")
    Assignment.objects.filter(project=project).update(reason=reason)
    return items


def test_k11_votes_that_a_file_brings_count_as_its_labels_do() -> None:
    project = with_good()
    bring(project, "x.jsonl", lines(*voted(*MISSED)))

    drawn = hold_out(project)

    assert groups_of(project) == {*MISSED[:3]}
    assert drawn.labels == {"bad": LabelSample(3, 12)}
    assert beyond.samples_of(project.pk) == drawn.labels
    # What was moved counts no more as a label of the pool.
    assert counts.reconcile(project.pk) == 0
    # Before the next run nothing is left to do.
    assert hold_out(project) == Samples()
    assert groups_of(project) == {*MISSED[:3]}


def test_k11_where_chance_alone_has_chosen_its_items_are_a_sample() -> None:
    project = of_seed(7, evaluation_share=0.3)
    bring(project, "good.jsonl", known(), labels_are="gold")
    answered(project, "random")

    hold_out(project)

    assert groups_of(project) == {*MISSED[:3]}


def known() -> bytes:
    """Return a file of known answers, from which the draw holds out some."""
    rows = [{"text": sentence(n), "label": "good"} for n in range(100)]
    return lines(*rows)


BY_RULE: Final = (
    *("model", "cold", "similar", "chosen", "returned", "refill", "duel", "review"),
)


@pytest.mark.parametrize("reason", BY_RULE)
def test_k11_what_a_rule_has_chosen_stays_in_the_pool(reason: str) -> None:
    project = with_good()
    answered(project, reason)

    assert hold_out(project) == Samples()
    assert groups_of(project) == set()


@pytest.mark.parametrize("reason", BY_RULE)
def test_k11_what_chance_chose_beside_a_rule_stays_in_the_pool(reason: str) -> None:
    project = with_good()
    items = answered(project, "random")
    Assignment.objects.filter(item=items[0]).update(reason=reason)

    assert hold_out(project) == Samples()


def test_k11_beside_a_rule_the_votes_of_a_file_still_count() -> None:
    project = with_good()
    bring(project, "x.jsonl", lines(*voted(*MISSED)))
    first = project.items.get(group_key=f"g:{MISSED[0]}")
    Assignment.objects.filter(item=first, slot=0).update(reason="model")

    hold_out(project)

    # All but the one that the model chose: three of the eleven others.
    assert groups_of(project) == {*MISSED[1:4]}
    assert beyond.samples_of(project.pk) == {"bad": LabelSample(3, 11)}


def test_what_somebody_has_at_this_moment_is_not_held_out() -> None:
    project = with_good()
    bring(project, "x.jsonl", lines(*voted(*MISSED)))
    first = project.items.get(group_key=f"g:{MISSED[0]}")
    Assignment.objects.filter(item=first, slot=0).update(state="leased")

    hold_out(project)

    assert groups_of(project) == {*MISSED[1:4]}


def test_k11_what_a_run_has_learned_from_is_not_held_out_by_votes_either() -> None:
    project = with_good()
    bring(project, "x.jsonl", lines(*voted(*MISSED)))
    settle.settle_project(project.pk)
    resolutions.take(project, "pool")

    assert hold_out(project) == Samples()


def test_k11_a_label_that_held_out_items_may_still_get_is_not_missed() -> None:
    project = of_seed(7, evaluation_share=0.3)
    # Without labels: of what is held out here nobody knows yet what it is.
    texts = [{"text": sentence(n)} for n in range(100)]
    bring(project, "good.jsonl", lines(*texts))
    bring(project, "x.jsonl", lines(*voted(*MISSED)))

    assert hold_out(project) == Samples()
    assert groups_of(project) == set()


@pytest.mark.parametrize(("labeled", "held"), [(99, 0), (100, 3)])
def test_of_a_hundred_labeled_held_out_items_none_has_a_label_that_is_rare(
    labeled: int, held: int
) -> None:
    project = with_good()
    bring(project, "x.jsonl", lines(*voted(*MISSED)))
    make.item(project, split="evaluation", state="open")
    for _ in range(labeled - project.items.evaluation().count() + 1):
        make.item(project, split="evaluation", state="settled")

    hold_out(project)

    assert len(groups_of(project)) == held


def test_an_invalid_held_out_item_is_not_waited_for() -> None:
    project = with_good()
    some = project.items.evaluation().order_by("pk")[:1].values("pk")
    Item.objects.filter(pk__in=some).update(state="invalid")
    bring(project, "x.jsonl", lines(*voted(*MISSED)))

    hold_out(project)

    assert groups_of(project) == {*MISSED[:3]}


def test_k11_a_run_learns_from_none_of_what_is_held_out_for_a_label_by_votes() -> None:
    project = with_good()
    bring(project, "x.jsonl", lines(*voted(*MISSED)))
    settle.settle_project(project.pk)

    run, _ = triggers.request(project, None, "to see")
    jobs.run(run.job_id)

    held = set(beyond.items_of(project.pk))
    assert len(held) == 3
    (version,) = ModelVersion.objects.filter(project=project)
    assert version.snapshot.item_ids
    assert not held & set(version.snapshot.item_ids)
    run.refresh_from_db()
    assert run.job is not None
    assert "bad (3/12)" in str(run.job.log)
