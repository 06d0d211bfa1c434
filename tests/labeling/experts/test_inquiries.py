"""Ask back: once, in words, to those who voted and to nobody else."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction
from django.db.models import F

from labeling.errors import ConflictError, InvalidInputError, NotFoundError
from labeling.models import Deferral, Disagreement, Inquiry, Membership
from labeling.services.experts import adjudicate, blind, inquiries
from labeling.services.experts.decisions import Decision
from tests import make
from tests.labeling.experts.test_adjudicate import dispute, experts, kinds

pytestmark = pytest.mark.django_db


def seen() -> tuple[Disagreement, Membership]:
    """A disagreement, and an expert who has answered it blind."""
    disagreement = dispute(make.project(overlap=2))
    (expert,) = experts(disagreement.project, 1)
    blind.label_blind(expert, disagreement.pk, ("x",))
    return disagreement, expert


def voters(of: Disagreement) -> list[Membership]:
    votes = of.item.annotations.filter(undone_at=None).order_by("pk")
    return [
        Membership.objects.select_related("project", "user").get(
            project=of.project, user_id=vote.annotator_id
        )
        for vote in votes
    ]


def test_who_voted_is_asked_and_the_expert_reads_the_answers() -> None:
    disagreement, expert = seen()
    first, second = voters(disagreement)
    bystander = make.member(disagreement.project)

    assert inquiries.ask(expert, disagreement.pk, "  What made you say so?\n") == 2
    (asked,) = inquiries.waiting_for(second)
    inquiries.answer(second, asked.pk, "It says so at the end.")

    told = inquiries.of(disagreement)
    assert told == inquiries.AskedQuestion(
        "What made you say so?", [("A2", "It says so at the end.")], missing=1
    )
    assert not inquiries.waiting_for(second).exists()
    assert inquiries.waiting_for(first).count() == 1
    assert not inquiries.waiting_for(bystander).exists()
    assert kinds(disagreement.item) == ["asked", "replied"]


def test_what_was_asked_is_put_off_until_there_is_an_answer() -> None:
    disagreement, expert = seen()
    other = dispute(disagreement.project)
    inquiries.ask(expert, disagreement.pk, "Why?")
    assert adjudicate.next_for(expert) == other

    first = voters(disagreement)[0]
    inquiries.answer(first, inquiries.waiting_for(first)[0].pk, "So.")

    assert adjudicate.next_for(expert) == disagreement
    assert not Deferral.objects.exists()


def test_it_is_asked_once_and_answered_once() -> None:
    disagreement, expert = seen()
    first = voters(disagreement)[0]
    inquiries.ask(expert, disagreement.pk, "Why?")
    (asked,) = inquiries.waiting_for(first)
    inquiries.answer(first, asked.pk, "So.")

    with pytest.raises(ConflictError, match="asked already"):
        inquiries.ask(expert, disagreement.pk, "Why else?")
    with pytest.raises(ConflictError, match="answered this question already"):
        inquiries.answer(first, asked.pk, "Or not.")

    assert Inquiry.objects.get(pk=asked.pk).answer == "So."


def test_only_who_has_answered_blind_may_ask() -> None:
    disagreement = dispute(make.project(overlap=2))
    (expert,) = experts(disagreement.project, 1)

    with pytest.raises(ConflictError, match="blind first"):
        inquiries.ask(expert, disagreement.pk, "Why?")


def test_once_it_is_decided_nobody_is_asked_any_more() -> None:
    disagreement, expert = seen()
    first = voters(disagreement)[0]
    inquiries.ask(expert, disagreement.pk, "Why?")
    (asked,) = inquiries.waiting_for(first)
    adjudicate.resolve(expert, disagreement.pk, Decision(("x",)))

    assert not inquiries.waiting_for(first).exists()
    with pytest.raises(ConflictError, match="decided already"):
        inquiries.answer(first, asked.pk, "So.")
    with pytest.raises(ConflictError, match="decided already"):
        inquiries.ask(expert, disagreement.pk, "Why?")


def test_who_left_is_not_asked_nor_is_the_expert_who_voted() -> None:
    disagreement, expert = seen()
    first, second = voters(disagreement)
    make.leave(disagreement.project, first.user)
    disagreement.item.annotations.filter(annotator_id=second.user_id).update(
        annotator_id=expert.user_id
    )

    with pytest.raises(ConflictError, match="Nobody who voted can be asked"):
        inquiries.ask(expert, disagreement.pk, "Why?")

    assert not Deferral.objects.exists()


@pytest.mark.parametrize("words", ["", " \n", "a\x00b", "x" * 2001])
def test_a_question_and_an_answer_are_words(words: str) -> None:
    disagreement, expert = seen()
    with pytest.raises(InvalidInputError):
        inquiries.ask(expert, disagreement.pk, words)
    inquiries.ask(expert, disagreement.pk, "Why?")
    first = voters(disagreement)[0]

    with pytest.raises(InvalidInputError):
        inquiries.answer(first, inquiries.waiting_for(first)[0].pk, words)


def test_nobody_answers_for_another_or_asks_in_another_project() -> None:
    disagreement, expert = seen()
    first, second = voters(disagreement)
    inquiries.ask(expert, disagreement.pk, "Why?")
    (asked,) = inquiries.waiting_for(first)
    (stranger,) = experts(make.project(), 1)
    elsewhere = make.member(stranger.project, who=first.user)

    for who in (second, expert, elsewhere):
        with pytest.raises(NotFoundError):
            inquiries.answer(who, asked.pk, "So.")
    with pytest.raises(NotFoundError):
        inquiries.ask(stranger, disagreement.pk, "Why?")
    assert not inquiries.waiting_for(elsewhere).exists()


def test_the_database_keeps_no_answer_without_words_or_date() -> None:
    disagreement, expert = seen()
    inquiries.ask(expert, disagreement.pk, "Why?")

    for change in ({"answer": "So."}, {"answered_at": F("asked_at")}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Inquiry.objects.update(**change)
