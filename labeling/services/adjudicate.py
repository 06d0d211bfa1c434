"""Experts settle what the votes do not: blind first, then with the votes in view."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from labeling import rules
from labeling.errors import ConflictError, InvalidInputError, NotFoundError
from labeling.models import (
    Annotation,
    BlindAnswer,
    Disagreement,
    Item,
    Membership,
    Resolution,
)
from labeling.services import annotate, queue, relabel, settle


@dataclass(frozen=True)
class Decision:
    """What an expert decides of a disagreement."""

    labels: tuple[str, ...] = ()
    outcome: str = "resolved"
    note: str = ""


def answer_blind(
    member: Membership, disagreement_id: int, labels: tuple[str, ...]
) -> list[dict[str, Any]]:
    """Keep the expert's own first answer, then return the votes without names."""
    checked = annotate.checked_labels(member.project, labels)
    with transaction.atomic():
        found = _open(member, disagreement_id)
        BlindAnswer.objects.get_or_create(
            disagreement=found, expert_id=member.user_id, defaults={"labels": checked}
        )
    return votes_of(found.item_id)


def has_answered(member: Membership, disagreement_id: int) -> bool:
    """Whether the expert has answered this open disagreement blind already."""
    return BlindAnswer.objects.filter(
        disagreement=disagreement_id,
        disagreement__project_id=member.project_id,
        expert_id=member.user_id,
    ).exists()


def begun(member: Membership) -> BlindAnswer | None:
    """Return the expert's blind answer that still waits for a decision."""
    return (
        BlindAnswer.objects.select_related(
            "disagreement__item", "disagreement__item__media"
        )
        .filter(
            expert_id=member.user_id,
            disagreement__project_id=member.project_id,
            disagreement__resolved_at=None,
        )
        .order_by("pk")
        .first()
    )


def votes_of(item_id: int) -> list[dict[str, Any]]:
    """Return an item's standing votes; annotators are A1, A2, … in voting order."""
    votes = list(
        Annotation.objects.select_related("guideline")
        .filter(item_id=item_id, undone_at=None)
        .order_by("pk")
    )
    today = relabel.names_now(votes[0].project_id) if votes else {}
    return [
        {
            "annotator": f"A{number}",
            "labels": list(relabel.translated(vote.labels, today[vote.label_set_id])),
            "seconds": vote.seconds,
            "comment": vote.comment,
            "is_unsure": vote.is_unsure,
            "guideline_version": vote.guideline.version if vote.guideline else None,
            "suggestion_shown": vote.suggestion_shown,
        }
        for number, vote in enumerate(votes, start=1)
    ]


def resolve(
    member: Membership, disagreement_id: int, decision: Decision
) -> Disagreement:
    """Settle a disagreement for good."""
    if decision.outcome not in ("resolved", "ambiguous", "invalid"):
        raise InvalidInputError(
            errors={
                "outcome": [
                    _("One of %(values)s.") % {"values": "resolved, ambiguous, invalid"}
                ]
            }
        )
    with transaction.atomic():
        found = _open(member, disagreement_id)
        item = Item.objects.select_for_update(no_key=True).get(pk=found.item_id)
        if decision.outcome != Disagreement.Outcome.INVALID:
            found.resolution = _label(member, item, decision)
        found.resolved_at = timezone.now()
        found.resolved_by = member.user
        found.outcome = decision.outcome
        found.note = decision.note
        found.save()
        _close(item, decision)
        settle.tell_settled(item.project_id)
    return found


def _open(member: Membership, disagreement_id: int) -> Disagreement:
    found = (
        Disagreement.objects.select_for_update(of=("self",))
        .filter(pk=disagreement_id, project_id=member.project_id)
        .first()
    )
    if found is None:
        raise NotFoundError(_("There is no such disagreement in this project."))
    if found.resolved_at is not None:
        raise ConflictError(
            _("It was resolved meanwhile."),
            outcome=found.outcome,
            labels=found.resolution.labels if found.resolution else [],
        )
    return found


def _label(member: Membership, item: Item, decision: Decision) -> Resolution:
    """Record the expert's label; of an ambiguous item also the share of the votes."""
    project = member.project
    is_ambiguous = decision.outcome == Disagreement.Outcome.AMBIGUOUS
    votes = [tuple(vote["labels"]) for vote in votes_of(item.pk)]
    labels = decision.labels
    if is_ambiguous and not labels and votes:
        labels = max(sorted(set(votes)), key=votes.count)
    checked = annotate.checked_labels(project, labels)
    shares = rules.soft_label(votes) if is_ambiguous else {}
    resolution = Resolution(
        project=project,
        item=item,
        labels=checked,
        source=Resolution.Source.EXPERT,
        confidence=max((shares.get(one, 0.0) for one in checked), default=0.0)
        if is_ambiguous
        else 1.0,
        soft_label=shares or dict.fromkeys(checked, 1.0),
        label_set_id=project.label_set_pk,
        guideline_id=project.guideline_id,
        decided_by=member.user,
        created_at=timezone.now(),
    )
    if settle.record_resolution(resolution):
        settle.count_confident(project.pk, 1)
    return resolution


def _close(item: Item, decision: Decision) -> None:
    is_invalid = decision.outcome == Disagreement.Outcome.INVALID
    item.state = Item.State.INVALID if is_invalid else Item.State.SETTLED
    item.is_unsettled = False
    item.save(update_fields=["state", "is_unsettled"])
    queue.withdraw([item.pk])
