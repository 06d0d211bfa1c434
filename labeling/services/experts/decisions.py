"""What an expert decides: the answer, its locks, its line in the history."""

from __future__ import annotations

from dataclasses import dataclass

from labeling.errors import NotFoundError, ResolvedMeanwhileError, check_one_of
from labeling.messages import sentence as _
from labeling.models import AnnotationEvent, Disagreement, Item, Membership
from labeling.services.votes.labels import checked_labels
from labeling.services.work import events

Outcome = Disagreement.Outcome
Kind = AnnotationEvent.Kind


@dataclass(frozen=True)
class Decision:
    """What an expert answers; ``together_with`` is the disagreement decided likewise."""

    labels: tuple[str, ...] = ()
    outcome: str = "resolved"
    note: str = ""
    is_precedent: bool = False
    together_with: int | None = None


def checked(member: Membership, decision: Decision) -> list[str]:
    """Return the labels of an answer.

    Raises InvalidInputError unless it is one that may be given.
    """
    allowed = [str(outcome) for outcome in Disagreement.DECISIONS]
    check_one_of("outcome", decision.outcome, allowed)
    if decision.outcome == Outcome.RESOLVED or decision.labels:
        return checked_labels(member.project, decision.labels)
    return []


def locked(member: Membership, disagreement_id: int) -> tuple[Disagreement, Item]:
    """Lock an item and then its disagreement, in the order in which settling locks them.

    Raises NotFoundError where the project has no such disagreement.
    """
    item = (
        # Without ``of`` the join would lock the disagreement as well, in whichever
        # order.
        Item.objects.select_for_update(no_key=True, of=("self",))
        .filter(project_id=member.project_id, disagreements__pk=disagreement_id)
        .first()
    )
    if item is None:
        raise NotFoundError(_("There is no such disagreement in this project."))
    disagreement = (
        Disagreement.objects.select_related("resolved_by", "resolution", "before")
        # PostgreSQL refuses to lock the rows of an outer join that may be missing.
        .select_for_update(of=("self",))
        .get(pk=disagreement_id)
    )
    return disagreement, item


def append_decision(
    member: Membership, item: Item, kind: Kind, decision: Decision, **more: object
) -> None:
    """Add a line to the item's history."""
    payload: dict[str, object] = {
        "labels": list(decision.labels),
        "outcome": decision.outcome,
        "comment": decision.note,
        **more,
    }
    if decision.together_with is not None:
        payload["together_with"] = decision.together_with
    events.append(item, kind, payload, actor_id=member.user_id)


def keep_late(
    member: Membership, disagreement: Disagreement, decision: Decision
) -> None:
    """Keep an answer that came after another expert's decision, once."""
    if (
        disagreement.outcome == Outcome.WITHDRAWN
        or disagreement.resolved_by_id == member.user_id
    ):
        return
    # A client may send it again. The caller holds the item's lock, so two calls cannot
    # both see nothing here.
    known = AnnotationEvent.objects.filter(
        item_id=disagreement.item_id,
        actor_id=member.user_id,
        kind=Kind.LATE,
        payload__disagreement=disagreement.pk,
        payload__labels=list(decision.labels),
        payload__outcome=decision.outcome,
    )
    if not known.exists():
        append_decision(
            member, disagreement.item, Kind.LATE, decision, disagreement=disagreement.pk
        )


def meanwhile(member: Membership, disagreement: Disagreement) -> ResolvedMeanwhileError:
    """Return the refusal that tells what became of a disagreement, in words."""
    labels = list(disagreement.labels)
    if disagreement.outcome == Outcome.WITHDRAWN:
        why = _("Its votes came to agree meanwhile: no expert is needed any more.")
    elif disagreement.resolved_by_id == member.user_id:
        why = _(
            "You have resolved it already (%(how)s); take that back to decide anew."
        )
    else:
        why = _(
            "Another expert resolved it meanwhile (%(how)s); your answer is kept in its history."
        )
    decided = ", ".join(labels) or _("none of the labels")
    if disagreement.outcome != Outcome.RESOLVED:
        outcome = Outcome(disagreement.outcome).label
        decided = f"{outcome}: {decided}" if labels else str(outcome)
    return ResolvedMeanwhileError(
        why % {"how": decided}, outcome=disagreement.outcome, labels=labels
    )
