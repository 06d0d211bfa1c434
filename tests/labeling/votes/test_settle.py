"""What votes make of an item."""

from __future__ import annotations

import pytest

from labeling import queries
from labeling.models import (
    Item,
    Resolution,
)
from labeling.services.votes import settle
from tests import make

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("exact_counts")]


def test_agreeing_votes_settle_an_item_and_count_once() -> None:
    project = make.project(overlap=2)
    item = make.item(project)
    for _ in range(2):
        who = make.member(project)
        make.vote(who, make.lease(who)[0], "x")

    settle.settle_project(project.pk)
    settle.settle_project(project.pk)

    resolution = Resolution.objects.get(item=item, superseded_at=None)
    assert (resolution.labels, resolution.source) == (["x"], "consensus")
    assert queries.progress(project).confident == 1


def test_labels_of_evaluation_items_do_not_count_toward_a_retrain() -> None:
    project = make.project()
    make.item(project, split="evaluation")
    who = make.member(project)
    make.vote(who, make.lease(who)[0], "x")

    settle.settle_project(project.pk)

    counts = queries.progress(project)
    assert (counts.evaluation_settled, counts.confident) == (1, 0)


def test_unclear_votes_ask_for_one_more_up_to_the_overlap() -> None:
    project = make.project(overlap=3, min_votes=2)
    item = make.item(project)
    for label in ("x", "y"):
        who = make.member(project)
        make.vote(who, make.lease(who)[0], label)

    settle.settle_project(project.pk)

    item.refresh_from_db()
    assert (item.state, item.votes_wanted) == ("open", 3)
    third = make.member(project)
    make.vote(third, make.lease(third)[0], "x")
    settle.settle_project(project.pk)
    item.refresh_from_db()
    assert item.state == Item.State.DISPUTED


@pytest.mark.parametrize(
    ("settled_by", "confidence"), [("share", 2 / 3), ("posterior", None)]
)
def test_c11_by_either_rule_a_set_of_labels_is_settled_label_by_label(
    settled_by: str, confidence: float | None
) -> None:
    project = make.project(
        labels=("a", "b", "c"),
        task_type="multi",
        settled_by=settled_by,
        overlap=3,
        min_votes=3,
        confidence=0.65,
    )
    item = make.item(project)
    # No answer comes twice, and of each label two of three say the same.
    for labels in (("a", "b"), ("a", "c"), ("b",)):
        who = make.member(project)
        make.vote(who, make.lease(who)[0], *labels)

    settle.settle_project(project.pk)

    label = Resolution.objects.get(item=item, superseded_at=None)
    assert label.labels == ["a", "b"]
    assert label.confidence_is == settled_by
    if confidence is not None:
        assert label.confidence == pytest.approx(confidence)
