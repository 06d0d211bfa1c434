"""C8: each lease says why it was made, and only what was drawn is called random."""

from __future__ import annotations

import json
from importlib import import_module

import pytest
from django.apps import apps
from django.test import Client

from labeling.models import Annotation, Assignment, Item, Membership, QueueEntry
from labeling.services.queue import chosen, giving_back, order
from labeling.services.transfer import exporting
from labeling.services.votes import settle
from tests import make

pytestmark = pytest.mark.django_db
PICKED = {"reason": "random", "probability": 0.25, "model_number": 3}


def lent(who: Membership) -> Assignment:
    """Lend one item; return what is kept of it."""
    return Assignment.objects.get(pk=make.lease(who)[0].pk)


def picked(item: Item) -> None:
    """Make a new order of one item that was drawn at random."""
    entry = order.Entry(item.pk, 0, is_first=True, rank=0.0, **PICKED)  # type: ignore[arg-type]
    order.swap(item.project_id, [entry])


def test_c8_what_fills_a_queue_that_has_run_out_is_not_called_random() -> None:
    project = make.project(min_votes=2, overlap=2)
    make.items(project, 3)
    make.item(project, split="evaluation")

    make.lease(make.member(project), 4)

    kept = QueueEntry.objects.all(), Assignment.objects.all()
    told = {
        row
        for rows in kept
        for row in rows.values_list("slot", "reason", "probability")
    }
    assert told == {(0, "refill", None), (1, "second", None)}


def test_c8_what_is_chosen_has_nothing_of_the_pick_that_it_was_before() -> None:
    project = make.project(free_choice=True)
    item = make.item(project)
    picked(item)
    who = make.member(project)
    before = lent(who)
    assert (before.reason, before.probability) == ("random", 0.25)
    giving_back.release(who, before.pk)

    again = chosen.lease(who, [item.external_id]).assignments[0]

    kept = Assignment.objects.get(pk=again.pk)
    assert kept.pk == before.pk
    assert (kept.reason, kept.probability, kept.rank) == ("chosen", None, None)
    assert (kept.generation, kept.model_number, kept.suggestion) == (0, None, None)


def test_c8_what_was_chosen_and_given_back_is_not_called_random() -> None:
    project = make.project(free_choice=True)
    item = make.item(project)
    who = make.member(project)
    own = chosen.lease(who, [item.external_id]).assignments[0]
    giving_back.release(who, own.pk)

    other = lent(make.member(project))

    assert other.item == item
    assert (other.reason, other.probability) == ("returned", None)


def test_c8_a_pick_that_is_given_back_stays_what_it_was() -> None:
    project = make.project()
    picked(make.item(project))
    who = make.member(project)
    giving_back.skip(who, make.lease(who)[0].pk)

    other = lent(make.member(project))

    assert (other.reason, other.probability, other.model_number) == ("random", 0.25, 3)


def test_c8_the_export_and_the_history_say_how_an_item_was_asked() -> None:
    project = make.project()
    item = make.item(project)
    who = make.member(project)
    make.vote(who, make.lease(who)[0], "x")
    settle.settle_project(project.pk)

    [line] = b"".join(exporting.stream(project, "jsonl", {})).splitlines()
    browser = Client()
    browser.force_login(make.manager_of(project).user)
    page = browser.get(f"/projects/{project.slug}/items/{item.pk}/").content.decode()

    assert json.loads(line)["votes"][0]["reason"] == "refill"
    assert "asked as Refill" in page


def test_c8_a_home_of_before_tells_what_was_never_drawn() -> None:
    project = make.project()
    item, other = make.items(project, 2)
    who = make.member(project)
    make.vote(who, make.lease(who)[0], "x")
    Assignment.objects.update(reason="random")
    Annotation.votes.update(reason="random")
    picked(other)
    drawn = lent(who)
    mistaken = Assignment(
        project=project,
        item=item,
        annotator=make.user(),
        slot=1,
        leased_at=drawn.leased_at,
        expires_at=drawn.expires_at,
        reason="chosen",
        probability=0.5,
    )
    mistaken.save()

    import_module("labeling.migrations.0025_honest_reasons").name_them(apps, None)

    told = Assignment.objects.order_by("pk").values_list("reason", "probability")
    assert list(told) == [("refill", None), ("random", 0.25), ("chosen", None)]
    assert Annotation.votes.get().reason == "refill"
