"""Experts settle what the votes do not: blind first, then with the votes in view."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from labeling import rules
from labeling.errors import (
    ConflictError,
    NotFoundError,
    ResolvedMeanwhileError,
    check_one_of,
)
from labeling.models import (
    Annotation,
    AnnotationEvent,
    BlindAnswer,
    Deferral,
    Disagreement,
    Item,
    Membership,
    Resolution,
)
from labeling.services.experts import precedents
from labeling.services.queue import giving_back
from labeling.services.votes import gold, relabel, resolutions
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


def next_for(member: Membership) -> Disagreement | None:
    """Return what an expert is shown next; deferred ones come after all others.

    First what the expert has answered blind and not decided yet, then what the votes
    are most divided on.
    """
    mine = Deferral.objects.filter(
        disagreement=OuterRef("pk"), expert_id=member.user_id
    )
    begun = BlindAnswer.objects.filter(
        disagreement=OuterRef("pk"), expert_id=member.user_id
    )
    fresh = waiting(member).filter(~Exists(mine))
    deferred = waiting(member).filter(deferrals__expert_id=member.user_id)
    return (
        fresh.filter(Exists(begun)).order_by("pk").first()
        or fresh.first()
        or deferred.order_by("deferrals__at", "pk").first()
    )


def waiting(member: Membership) -> QuerySet[Disagreement]:
    """Open disagreements, the most divided first."""
    return (
        Disagreement.objects.select_related("item", "item__media")
        .filter(project_id=member.project_id, resolved_at=None)
        .order_by("-entropy", "pk")
    )


def blind_answer(member: Membership, disagreement_id: int) -> BlindAnswer | None:
    """Return what the expert answered before seeing the votes, or None."""
    return BlindAnswer.objects.filter(
        disagreement=disagreement_id,
        disagreement__project_id=member.project_id,
        expert_id=member.user_id,
    ).first()


def submit(
    member: Membership,
    disagreement_id: int,
    decision: Decision,
    *,
    has_seen_votes: bool,
) -> Disagreement | None:
    """Take what an expert's screen sends: the own answer, then the decision.

    What comes from a screen without the votes is the blind answer and never decides,
    however often it comes; a decision needs a blind answer before it.

    Raises ConflictError without that answer, and what ``answer_blind`` and ``resolve``
    raise.
    """
    if not has_seen_votes:
        answer_blind(member, disagreement_id, decision.labels, outcome=decision.outcome)
        return None
    if blind_answer(member, disagreement_id) is None:
        raise ConflictError(_("Answer it blind first; then the votes are shown."))
    return resolve(member, disagreement_id, decision)


def answer_blind(
    member: Membership,
    disagreement_id: int,
    labels: Sequence[str],
    *,
    outcome: str = "resolved",
) -> list[dict[str, Any]]:
    """Keep the expert's own first answer, then return the votes without names.

    Raises InvalidInputError for labels or an outcome that are not allowed,
    NotFoundError where the project has no such disagreement, and ResolvedMeanwhileError
    where it is decided already: then the answer is kept in the item's history.
    """
    decision = Decision(tuple(labels), outcome)
    checked = _checked(member, decision)
    with transaction.atomic():
        disagreement, _ = locked(member, disagreement_id)
        if disagreement.resolved_at is None:
            BlindAnswer.objects.get_or_create(
                disagreement=disagreement,
                expert_id=member.user_id,
                defaults={"labels": checked, "outcome": outcome},
            )
        else:
            _keep_late(member, disagreement, decision)
    if disagreement.resolved_at is not None:
        # After the commit: raised within, it would roll back the answer that was just
        # kept.
        raise _meanwhile(member, disagreement)
    return votes_of(disagreement.item_id)


def votes_of(item_id: int) -> list[dict[str, Any]]:
    """Return an item's standing votes; annotators are A1, A2, … in voting order."""
    votes = list(
        Annotation.votes.select_related("guideline")
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


def majority_of(
    member: Membership, votes: Sequence[dict[str, Any]]
) -> list[str] | None:
    """Return what most of some votes say, or None where no answer has most of them."""
    labels = rules.majority(
        [tuple(vote["labels"]) for vote in votes], is_multi=member.project.is_multi
    )
    return None if labels is None else list(labels)


def resolve(
    member: Membership, disagreement_id: int, decision: Decision
) -> Disagreement:
    """Settle a disagreement. It is idempotent for the same decision of one expert.

    Where another expert has resolved it meanwhile, the answer is kept in the item's
    history.

    Raises ResolvedMeanwhileError, which tells their decision, InvalidInputError for
    labels or an outcome that are not allowed, NotFoundError where the project has no
    such disagreement, and ConflictError where the answer is known and gold questions
    rely on it.
    """
    _checked(member, decision)
    with transaction.atomic():
        disagreement, item = locked(member, disagreement_id)
        if disagreement.resolved_at is None:
            _decide(member, disagreement, item, decision)
            return disagreement
        # Refused below, after the commit: an error in here would take this back.
        if not _is_same(member, disagreement, decision):
            _keep_late(member, disagreement, decision)
    if _is_same(member, disagreement, decision):
        return disagreement
    raise _meanwhile(member, disagreement)


def defer(member: Membership, disagreement_id: int) -> None:
    """Put a disagreement at the end of this expert's list.

    Raises NotFoundError where the project has no such disagreement, and
    ResolvedMeanwhileError where it is decided already.
    """
    with transaction.atomic():
        disagreement, _ = locked(member, disagreement_id)
        if disagreement.resolved_at is None:
            Deferral.objects.update_or_create(
                disagreement=disagreement,
                expert_id=member.user_id,
                defaults={"at": timezone.now()},
            )
    if disagreement.resolved_at is not None:
        raise _meanwhile(member, disagreement)


def locked(member: Membership, disagreement_id: int) -> tuple[Disagreement, Item]:
    """Lock an item and then its disagreement, in the order in which settling locks them.

    Raises NotFoundError where the project has no such disagreement.
    """
    item = (
        Item.objects.select_for_update(no_key=True, of=("self",))
        .filter(project_id=member.project_id, disagreements__pk=disagreement_id)
        .first()
    )
    if item is None:
        raise NotFoundError(_("There is no such disagreement in this project."))
    disagreement = (
        Disagreement.objects.select_related("resolved_by", "resolution", "before")
        .select_for_update(of=("self",))
        .get(pk=disagreement_id)
    )
    return disagreement, item


def _checked(member: Membership, decision: Decision) -> list[str]:
    """Return the labels of an answer when it is one that may be given."""
    allowed = [str(outcome) for outcome in Disagreement.DECISIONS]
    check_one_of("outcome", decision.outcome, allowed)
    if decision.outcome == Outcome.RESOLVED or decision.labels:
        return checked_labels(member.project, decision.labels)
    return []


def _decide(
    member: Membership, disagreement: Disagreement, item: Item, decision: Decision
) -> None:
    is_first, is_invalid = False, decision.outcome == Outcome.INVALID
    disagreement.before = _replaced(disagreement)
    if disagreement.before is not None and is_invalid:
        resolutions.supersede(disagreement.before)
    if not is_invalid:
        disagreement.resolution = _label(member, item, decision)
        is_first = resolutions.record(disagreement.resolution)
    if decision.is_precedent:
        precedents.record(item, disagreement.resolution, decision.note)
    disagreement.resolved_at = timezone.now()
    disagreement.resolved_by = member.user
    disagreement.outcome = decision.outcome
    disagreement.note = decision.note
    disagreement.save()
    item.state = Item.State.INVALID if is_invalid else Item.State.SETTLED
    # The word of an expert stands whatever the votes say: nothing is left to settle.
    item.is_unsettled = False
    item.save(update_fields=["state", "is_unsettled"])
    giving_back.withdraw([item.pk])
    was = {"was": disagreement.before.labels} if disagreement.before else {}
    tell(member, item, Kind.RESOLVED, decision, votes=disagreement.votes_seen, **was)
    if is_first:
        # Last, since others wait for the row of this counter.
        resolutions.count_confident(item.project_id, 1)
    resolutions.tell_settled(item.project_id)


def _replaced(disagreement: Disagreement) -> Resolution | None:
    """Return the label that a decision replaces, where nobody is asked about it."""
    if disagreement.origin != Disagreement.Origin.VOTES:
        gold.refuse_where_known(disagreement.item_id)
    return Resolution.objects.filter(
        item_id=disagreement.item_id, superseded_at=None
    ).first()


def _label(member: Membership, item: Item, decision: Decision) -> Resolution:
    """Return the expert's label; of an ambiguous item also the share of the votes."""
    project = member.project
    is_ambiguous = decision.outcome == Outcome.AMBIGUOUS
    votes = [tuple(vote["labels"]) for vote in votes_of(item.pk)]
    labels = decision.labels
    if is_ambiguous and not labels and votes:
        labels = rules.majority(votes, is_multi=project.is_multi) or min(votes)
    checked = checked_labels(project, labels)
    shares = rules.soft_label(votes) if is_ambiguous else {}
    return Resolution(
        project=project,
        item=item,
        labels=checked,
        source=Resolution.Source.EXPERT,
        confidence=max((shares.get(label, 0.0) for label in checked), default=0.0)
        if is_ambiguous
        else 1.0,
        soft_label=shares or dict.fromkeys(checked, 1.0),
        label_set_id=project.label_set_pk,
        guideline_id=project.guideline_id,
        decided_by=member.user,
        created_at=timezone.now(),
    )


def tell(
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


def _keep_late(
    member: Membership, disagreement: Disagreement, decision: Decision
) -> None:
    """Keep an answer that came after another expert's decision, once."""
    if (
        disagreement.outcome == Outcome.WITHDRAWN
        or disagreement.resolved_by_id == member.user_id
    ):
        return
    known = AnnotationEvent.objects.filter(
        item_id=disagreement.item_id,
        actor_id=member.user_id,
        kind=Kind.LATE,
        payload__disagreement=disagreement.pk,
        payload__labels=list(decision.labels),
        payload__outcome=decision.outcome,
    )
    if not known.exists():
        tell(
            member, disagreement.item, Kind.LATE, decision, disagreement=disagreement.pk
        )


def _is_same(
    member: Membership, disagreement: Disagreement, decision: Decision
) -> bool:
    is_same_label = not decision.labels or sorted(decision.labels) == sorted(
        disagreement.labels
    )
    return (
        disagreement.resolved_by_id == member.user_id
        and disagreement.outcome == decision.outcome
        and is_same_label
    )


def _meanwhile(
    member: Membership, disagreement: Disagreement
) -> ResolvedMeanwhileError:
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
    said = ", ".join(labels) or _("none of the labels")
    if disagreement.outcome != Outcome.RESOLVED:
        how = Outcome(disagreement.outcome).label
        said = f"{how}: {said}" if labels else str(how)
    return ResolvedMeanwhileError(
        why % {"how": said}, outcome=disagreement.outcome, labels=labels
    )
