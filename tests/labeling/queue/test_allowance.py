"""What a person may get now, as a pure function of a few facts."""

from __future__ import annotations

from typing import Any

import pytest

from labeling.models import ALL_PURPOSES, Membership, Project
from labeling.services.queue.allowance import (
    FIRST_FEW,
    LEAST_QUESTIONS,
    MAX_COUNT,
    Allowance,
    Facts,
    allowance,
    of,
)
from tests import make


def person(quota: int | None = None, **policy: Any) -> Membership:
    is_paused = policy.pop("is_paused", False)
    project = Project(**policy)
    return Membership(project=project, quota=quota, is_paused=is_paused)


def may_get(who: Membership, **facts: int) -> tuple[int, str | None]:
    allowed = allowance(who, Facts(**facts))
    return allowed.count, allowed.reason


def test_without_a_policy_everybody_may_get_as_much_as_one_call_gives() -> None:
    assert may_get(person(), held=40, answered=9000) == (MAX_COUNT, None)


@pytest.mark.parametrize(
    ("held", "answered", "expected"),
    [
        (0, 0, (20, None)),
        (3, 5, (12, None)),
        (1, 18, (1, None)),
        (5, 15, (0, "quota")),
        (5, 99, (0, "quota")),
    ],
)
def test_what_is_held_and_answered_counts_toward_a_quota(
    held: int, answered: int, expected: tuple[int, str | None]
) -> None:
    assert may_get(person(20), held=held, answered=answered) == expected


def test_a_large_quota_gives_no_more_than_one_call_does() -> None:
    assert may_get(person(10_000)) == (MAX_COUNT, None)


def test_a_paused_person_and_a_paused_project_get_nothing() -> None:
    assert may_get(person(is_paused=True)) == (0, "paused")
    assert may_get(Membership(project=Project(is_paused=True))) == (0, "paused")


@pytest.mark.parametrize(
    ("known", "right", "expected"),
    [
        (LEAST_QUESTIONS - 1, 0, None),
        (LEAST_QUESTIONS, 0, "skill"),
        (10, 6, None),
        (12, 3, "skill"),
        (200, 120, "skill"),
        (200, 140, None),
    ],
)
def test_only_who_is_surely_below_the_least_skill_gets_nothing(
    known: int, right: int, expected: str | None
) -> None:
    who = person(least_skill=0.7)
    assert may_get(who, known=known, known_right=right)[1] == expected


def test_a_pause_is_named_before_the_skill_and_the_skill_before_the_quota() -> None:
    facts = {"known": 20, "known_right": 0, "answered": 5}
    assert may_get(person(5, is_paused=True, least_skill=0.7), **facts)[1] == "paused"
    assert may_get(person(5, least_skill=0.7), **facts)[1] == "skill"
    assert may_get(person(5), **facts)[1] == "quota"


def test_whose_role_is_asked_for_nothing_is_told_why_by_the_queue() -> None:
    nobody: dict[str, Any] = {
        "first_votes_by": [],
        "further_votes_by": [],
        "evaluation_by": [],
    }
    assert may_get(person(**nobody)) == (0, None)


@pytest.mark.django_db
def test_the_facts_are_those_of_the_person_in_the_project() -> None:
    project = make.project(gold_rate=0.5)
    make.ranked(project, make.items(project, 9))
    who, other = make.member(project, quota=8), make.member(project)
    for assignment in [*make.lease(who, 3)[:2], *make.lease(other, 1)]:
        make.vote(
            who if assignment.annotator_id == who.user_id else other, assignment, "x"
        )

    assert of(who) == Allowance(5, None, ALL_PURPOSES, Facts(held=1, answered=2))


@pytest.mark.django_db
def test_no_more_gold_questions_are_counted_than_come_at_once() -> None:
    from labeling.models import Gold
    from labeling.services.queue import questions

    project = make.project(gold_rate=0.5)
    for item in make.items(project, FIRST_FEW + 2):
        item.state = "settled"
        item.save()
        Gold.objects.create(
            item=item, labels=["x"], label_set_id=project.label_set_pk, is_question=True
        )
    who = make.member(project)

    questions.lend(who, 1)
    assert of(who).facts == Facts(held=1, questions=1)
    questions.lend(who, FIRST_FEW + 1)
    assert of(who).facts == Facts(held=FIRST_FEW + 2, questions=FIRST_FEW)
