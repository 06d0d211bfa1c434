"""Experts settle what the votes do not: blind first, then with the votes in view."""

from __future__ import annotations

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from labeling import rules
from labeling.errors import ConflictError
from labeling.messages import sentence as _
from labeling.models import (
    BlindLabels,
    Deferral,
    Disagreement,
    Item,
    Membership,
    Resolution,
)
from labeling.services.experts import blind, precedents
from labeling.services.experts.decisions import (
    Decision,
    Kind,
    Outcome,
    append_decision,
    checked,
    keep_late,
    locked,
    meanwhile,
)
from labeling.services.queue import giving_back, reviews
from labeling.services.votes import gold, resolutions
from labeling.services.votes.labels import checked_labels


def next_for(member: Membership) -> Disagreement | None:
    """Return what an expert is shown next; deferred ones come after all others.

    First what the expert has answered blind and not decided yet, then held-out items,
    then what the votes are most divided on.
    """
    mine = Deferral.objects.filter(
        disagreement=OuterRef("pk"), expert_id=member.user_id
    )
    begun = BlindLabels.objects.filter(
        disagreement=OuterRef("pk"), expert_id=member.user_id
    )
    fresh = waiting(member).filter(~Exists(mine))
    # By a join, not by Exists: the order below is by the moment of this very deferral.
    deferred = waiting(member).filter(deferrals__expert_id=member.user_id)
    return (
        fresh.filter(Exists(begun)).order_by("pk").first()
        or fresh.first()
        or deferred.order_by("deferrals__at", "pk").first()
    )


def waiting(member: Membership) -> QuerySet[Disagreement]:
    """Open disagreements: first those on held-out items, then the most divided.

    Models are judged on held-out items, and without those that people dispute they
    would seem better than they are.
    """
    return (
        Disagreement.objects.select_related("item", "item__media")
        .filter(project_id=member.project_id, resolved_at=None)
        # By its letters, "evaluation" stands before "pool".
        .order_by("item__split", "-entropy", "pk")
    )


def submit(
    member: Membership,
    disagreement_id: int,
    decision: Decision,
    *,
    has_seen_votes: bool,
) -> Disagreement | None:
    """Take what an expert's screen sends: the own answer, then the decision.

    What comes from a screen without the votes is kept as blind labels and never decides,
    however often it comes; a decision needs blind labels before it.

    Raises ConflictError without that answer, and what ``label_blind`` and ``resolve``
    raise.
    """
    if not has_seen_votes:
        blind.label_blind(
            member, disagreement_id, decision.labels, outcome=decision.outcome
        )
        return None
    if blind.blind_labels(member, disagreement_id) is None:
        raise ConflictError(_("Answer it blind first; then the votes are shown."))
    return resolve(member, disagreement_id, decision)


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
    checked(member, decision)
    with transaction.atomic():
        disagreement, item = locked(member, disagreement_id)
        if disagreement.resolved_at is None:
            _decide(member, disagreement, item, decision)
            return disagreement
        # Refused below, after the commit: an error in here would take this back.
        if not _is_same(member, disagreement, decision):
            keep_late(member, disagreement, decision)
    if _is_same(member, disagreement, decision):
        return disagreement
    raise meanwhile(member, disagreement)


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
        raise meanwhile(member, disagreement)


def _decide(
    member: Membership, disagreement: Disagreement, item: Item, decision: Decision
) -> None:
    gain, is_invalid = resolutions.CountGain(), decision.outcome == Outcome.INVALID
    disagreement.before = _replaced(disagreement)
    # An invalid item has no label, so the one that it had ends without a successor.
    if disagreement.before is not None and is_invalid:
        resolutions.supersede(disagreement.before)
    if not is_invalid:
        disagreement.resolution = _label(member, item, decision)
        gain = resolutions.record(disagreement.resolution)
    if decision.is_precedent:
        precedents.record(item, disagreement.resolution, decision.note)
    disagreement.resolved_at = timezone.now()
    disagreement.resolved_by = member.user
    disagreement.outcome = decision.outcome
    disagreement.note = decision.note
    disagreement.save()
    item.close(Item.State.INVALID if is_invalid else Item.State.SETTLED)
    # The word of an expert stands whatever the votes say: nothing is left to settle.
    item.is_unsettled = False
    item.save(update_fields=["state", "votes_wanted", "is_unsettled"])
    # The person who holds the item may still vote: the vote is kept and settles nothing.
    giving_back.withdraw([item.pk])
    if is_invalid:
        reviews.withdraw_items([item.pk])
    was = {"was": disagreement.before.labels} if disagreement.before else {}
    append_decision(
        member, item, Kind.RESOLVED, decision, votes=disagreement.votes_seen, **was
    )
    # Last, since others wait for the row of this counter.
    resolutions.count(item.project_id, gain)
    resolutions.send_labels_settled(item.project_id)


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
    votes = [tuple(vote["labels"]) for vote in blind.votes_of(item.pk)]
    labels = decision.labels
    if is_ambiguous and not labels and votes:
        # Of a tie any answer will do, but it must be the same each time.
        labels = rules.majority(votes, is_multi=project.is_multi) or min(votes)
    allowed = checked_labels(project, labels)
    shares = rules.soft_label(votes) if is_ambiguous else {}
    return Resolution(
        project=project,
        item=item,
        labels=allowed,
        source=Resolution.Source.EXPERT,
        confidence=max((shares.get(label, 0.0) for label in allowed), default=0.0)
        if is_ambiguous
        else 1.0,
        soft_label=shares or dict.fromkeys(allowed, 1.0),
        is_ambiguous=is_ambiguous,
        label_set_id=project.label_set_pk,
        guideline_id=project.guideline_id,
        decided_by=member.user,
        created_at=timezone.now(),
    )


def _is_same(
    member: Membership, disagreement: Disagreement, decision: Decision
) -> bool:
    # An ambiguous item that came without labels has got the majority's: the same
    # decision, sent again, names none.
    is_same_label = not decision.labels or sorted(decision.labels) == sorted(
        disagreement.labels
    )
    return (
        disagreement.resolved_by_id == member.user_id
        and disagreement.outcome == decision.outcome
        and is_same_label
    )
