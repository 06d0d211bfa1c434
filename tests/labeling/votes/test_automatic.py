"""A label that the model alone has given, and what people do to it later."""

from __future__ import annotations

import json

import pytest
from django.db import transaction

from labeling.models import Item, Project, ProjectCounter, Resolution
from labeling.services.votes import automatic, settle
from labeling.services.votes.automatic import SurePrediction
from tests import make

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("exact_counts")]
SURE = SurePrediction(["x"], 0.99)


def accept(project: Project, *items: Item) -> list[int]:
    with transaction.atomic():
        return automatic.accept(
            project,
            {item.pk: SURE for item in items},
            model_number=3,
            label_set_id=project.label_set_pk,
        )


def label_of(item: Item) -> tuple[str, list[str]]:
    current = Resolution.objects.get(item=item, superseded_at=None)
    return current.source, current.labels


def test_it_settles_the_item_and_counts_for_no_retrain() -> None:
    project = make.project()
    first, held_out = make.item(project), make.item(project, split="evaluation")

    assert accept(project, first, held_out) == [first.pk]

    first.refresh_from_db()
    assert (first.state, label_of(first)) == ("settled", ("auto", ["x"]))
    assert Resolution.objects.get(item=first).counted_model == 3
    assert ProjectCounter.toward_retrain(project.pk) == 0
    # Twice is once, and what is held out is never touched.
    assert accept(project, first, held_out) == []
    held_out.refresh_from_db()
    assert held_out.state == "open"


def test_nobody_is_lent_it_until_it_is_opened_again() -> None:
    project = make.project()
    item = make.item(project)
    make.ranked(project, [item])
    who = make.member(project)
    accept(project, item)

    assert make.lease(who) == []
    with transaction.atomic():
        opened = automatic.reopen(project, automatic.accepted(project))

    assert opened == [item.pk]
    assert not Resolution.objects.filter(item=item, superseded_at=None).exists()
    assert [lent.item_id for lent in make.lease(who)] == [item.pk]
    with transaction.atomic():
        assert automatic.reopen(project, automatic.accepted(project)) == []


@pytest.mark.parametrize("given", ["x", "y"])
def test_whoever_holds_it_already_has_the_last_word(given: str) -> None:
    project = make.project()
    item = make.item(project)
    make.ranked(project, [item])
    who = make.member(project)
    [lent] = make.lease(who)
    assert accept(project, item) == []
    # A race: it was accepted before the lease was seen.
    Resolution.objects.create(
        project=project,
        item=item,
        labels=["x"],
        source="auto",
        confidence=0.99,
        label_set_id=project.label_set_pk,
        created_at=lent.leased_at,
    )
    Item.objects.filter(pk=item.pk).update(state="settled")

    make.vote(who, lent, given)
    settle.settle_project(project.pk)

    assert label_of(item) == ("consensus", [given])
    # The first label of people, and no correction of one.
    assert ProjectCounter.confident_of(project.pk) == 1
    assert ProjectCounter.toward_retrain(project.pk) == 1


def test_other_labels_in_force_meanwhile_let_nothing_through() -> None:
    project = make.project()
    item = make.item(project)

    with transaction.atomic():
        accepted = automatic.accept(
            project, {item.pk: SURE}, model_number=1, label_set_id=0
        )

    assert accepted == []


def test_the_export_says_that_nobody_gave_it() -> None:
    project = make.project()
    item = make.item(project)
    accept(project, item)
    call = make.Caller(make.manager_of(project).user)

    reply = call("get", f"projects/{project.slug}/export/?format=jsonl")

    row = json.loads(b"".join(reply.streaming_content))
    assert (row["label"], row["label_source"], row["votes"]) == ("x", "auto", [])
    assert row["confidence"] == pytest.approx(0.99)
