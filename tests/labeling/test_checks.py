"""Who surely answers too few gold questions right gets no more items."""

from __future__ import annotations

import pytest

from labeling.models import Gold, Membership, Project
from labeling.services import checks, questions, queue
from tests import make

pytestmark = pytest.mark.django_db


def after(right: int, wrong: int, *, least_skill: float) -> Membership:
    """Return a person who has answered so many gold questions right and wrong."""
    project: Project = make.project(gold_rate=0.5, least_skill=least_skill)
    who = make.member(project)
    for number in range(right + wrong):
        known = make.item(project, state="settled")
        Gold.objects.create(
            item=known,
            labels=["x"],
            label_set_id=project.label_set_pk,
            is_question=True,
        )
        (asked,) = questions.lend(who, 1)
        assignment = queue.own_assignment(who, asked)
        make.vote(who, assignment, "x" if number < right else "y")
    make.ranked(project, make.items(project, 5))
    return who


def test_who_falls_surely_short_gets_nothing_and_is_told_why() -> None:
    who = after(3, 9, least_skill=0.7)
    lease = queue.lease(who, 2)
    assert (lease.assignments, lease.reason) == ([], "skill")


def test_few_or_mixed_answers_stop_nobody() -> None:
    few = after(0, checks.LEAST_ANSWERS - 1, least_skill=0.7)
    mixed = after(6, 4, least_skill=0.7)
    assert not checks.falls_short(few)
    assert not checks.falls_short(mixed)
    assert len(queue.lease(mixed, 2).assignments) == 2


def test_known_answers_count_where_no_more_questions_are_asked() -> None:
    who = after(3, 9, least_skill=0.7)
    Project.objects.update(gold_rate=0.0)
    who.refresh_from_db()
    assert queue.lease(who, 2).reason == "skill"


def test_without_a_limit_nobody_is_measured() -> None:
    who = after(0, 12, least_skill=0.0)
    assert not checks.falls_short(who)
    assert queue.lease(who, 1).assignments
