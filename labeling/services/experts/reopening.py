"""Take an expert's decision back."""

from __future__ import annotations

from django.db import transaction
from django.utils.formats import date_format

from labeling import signals
from labeling.errors import ConflictError, ForbiddenError
from labeling.messages import sentence as _
from labeling.models import (
    AnnotationEvent,
    Disagreement,
    Gold,
    Item,
    Membership,
    Resolution,
)
from labeling.services.experts import decisions
from labeling.services.experts.decisions import Decision
from labeling.services.votes import relabel, resolutions
from labeling.services.votes.labels import checked_labels

Outcome = Disagreement.Outcome


def last_decision(member: Membership) -> Disagreement | None:
    """Return what the expert decided last, which they may take back."""
    return (
        Disagreement.objects.select_related("item", "resolution")
        .filter(
            project_id=member.project_id,
            resolved_by_id=member.user_id,
            outcome__in=Disagreement.DECISIONS,
        )
        .order_by("-resolved_at", "-pk")
        .first()
    )


def reopen(member: Membership, disagreement_id: int) -> Disagreement:
    """Take a decision back: the item waits for an expert again.

    The label it had stays in its history; what the item had before is its label again.

    Raises NotFoundError where the project has no such disagreement, ForbiddenError
    where another expert decided it, InvalidInputError where the label that it had before
    is not allowed any more, and ConflictError where nobody decided it or where
    something relies on the decision: a training run that has taken its label, a gold
    question, a later decision.
    """
    with transaction.atomic():
        disagreement, item = decisions.locked(member, disagreement_id)
        _may_reopen(member, disagreement)
        gain = _end_label(disagreement)
        # Only now: an item has at most one current label (``one_resolution``).
        if disagreement.before is not None:
            _bring_back(member, disagreement.before)
        taken_back = Decision(
            disagreement.labels, disagreement.outcome, disagreement.note
        )
        decisions.append_decision(
            member, item, AnnotationEvent.Kind.REOPENED, taken_back
        )
        has_label = disagreement.before is not None
        disagreement.resolved_at = disagreement.resolved_by = (
            disagreement.resolution
        ) = disagreement.before = None
        disagreement.outcome = disagreement.note = ""
        disagreement.save()
        # Its votes may have changed while the decision stood: settle it afresh.
        item.state = Item.State.SETTLED if has_label else Item.State.DISPUTED
        item.is_unsettled = True
        item.save(update_fields=["state", "is_unsettled"])
        # Last, since others wait for the row of this counter.
        resolutions.count(item.project_id, gain)
        signals.send_on_commit(signals.votes_changed, item.project_id)
    return disagreement


def _may_reopen(member: Membership, disagreement: Disagreement) -> None:
    if disagreement.resolved_at is None:
        raise ConflictError(_("It is open already."))
    if disagreement.outcome == Outcome.WITHDRAWN:
        raise ConflictError(_("Nobody decided it: its votes came to agree."))
    is_own = disagreement.resolved_by_id == member.user_id
    if not is_own and member.role != Membership.Role.MANAGER:
        raise ForbiddenError(
            _("Another expert decided it; a manager can open it again.")
        )


def _end_label(disagreement: Disagreement) -> resolutions.CountGain:
    """End the label of a decision, unless something relies on it already."""
    later = Disagreement.objects.filter(
        item_id=disagreement.item_id, pk__gt=disagreement.pk
    )
    # A later decision has this one's label as the one to bring back.
    if later.exclude(outcome=Outcome.WITHDRAWN).exists():
        raise ConflictError(_("An expert looks at the item again, or has done so."))
    if disagreement.resolution_id is None:
        return resolutions.CountGain()
    # Race: a training run marks labels as used without locking their items. With this
    # row locked, either the run was first and the decision stays, or the run finds that
    # the label has ended.
    label = Resolution.objects.select_for_update().get(pk=disagreement.resolution_id)
    if label.superseded_at is not None:
        raise ConflictError(_("The item has got another label since."))
    if label.used_at is not None:
        raise ConflictError(
            _("A training run has used this label on %(day)s, so the decision stays.")
            % {"day": date_format(label.used_at, "SHORT_DATETIME_FORMAT")}
        )
    if Gold.objects.filter(item_id=disagreement.item_id).exists():
        raise ConflictError(
            _("The decision stays: it is a known answer that gold questions rely on.")
        )
    return resolutions.take_back(label)


def _bring_back(member: Membership, before: Resolution) -> None:
    """Make the label that a decision replaced the item's label again."""
    names = relabel.names_now(member.project_id)[before.label_set_id]
    today = relabel.translated(before.labels, names)
    # Brought back under an old name, it would be a label that the set does not have.
    if list(today) != before.labels:
        raise ConflictError(
            _("The labels have changed since, so the earlier one cannot come back.")
        )
    checked_labels(member.project, before.labels)
    resolutions.bring_back(before)
