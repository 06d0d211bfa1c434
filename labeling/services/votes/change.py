"""Change one's own vote or take it back; the history keeps what it was."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models.functions import Now
from psycopg.types.json import Jsonb

from labeling import signals
from labeling.errors import NotFoundError, StaleVersionError
from labeling.messages import sentence as _
from labeling.models import Annotation, Assignment, Membership, Reason
from labeling.services.queue.locks import own_assignment
from labeling.services.votes import suggestions, writing
from labeling.services.votes.labels import checked_labels


def own_annotation(member: Membership, annotation_id: int) -> Annotation:
    """Return the person's own standing answer; raises NotFoundError without one."""
    annotation = Annotation.with_repeats.filter(
        pk=annotation_id,
        annotator_id=member.user_id,
        project_id=member.project_id,
        undone_at=None,
    ).first()
    if annotation is None:
        raise NotFoundError(_("There is no such answer of yours."))
    return annotation


def edit(
    member: Membership, annotation_id: int, version: int, changes: Mapping[str, Any]
) -> Annotation:
    """Change one's own vote, when ``version`` is still the newest.

    What the model was revealed to have said is from then on part of the vote.

    Raises NotFoundError where there is no such vote, StaleVersionError where the vote
    has changed since, and InvalidInputError for labels that are not allowed.
    """
    before = own_annotation(member, annotation_id)
    edited = writing.VoteChanges(
        comment=changes.get("comment"), is_unsure=changes.get("is_unsure")
    )
    if "labels" in changes:
        edited.labels = checked_labels(member.project, changes["labels"])
        edited.label_set = member.project.label_set_pk
    if revealed := suggestions.revealed(member.project, before):
        edited.suggestion_shown = Jsonb(revealed)
    return _change(before, version, edited)


def undo(member: Membership, annotation_id: int, version: int) -> Assignment | None:
    """Take one's own vote back; the item is lent to the person again.

    Raises NotFoundError where there is no such vote, and StaleVersionError where the
    vote has changed since.
    """
    vote = own_annotation(member, annotation_id)
    with transaction.atomic():
        if vote.assignment_id is not None:
            # Lock order: the assignment, which is lent again below, before the vote and
            # its item. A vote on it takes them in this order; another could deadlock.
            own_assignment(member, vote.assignment_id)
        _change(vote, version, writing.VoteChanges(is_undone=True))
        return _lend_again(member, vote)


def _change(vote: Annotation, version: int, changes: writing.VoteChanges) -> Annotation:
    """Write a vote's next version; raises StaleVersionError where it has another one."""
    changed = writing.change(vote, version, changes)
    if changed is None:
        raise StaleVersionError
    # A repeat is no vote: there is nothing to settle.
    if vote.reason != Reason.REPEAT:
        signals.send_on_commit(signals.votes_changed, vote.project_id)
    return changed


def _lend_again(member: Membership, vote: Annotation) -> Assignment | None:
    if vote.assignment_id is None:
        return None
    assignments = Assignment.objects.filter(pk=vote.assignment_id)
    lease = timedelta(minutes=member.project.lease_minutes)
    # The database's clock, by which leases end.
    assignments.update(state=Assignment.State.LEASED, expires_at=Now() + lease)
    return assignments.select_related("item", "item__media").get()
