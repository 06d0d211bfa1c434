"""The order by gain per minute: off by itself, and only what the rule chooses."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from activelearn.models import LearningPolicy
from activelearn.services.ordering import pacing, ranking
from labeling.models import Annotation, Item, Project, QueueEntry
from labeling.services.votes import settle
from tests import make

pytestmark = pytest.mark.django_db


def texts(votes: int, **settings: Any) -> Project:
    """Return a project of short and long texts, and votes that take as long as these are."""
    project = make.project(labels=("card", "weather"), strategy="margin", **settings)
    rng = np.random.default_rng(2)
    for number in range(votes + 60):
        word = ("card", "rain")[number % 2]
        words = " ".join(
            rng.choice(["so", "and", word, "then"], size=4 + 40 * (number % 3))
        )
        make.item(
            project,
            data={"text": f"{words} {number}"},
            split="evaluation" if number % 10 == 0 else "pool",
        )
    ranking.rank(project)
    who = make.member(project)
    while votes > 0:
        for assignment in make.lease(who, min(votes, 50)):
            text = str(assignment.item.data["text"])
            make.vote(who, assignment, "card" if "card" in text else "weather")
            votes -= 1
    for vote in Annotation.votes.select_related("item"):
        vote.seconds = 1 + len(str(vote.item.data)) / 20
        vote.save(update_fields=["seconds"])
    settle.settle_project(project.pk)
    return project


def first_ones(project: Project, count: int = 20) -> list[QueueEntry]:
    ranking.rank(project)
    entries = QueueEntry.objects.filter(project=project, is_first=True)
    return list(entries.select_related("item").order_by("rank")[:count])


def length(entries: list[QueueEntry]) -> float:
    chosen = [e for e in entries if e.reason == "model"]
    return float(np.mean([len(str(e.item.data["text"])) for e in chosen]))


def test_it_is_off_until_it_is_asked_for_and_then_short_ones_go_first() -> None:
    project = texts(80)
    assert not LearningPolicy.of(project.pk).by_minute
    before = first_ones(project)

    LearningPolicy.objects.filter(project=project).update(by_minute=True)
    after = first_ones(project)

    assert length(after) < length(before)
    # Chance keeps its share.
    ranked = QueueEntry.objects.filter(project=project, is_first=True)
    assert "random" in set(ranked.values_list("reason", flat=True))


def test_what_items_take_is_learned_of_votes_one_by_one() -> None:
    project = texts(80)
    learned = pacing.durations_of(project)
    assert learned is not None
    assert learned.power > 0.3
    table = ranking.material_of(project).table
    told = pacing.seconds_of(project, table)
    assert told is not None
    seconds = told(np.arange(len(table.ids)))
    open_ones = list(Item.objects.filter(project=project, votes=0).pool())
    places = {int(pk): place for place, pk in enumerate(table.ids)}
    by_length = sorted(open_ones, key=lambda item: len(str(item.data["text"])))
    own = [seconds[places[item.pk]] for item in by_length]
    assert own[0] < own[-1]

    Annotation.votes.update(screen="grid")
    assert pacing.durations_of(project) is None
    assert pacing.seconds_of(project, table) is None


def test_no_item_is_measured_but_those_of_the_short_list() -> None:
    project = texts(80)
    LearningPolicy.objects.filter(project=project).update(by_minute=True)
    table = ranking.material_of(project).table
    with CaptureQueriesContext(connection) as few:
        told = pacing.seconds_of(project, table)
    assert told is not None
    # One query, of the newest votes: of the open items none is read.
    assert len(few) == 1
    assert "labeling_annotation" in few.captured_queries[0]["sql"]

    with CaptureQueriesContext(connection) as asked:
        seconds = told(np.array([3, 1]))

    (query,) = asked.captured_queries
    assert f"IN ({table.ids[3]}, {table.ids[1]})" in query["sql"]
    assert len(seconds) == 2
    # One that goes meanwhile costs nothing.
    Item.objects.get(pk=table.ids[3]).delete()
    assert told(np.array([3]))[0] > 0


def test_an_order_without_times_is_that_of_before() -> None:
    project = texts(30)
    LearningPolicy.objects.filter(project=project).update(by_minute=True)
    table = ranking.material_of(project).table

    # Thirty votes say too little.
    assert pacing.seconds_of(project, table) is None
    assert first_ones(project)


def test_pictures_have_no_length() -> None:
    project = make.project(data_type="image")
    assert pacing.seconds_of(project, None) is None  # type: ignore[arg-type]
