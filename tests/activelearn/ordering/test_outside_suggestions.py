"""Suggestions of a source from outside: by the rules of our own model's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from activelearn.core.strategies import ordering
from activelearn.services.ordering import ranking
from labeling import rules
from labeling.models import Gold, Item, OutsidePrediction, Project, QueueEntry
from labeling.services.projects import effects, policy
from labeling.services.transfer.outside import using
from labeling.services.votes import suggestions
from tests import make
from tests.labeling.transfer.predicted import predicted

pytestmark = pytest.mark.django_db
UNMIXED = {"exploration_rate": 0.0, "evaluation_rate": 0.0}


def said_by_llm(count: int = 30, **values: Any) -> tuple[Project, list[Item]]:
    """Return a project whose source is less sure of each item than before."""
    settings = {
        "suggestion_mode": "assist",
        "suggestions_by": "llm",
        "strategy": "external",
        "ranked_by": "llm",
        **UNMIXED,
        **values,
    }
    project = make.project(**settings)
    items = make.items(project, count)
    predict(project, items)
    return project, items


def predict(project: Project, items: Sequence[Item]) -> None:
    rows = [
        {"id": item.external_id, "label": "x", "score": 1 - place / 200}
        for place, item in enumerate(items)
    ]
    predicted(project, *rows)


def shown(project: Project) -> dict[int, Any]:
    """Return what people are shown with each item of the queue that they are lent."""
    ranking.rank(project)
    voter = make.member(project)
    return {
        lent.item_id: suggestions.shown(voter.project, lent)
        for lent in make.lease(voter, 50)
    }


def queued(project: Project) -> int:
    """Return how many entries of a new order have a suggestion."""
    ranking.rank(project)
    return QueueEntry.objects.filter(project=project).exclude(suggestion=None).count()


def is_hidden(project: Project, item: Item) -> bool:
    draw = rules.draw(project.seed, f"blind:{item.pk}")
    return draw < suggestions.BLIND_SHARE


def test_what_a_source_predicts_is_suggested_but_for_one_in_twenty() -> None:
    project, items = said_by_llm()
    while not any(is_hidden(project, item) for item in items):
        project.seed += 1
    project.save(update_fields=["seed"])

    told = shown(project)

    first = items[0]
    assert len(told) == 30
    expected = {
        "label": "x",
        "confidence": 1.0,
        "calibrated": False,
        "source": "llm",
    }
    assert told[first.pk] in (expected, None)
    hidden = {item.pk for item in items if is_hidden(project, item)}
    assert {pk for pk, suggestion in told.items() if suggestion is None} == hidden


def test_the_mode_of_the_project_holds() -> None:
    project, _ = said_by_llm(suggestion_mode="blind")

    assert queued(project) == 0
    assert set(shown(project).values()) == {None}


def test_without_a_name_suggestions_are_the_own_models() -> None:
    project, _ = said_by_llm(suggestions_by="")

    assert set(shown(project).values()) == {None}


def test_held_out_items_are_answered_blind() -> None:
    project, items = said_by_llm(evaluation_rate=0.5)
    ids = [item.pk for item in items]
    Item.objects.filter(pk__in=ids[:15]).update(split="evaluation")

    told = shown(project)

    assert {told[pk] for pk in ids[:15] if pk in told} == {None}
    assert any(told[pk] for pk in ids[15:] if pk in told)
    # Not even where the order would have them be the model's choice.
    assert using.suggestions(project, ids).keys() == {*ids[15:]}


def test_gold_questions_are_answered_blind() -> None:
    project, items = said_by_llm()
    assert project.label_set is not None
    Gold.objects.create(
        item=items[0], labels=["x"], is_question=True, label_set=project.label_set
    )

    assert items[0].pk not in using.suggestions(project, [i.pk for i in items])


def test_random_items_are_answered_blind() -> None:
    project, _ = said_by_llm(exploration_rate=1.0)

    assert queued(project) == 0
    told = shown(project)

    assert len(told) == 30
    assert set(told.values()) == {None}


def test_items_of_several_votes_are_answered_blind() -> None:
    project, _ = said_by_llm(min_votes=2, overlap=2)

    assert set(shown(project).values()) == {None}


def test_an_order_that_is_not_the_sources_shows_nothing_before_a_model_chooses() -> (
    None
):
    # What chance or typical items begin with stays blind, as without any source.
    project, _ = said_by_llm(strategy="margin")

    assert set(shown(project).values()) == {None}


def test_what_is_said_in_lost_labels_is_not_suggested() -> None:
    project, items = said_by_llm()
    OutsidePrediction.objects.filter(item=items[0]).update(labels=["gone"])

    assert items[0].pk not in using.suggestions(project, [i.pk for i in items])


def test_several_labels_are_suggested_each_with_its_probability() -> None:
    project = make.project(task_type="multi", suggestions_by="llm")
    a, b, c = make.items(project, 3)
    predicted(
        project,
        {"id": a.external_id, "probabilities": {"x": 0.75, "y": 0.5}},
        {"id": b.external_id, "labels": ["x", "y"]},
        {"id": c.external_id, "probabilities": {"x": 0.25}},
    )

    told = using.suggestions(project, [a.pk, b.pk, c.pk])

    assert told[a.pk]["labels"] == {"x": 0.75, "y": 0.5}
    assert (told[a.pk]["label"], told[a.pk]["confidence"]) == ("x", 0.375)
    assert (told[b.pk]["label"], told[b.pk]["labels"]) == ("x", {"x": None, "y": None})
    assert (told[c.pk]["label"], told[c.pk]["labels"]) == ("", {})


def test_the_wire_says_whose_suggestion_it_is() -> None:
    project, items = said_by_llm()
    make.suggestible(project, items)
    ranking.rank(project)
    call = make.Caller(make.member(project).user)

    lent = call("post", f"projects/{project.slug}/queue/lease/", {"count": 1}).json()

    suggestion = lent["items"][0]["suggestion"]
    assert (suggestion["source"], suggestion["labels"]) == ("llm", ["x"])
    assert "model" not in suggestion


def test_what_the_source_is_least_sure_of_comes_first_before_any_label() -> None:
    project, items = said_by_llm()

    ranking.rank(project)

    first = QueueEntry.objects.filter(project=project).order_by("rank")
    assert {entry.reason for entry in first} == {"model"}
    # At the top they are unlike each other; all of them are there.
    assert {entry.item_id for entry in first} == {item.pk for item in items}


def test_the_order_is_that_of_its_doubt_beyond_the_batch() -> None:
    project, items = said_by_llm(count=120)

    ranking.rank(project, ordering.OrderLimits(window=20, batch=1, shortlist=1))

    entries = QueueEntry.objects.filter(project=project, is_first=True)
    order = [*entries.order_by("rank").values_list("item", flat=True)]
    assert order == [item.pk for item in items[:-21:-1]]


def test_items_without_a_score_follow() -> None:
    project, items = said_by_llm()
    others = make.items(project, 5)

    ranking.rank(project)

    entries = QueueEntry.objects.filter(project=project, is_first=True)
    order = [*entries.order_by("rank").values_list("item", "reason")]
    assert {pk for pk, _ in order[:30]} == {item.pk for item in items}
    assert {pk for pk, _ in order[30:]} == {item.pk for item in others}
    assert {reason for _, reason in order[30:]} == {"cold"}


def test_a_source_that_says_nothing_leaves_the_order_to_our_own_model() -> None:
    project, _ = said_by_llm(ranked_by="nobody")

    ranking.rank(project)

    reasons = QueueEntry.objects.filter(project=project).values_list(
        "reason", flat=True
    )
    assert set(reasons) == {"cold"}


def test_a_name_that_has_predicted_nothing_is_said_on_the_page_of_settings() -> None:
    project = make.project(suggestion_mode="assist")
    changed = policy.change(project, {"suggestions_by": "mistyped"})

    assert [str(each) for each in effects.without_effect(changed)] == [
        "No suggestions are shown: the source “mistyped” has predicted nothing."
    ]
