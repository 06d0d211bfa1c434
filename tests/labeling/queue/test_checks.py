"""Who surely answers too few gold questions right gets no more items."""

from __future__ import annotations

import pytest

from labeling import queries
from labeling.models import Annotation, Assignment, Gold, Membership, Project
from labeling.services.projects import label_sets
from labeling.services.queue import allowance, questions
from labeling.services.queue.lease import lease
from labeling.services.votes import change
from tests import make

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("exact_counts")]


def after(right: int, wrong: int, *, least_skill: float) -> Membership:
    """Return a person who has answered so many gold questions right and wrong."""
    project: Project = make.project(gold_rate=0.5, least_skill=least_skill)
    who = make.member(project)
    for number in range(right + wrong):
        make.vote(who, asked(who), "x" if number < right else "y")
    make.ranked(project, make.items(project, 5))
    return who


def asked(who: Membership) -> Assignment:
    """Return a new gold question, lent to a person."""
    Gold.objects.create(
        item=make.item(who.project, state="settled"),
        labels=["x"],
        label_set_id=who.project.label_set_pk,
        is_question=True,
    )
    return Assignment.objects.get(pk__in=questions.lend(who, 1))


def test_who_falls_surely_short_gets_nothing_and_is_told_why() -> None:
    who = after(3, 9, least_skill=0.7)
    lent = lease(who, 2)
    assert (lent.assignments, lent.reason) == ([], "skill")


def test_few_or_mixed_answers_stop_nobody() -> None:
    few = after(0, allowance.LEAST_QUESTIONS - 1, least_skill=0.7)
    mixed = after(6, 4, least_skill=0.7)
    assert not allowance.of(few).reason
    assert not allowance.of(mixed).reason
    assert len(lease(mixed, 2).assignments) == 2


def test_known_answers_count_where_no_more_questions_are_asked() -> None:
    who = after(3, 9, least_skill=0.7)
    Project.objects.update(gold_rate=0.0)
    who.refresh_from_db()
    assert lease(who, 2).reason == "skill"


def test_an_answer_that_is_changed_or_taken_back_counts_as_what_it_is_now() -> None:
    who = after(2, 1, least_skill=0.0)
    wrong, right = Annotation.votes.order_by("-pk")[:2]

    change.edit(who, wrong.pk, 1, {"labels": ["x"]})
    assert queries.gold_votes(who) == (3, 3)
    change.edit(who, wrong.pk, 2, {"comment": "sure"})
    change.edit(who, right.pk, 1, {"labels": ["y"]})
    assert queries.gold_votes(who) == (3, 2)
    change.undo(who, right.pk, 2)
    change.undo(who, wrong.pk, 3)
    assert queries.gold_votes(who) == (1, 1)


def test_a_late_answer_to_a_question_counts_too() -> None:
    who = after(1, 0, least_skill=0.0)
    late = asked(who)
    Assignment.objects.filter(pk=late.pk).update(expires_at="2020-01-01T00:00:00Z")

    make.vote(who, late, "x")

    assert queries.gold_votes(who) == (2, 2)


def test_what_was_right_stays_right_under_another_name() -> None:
    who = after(2, 1, least_skill=0.0)
    drafts = [label_sets.LabelDraft("z"), label_sets.LabelDraft("y")]

    label_sets.revise(who.project, who.user, drafts, {"x": "z"})

    assert queries.gold_votes(who) == (3, 2)


def test_without_a_limit_nobody_is_measured() -> None:
    who = after(0, 12, least_skill=0.0)
    assert not allowance.of(who).reason
    assert lease(who, 1).assignments
