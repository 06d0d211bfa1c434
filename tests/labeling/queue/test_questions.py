"""Gold questions: asked of everybody, told apart by nobody, counted fairly."""

from __future__ import annotations

import json
import random

import pytest

from labeling import queries
from labeling.errors import InvalidInputError
from labeling.models import (
    Annotation,
    Assignment,
    Item,
    Project,
    Resolution,
    User,
)
from labeling.services.experts import adjudicate, blind, decisions
from labeling.services.queue import giving_back, questions
from labeling.services.votes import gold, settle
from tests import make

pytestmark = pytest.mark.django_db


def with_questions(count: int, gold_rate: float = 0.5, mode: str = "blind") -> Project:
    project = make.project(gold_rate=gold_rate, suggestion_mode=mode)
    known = make.items(project, count)
    gold.record(project, [(item, ["x"]) for item in known])
    manager = make.manager_of(project)
    questions.mark(manager, [item.external_id for item in known], is_question=True)
    make.ranked(project, make.items(project, 60))
    return project


def asked(who: User) -> list[Assignment]:
    return list(Assignment.objects.filter(annotator=who, reason="gold"))


def test_the_first_few_come_at_once_and_the_same_to_everybody() -> None:
    project = with_questions(3, gold_rate=0.01)
    people = [make.member(project) for _ in range(4)]

    leases = [make.lease(who, 10) for who in people]

    assert [len(lease) for lease in leases] == [10] * 4
    for who in people:
        assert len({assignment.item_id for assignment in asked(who.user)}) == 3


@pytest.mark.parametrize("ahead", [1, 10])
def test_questions_come_at_the_rate_however_many_items_are_held(ahead: int) -> None:
    random.seed(1)
    project = with_questions(40, gold_rate=0.25)
    who = make.member(project)
    for _ in range(60):
        make.vote(who, make.lease(who, ahead)[0], "x")

    assert 8 <= len(asked(who.user)) <= 30


def test_nobody_is_asked_a_question_twice() -> None:
    project = with_questions(4)
    who = make.member(project)
    for _ in range(6):
        for lent in make.lease(who, 5):
            make.vote(who, lent, "x")

    assert len(asked(who.user)) == 4
    assert Annotation.votes.filter(annotator=who.user, reason="gold").count() == 4


def test_no_rate_no_questions() -> None:
    project = with_questions(5, gold_rate=0.0)
    who = make.member(project)

    make.lease(who, 20)

    assert asked(who.user) == []


def test_nothing_in_a_lease_tells_a_question_from_another_item() -> None:
    project = with_questions(3, mode="assist")
    who = make.member(project)
    call = make.Caller(who.user)

    body = {"count": 10}
    items = call("post", f"projects/{project.slug}/queue/lease/", body).json()["items"]

    questions_asked = {assignment.item_id for assignment in asked(who.user)}
    kinds = {item["item"]["id"] in questions_asked: set(item) for item in items}
    assert kinds[True] == kinds[False]
    assert "gold" not in json.dumps(items)


def test_a_wrong_answer_does_not_change_the_known_one() -> None:
    project = with_questions(3, gold_rate=0.01)
    who = make.member(project)
    for lent in make.lease(who, 10):
        make.vote(who, lent, "y")

    settle.settle_project(project.pk)

    known = Resolution.objects.filter(source="gold", superseded_at=None)
    assert known.count() == 3
    assert Item.objects.filter(gold__isnull=False, state="settled").count() == 3


def test_an_expired_question_leaves_no_slot_for_others() -> None:
    project = with_questions(3, gold_rate=0.01)
    who, other = make.member(project), make.member(project)
    make.lease(who, 10)
    Assignment.objects.update(expires_at="2020-01-01T00:00:00Z")

    assert giving_back.reclaim() == 10

    again = make.lease(other, 50)
    assert len(again) == 50
    assert len(asked(other.user)) == 3


def test_people_see_how_they_did_with_the_uncertainty_of_it() -> None:
    project = with_questions(3, gold_rate=0.01)
    who = make.member(project)
    for number, lent in enumerate(
        sorted(make.lease(who, 10), key=lambda a: a.reason != "gold")
    ):
        make.vote(who, lent, "x" if number else "y")

    work = queries.own_work(who)

    assert (work.known, work.right) == (3, 2)
    assert work.right_interval is not None
    low, high = work.right_interval
    assert low < 2 / 3 < high


def test_only_what_is_known_for_sure_can_be_asked() -> None:
    project = make.project(overlap=2, min_votes=2)
    open_item, disputed = make.items(project, 2)
    make.ranked(project, [disputed], slots=2)
    for label in ("x", "y"):
        who = make.member(project)
        make.vote(who, make.lease(who)[0], label)
    settle.settle_project(project.pk)
    manager = make.manager_of(project)
    for name, why in (
        (open_item.external_id, "is not known"),
        (disputed.external_id, "is not known"),
        ("stranger", "is not an item"),
    ):
        with pytest.raises(InvalidInputError) as refusal:
            questions.mark(manager, [name], is_question=True)
        assert why in str(refusal.value.extra["errors"])

    expert = make.member(project, "expert")
    disagreement = disputed.disagreements.get()
    blind.label_blind(expert, disagreement.pk, ("x",))
    adjudicate.resolve(expert, disagreement.pk, decisions.Decision(("x",)))
    (made,) = questions.mark(expert, [disputed.external_id], is_question=True)

    assert (made.labels, made.is_question) == (["x"], True)


def test_by_the_api_those_who_see_the_data_mark_them() -> None:
    project = make.project()
    item = make.item(project)
    gold.record(project, [(item, ["x"])])
    path = f"projects/{project.slug}/gold-questions/"
    body = {"items": [item.external_id], "is_question": True}
    manager = make.Caller(make.manager_of(project).user)
    annotator = make.Caller(make.member(project).user)

    assert annotator("post", path, body).status_code == 403
    assert manager("post", path, {"items": "no list"}).status_code == 400
    answer = manager("post", path, body)

    assert answer.status_code == 200
    assert answer.json() == {"items": [item.external_id], "is_question": True}
    item.gold.refresh_from_db()
    assert item.gold.is_question
