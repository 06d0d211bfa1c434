"""Ask back: one question in words to those who voted, and their answers.

Whoever is asked sees the item, their own vote and the question; nothing of the others.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from django.db import transaction
from django.db.models import Prefetch, QuerySet
from django.utils import timezone

from labeling import rules
from labeling.errors import ConflictError, InvalidInputError, NotFoundError
from labeling.messages import in_language
from labeling.messages import sentence as _
from labeling.models import (
    Annotation,
    AnnotationEvent,
    Deferral,
    Disagreement,
    Inquiry,
    Membership,
)
from labeling.services.experts import adjudicate, blind, decisions
from labeling.services.work import events

MOST_LETTERS: Final = 2000


@dataclass(frozen=True)
class AskedQuestion:
    """A question with the answers by pseudonym, and how many are still to come."""

    question: str
    answers: list[tuple[str, str]]
    missing: int


def ask(member: Membership, disagreement_id: int, text: str) -> int:
    """Ask those who voted, once, and put the disagreement off; return how many.

    Only an expert who has answered blind may ask, since the answers tell of the votes.

    Raises InvalidInputError for a text that is empty or too long, NotFoundError where
    the project has no such disagreement, and ConflictError where it is decided, not
    answered blind, asked about already, or where nobody can be asked.
    """
    words = _checked("question", text)
    with transaction.atomic():
        disagreement, _item = decisions.locked(member, disagreement_id)
        _must_wait(disagreement)
        if blind.blind_labels(member, disagreement_id) is None:
            raise ConflictError(_("Answer it blind first; then the votes are shown."))
        # Under the lock of the disagreement, or two experts could both ask.
        if Inquiry.objects.filter(disagreement=disagreement).exists():
            raise ConflictError(_("Those who voted were asked already."))
        people = _voters(member, disagreement)
        now = timezone.now()
        Inquiry.objects.bulk_create(
            Inquiry(
                disagreement=disagreement,
                asked_by_id=member.user_id,
                annotator_id=pk,
                question=words,
                asked_at=now,
            )
            for pk in people
        )
        events.append(
            disagreement,
            AnnotationEvent.Kind.ASKED,
            {"comment": words},
            actor_id=member.user_id,
        )
        # It takes the same locks once more, which this transaction holds already.
        adjudicate.defer(member, disagreement.pk)
    return len(people)


def _voters(member: Membership, disagreement: Disagreement) -> list[int]:
    """Return who can be asked: others who voted and are still in the project."""
    votes = Annotation.votes.filter(item_id=disagreement.item_id, undone_at=None)
    people = (
        Membership.objects.active()
        .filter(project_id=member.project_id, user__in=votes.values("annotator"))
        .exclude(user_id=member.user_id)
        .order_by("pk")
    )
    if not people:
        raise ConflictError(_("Nobody who voted can be asked any more."))
    return [person.user_id for person in people]


def answer(member: Membership, inquiry_id: int, text: str) -> Inquiry:
    """Keep a person's answer; the disagreement is not put off any longer.

    Raises InvalidInputError for a text that is empty or too long, NotFoundError where
    the person has no such question, and ConflictError where it is answered or the
    disagreement decided already.
    """
    words = _checked("answer", text)
    with transaction.atomic():
        inquiry = (
            Inquiry.objects.select_for_update(of=("self",))
            .select_related("disagreement")
            .filter(
                pk=inquiry_id,
                annotator_id=member.user_id,
                disagreement__project_id=member.project_id,
            )
            .first()
        )
        if inquiry is None:
            raise NotFoundError(_("There is no such question to you."))
        if inquiry.answered_at is not None:
            raise ConflictError(_("You have answered this question already."))
        _must_wait(inquiry.disagreement)
        inquiry.answer, inquiry.answered_at = words, timezone.now()
        inquiry.save(update_fields=["answer", "answered_at"])
        events.append(
            inquiry.disagreement,
            AnnotationEvent.Kind.REPLIED,
            {"comment": words},
            actor_id=member.user_id,
        )
        Deferral.objects.filter(
            disagreement=inquiry.disagreement_id, expert_id=inquiry.asked_by_id
        ).delete()
    return inquiry


def waiting_for(member: Membership) -> QuerySet[Inquiry]:
    """Questions to a person that wait for an answer, with the person's own votes."""
    # Privacy: only the person's own votes are read, so no template can show others.
    own = Annotation.votes.filter(annotator_id=member.user_id, undone_at=None)
    return (
        Inquiry.objects.select_related("disagreement__item__media")
        .prefetch_related(
            Prefetch("disagreement__item__annotations", queryset=own, to_attr="own")
        )
        .filter(
            annotator_id=member.user_id,
            answered_at=None,
            disagreement__project_id=member.project_id,
            disagreement__resolved_at=None,
        )
        .order_by("pk")
    )


def of(disagreement: Disagreement) -> AskedQuestion | None:
    """Return what was asked about a disagreement, for experts who answered it blind."""
    inquiries = list(
        Inquiry.objects.filter(disagreement=disagreement).order_by("answered_at")
    )
    if not inquiries:
        return None
    votes = Annotation.votes.filter(item_id=disagreement.item_id, undone_at=None)
    voted = list(votes.order_by("pk").values_list("annotator_id", flat=True))
    # Numbered as in ``blind.votes_of``: an answer stands under the name of its vote.
    names = {pk: f"A{number}" for number, pk in enumerate(voted, start=1)}
    answered = [row for row in inquiries if row.answered_at is not None]
    return AskedQuestion(
        inquiries[0].question,
        # A person who has undone the vote since has no number any more.
        [(names.get(row.annotator_id, "–"), row.answer) for row in answered],
        len(inquiries) - len(answered),
    )


def _must_wait(disagreement: Disagreement) -> None:
    if disagreement.resolved_at is not None:
        raise ConflictError(_("It is decided already."))


def _checked(name: str, text: str) -> str:
    words = text.strip()
    why = in_language(rules.storable(words))
    if not words:
        why = _("Say it in words.")
    elif len(words) > MOST_LETTERS:
        why = _("At most %(number)d letters.") % {"number": MOST_LETTERS}
    if why:
        raise InvalidInputError(errors={name: [why]})
    return words
