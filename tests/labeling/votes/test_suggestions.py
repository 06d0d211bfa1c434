"""Suggestions: who may see the model's answer, and when."""

from __future__ import annotations

import pytest

from labeling.models import Annotation, Assignment, Item, Project
from labeling.services.votes import suggestions
from tests import make

SUGGESTION = {"label": "y", "confidence": 0.8, "model": 3}


def slot(*, reason: str = "model", number: int = 0, wanted: int = 1) -> Assignment:
    """Return an unsaved assignment of item 7 with a suggestion."""
    item = Item(pk=7, votes_wanted=wanted)
    return Assignment(item=item, slot=number, reason=reason, suggestion=SUGGESTION)


def project(mode: str = "assist", *, is_blind: bool = False) -> Project:
    """Return an unsaved project by whose seed item 7 is answered blind, or not."""
    some = Project(seed=0, suggestion_mode=mode)
    while suggestions.may_suggest(some, slot()) is is_blind:
        some.seed += 1
    return some


def test_a_share_of_the_items_stays_blind_by_the_seed_of_the_project() -> None:
    share = [
        not suggestions.may_suggest(Project(seed=seed), slot()) for seed in range(2000)
    ]
    assert 0.03 < sum(share) / len(share) < 0.07
    assert suggestions.shown(project(is_blind=True), slot()) is None
    assert suggestions.shown(project(), slot()) == SUGGESTION


@pytest.mark.parametrize(
    "blind",
    [
        slot(reason="random"),
        slot(reason="refill"),
        slot(reason="returned"),
        slot(reason="evaluation"),
        slot(reason="gold"),
        slot(reason="repeat"),
        slot(reason="second"),
        slot(number=1),
        slot(wanted=2),
    ],
)
def test_c8_all_but_what_the_model_picks_is_answered_blind(
    blind: Assignment,
) -> None:
    assert suggestions.shown(project(), blind) is None


@pytest.mark.parametrize(
    ("mode", "before", "after"),
    [
        ("blind", None, None),
        ("assist", SUGGESTION, None),
        ("reveal_after", None, SUGGESTION),
    ],
)
def test_the_mode_says_when_the_suggestion_is_seen(
    mode: str, before: object, after: object
) -> None:
    vote = Annotation(assignment=slot())
    assert suggestions.shown(project(mode), slot()) == before
    assert suggestions.revealed(project(mode), vote) == after
    assert suggestions.revealed(project(mode), Annotation()) is None


@pytest.mark.django_db
def test_nothing_is_shown_where_the_model_has_said_nothing() -> None:
    of = make.project(suggestion_mode="assist")
    make.suggestible(of, make.items(of, 1))
    who = make.member(of)
    assert suggestions.shown(of, make.lease(who)[0]) is None
