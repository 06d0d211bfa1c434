"""An expert's own answer before the votes are shown; and the votes, without names."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import BooleanField, Exists, ExpressionWrapper, OuterRef, Q, Value

from labeling import rules
from labeling.models import (
    Annotation,
    BlindLabels,
    Disagreement,
    Item,
    Membership,
    Resolution,
)
from labeling.services.experts.decisions import (
    Decision,
    checked,
    keep_late,
    locked,
    meanwhile,
)
from labeling.services.votes import relabel


def blind_labels(member: Membership, disagreement_id: int) -> BlindLabels | None:
    """Return what the expert answered before seeing the votes, or None."""
    return BlindLabels.objects.filter(
        disagreement=disagreement_id,
        disagreement__project_id=member.project_id,
        expert_id=member.user_id,
    ).first()


def label_blind(
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
    labeled = checked(member, decision)
    with transaction.atomic():
        disagreement, _ = locked(member, disagreement_id)
        if disagreement.resolved_at is None:
            # The first answer stays: whoever sends another one may have seen the votes
            # by then.
            BlindLabels.objects.get_or_create(
                disagreement=disagreement,
                expert_id=member.user_id,
                defaults={"labels": labeled, "outcome": outcome},
            )
        else:
            keep_late(member, disagreement, decision)
    if disagreement.resolved_at is not None:
        # After the commit: raised within, it would roll back the answer that was just
        # kept.
        raise meanwhile(member, disagreement)
    return votes_of(disagreement.item_id)


def votes_of(item_id: int) -> list[dict[str, Any]]:
    """Return an item's standing votes; annotators are A1, A2, … in voting order."""
    votes = list(
        Annotation.votes.select_related("guideline")
        .filter(item_id=item_id, undone_at=None)
        .order_by("pk")
    )
    # Votes keep the names that labels had when they were given; experts read today's.
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


@dataclass(frozen=True)
class DisputedLabel:
    """A label that some votes name and others do not, and how many do."""

    label: str
    votes: int


def disputed_of(
    member: Membership, votes: Sequence[dict[str, Any]]
) -> list[DisputedLabel]:
    """Return the labels on which some votes differ, where an item may have several.

    The most divided comes first.
    """
    if not member.project.is_multi:
        return []
    named = Counter(label for vote in votes for label in vote["labels"])
    divided = [(abs(2 * n - len(votes)), label, n) for label, n in named.items()]
    return [
        DisputedLabel(label, n) for _, label, n in sorted(divided) if n < len(votes)
    ]


def has_labeled(member: Membership) -> Q:
    """Return the condition for items that a member need not answer blind any more.

    An expert has to answer first what is disputed or may become so, which is any item
    without a label, until the labels that the expert gave blind are kept.
    """
    if member.role != Membership.Role.EXPERT:
        return Q()
    of_item = Disagreement.objects.filter(item=OuterRef("pk"))
    is_open = Q(Exists(of_item.filter(resolved_at=None)))
    is_closed = Q(state__in=(Item.State.SETTLED, Item.State.INVALID))
    return _labeled(member) | (is_closed & ~is_open)


def may_see_model(member: Membership) -> Q:
    """Return the condition for items whose prediction a member may see.

    Of none where the project's dial hides the model. To an expert a label by votes is not the last word: it may be in doubt, and whoever
    takes it up answers blind first.
    """
    if member.project.hides_model:
        return Q(pk__in=[])
    if member.role != Membership.Role.EXPERT:
        return Q()
    by_votes = Resolution.objects.filter(
        item=OuterRef("pk"),
        superseded_at=None,
        source=Resolution.Source.CONSENSUS,
    )
    return _labeled(member) | (has_labeled(member) & ~Q(Exists(by_votes)))


def column(condition: Q) -> ExpressionWrapper[Any]:
    """Return a condition as a column of a query."""
    # True: a condition without a part of its own is no expression of a column.
    return ExpressionWrapper(condition or Value(value=True), BooleanField())


def _labeled(member: Membership) -> Q:
    return Q(
        Exists(
            BlindLabels.objects.filter(
                disagreement__item=OuterRef("pk"), expert=member.user_id
            )
        )
    )
