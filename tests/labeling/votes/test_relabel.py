"""Labels that are renamed and merged: what is labeled follows, votes stay as given."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import transaction

from labeling.errors import InvalidInputError
from labeling.models import (
    Annotation,
    AnnotationEvent,
    Gold,
    Item,
    Project,
    Resolution,
)
from labeling.services.projects import label_sets
from labeling.services.votes import gold, relabel, settle
from labeling.services.work import events
from tests import make

Kind = AnnotationEvent.Kind
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("exact_counts")]


def labeled(*labels: str) -> tuple[Project, Item]:
    """Return a multi-label project with an item that one vote has labeled so."""
    project = make.project(labels=("x", "y", "z"), task_type="multi")
    item = make.item(project)
    who = make.member(project)
    make.vote(who, make.lease(who)[0], *labels)
    settle.settle_project(project.pk)
    return project, item


def revise(project: Project, names: Sequence[str], mapping: Mapping[str, str]) -> None:
    drafts = [label_sets.LabelDraft(name) for name in names]
    manager = make.manager_of(project).user
    label_sets.revise(project, manager, drafts, mapping)
    project.refresh_from_db()


def current(item: Item) -> Resolution:
    return Resolution.objects.get(item=item, superseded_at=None)


def test_labels_that_become_one_are_named_once_and_their_shares_added() -> None:
    project, item = labeled("x", "y")

    revise(project, ["both", "z"], {"x": "both", "y": "both"})

    label = current(item)
    assert (label.labels, label.soft_label) == (["both"], {"both": 1.0})
    assert label.label_set_id == project.label_set_id
    assert Annotation.votes.get().labels == ["x", "y"]
    settle.settle_project(project.pk)
    assert current(item) == label


@pytest.mark.django_db(transaction=True)
def test_a_vote_and_new_labels_do_not_wait_for_each_other() -> None:
    project, item = labeled("x")
    who = make.member(project)

    @make.threaded
    def rename() -> None:
        revise(project, ["z", "y"], {"x": "z"})

    with ThreadPoolExecutor(1) as other:
        with transaction.atomic():
            Item.objects.filter(pk=item.pk).update(is_unsettled=True)
            # Its reference to the project is checked at the commit, as that of a vote.
            events.append(item, Kind.CHECKED, {}, actor_id=who.user_id)
            renaming = other.submit(rename)
            make.await_waiting()
        renaming.result()

    assert current(item).labels == ["z"]


@pytest.mark.django_db(transaction=True)
def test_a_label_is_renamed_item_by_item_and_each_before_its_label() -> None:
    project = make.project(labels=("x", "y"))
    first, second = make.items(project, 2)
    who = make.member(project)
    for assignment in make.lease(who, 2):
        make.vote(who, assignment, "x")
    settle.settle_project(project.pk)
    # So the second one comes first in the table.
    Item.objects.filter(pk=first.pk).update(tags=["moved"])
    manager = make.manager_of(project).user

    @make.threaded
    def rename() -> None:
        drafts = [label_sets.LabelDraft(name) for name in ("z", "y")]
        label_sets.revise(project, manager, drafts, {"x": "z"})

    with ThreadPoolExecutor(1) as other:
        with transaction.atomic():
            Item.objects.select_for_update(no_key=True).get(pk=first.pk)
            renaming = other.submit(rename)
            make.await_waiting()
            Item.objects.select_for_update(nowait=True).get(pk=second.pk)
            Resolution.objects.select_for_update(nowait=True).get(item=first)
        renaming.result()

    assert (current(first).labels, current(second).labels) == (["z"], ["z"])


def test_known_answers_get_the_new_names() -> None:
    project = make.project(labels=("x", "y"))
    gold.record(project, [(make.item(project), ["x"])])

    revise(project, ["a", "y"], {"x": "a"})

    known = Gold.objects.get()
    assert (known.labels, known.label_set_id) == (["a"], project.label_set_id)


def test_a_vote_is_read_by_the_names_of_today_however_often_they_changed() -> None:
    project, _ = labeled("x")
    first = project.label_set_pk

    revise(project, ["a", "y", "z"], {"x": "a"})
    revise(project, ["b", "y", "z"], {"a": "b"})

    names = relabel.names_now(project.pk)
    assert relabel.translated(["x", "y"], names[first]) == ("b", "y")
    assert names[project.label_set_pk] == {}


def test_a_label_in_use_cannot_go_and_none_becomes_a_label_that_is_not_there() -> None:
    project, _ = labeled("x")

    with pytest.raises(InvalidInputError):
        revise(project, ["y", "z"], {})
    with pytest.raises(InvalidInputError):
        revise(project, ["y", "z"], {"x": "w"})
