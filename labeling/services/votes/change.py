"""Change one's own vote or take it back; the history keeps what it was."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now
from django.utils import timezone

from labeling import signals
from labeling.errors import NotFoundError, StaleVersionError
from labeling.messages import sentence as _
from labeling.models import (
    Annotation,
    AnnotationEvent,
    Assignment,
    Gold,
    Item,
    Membership,
    ProjectCounter,
    Reason,
)
from labeling.services.queue.locks import own_assignment
from labeling.services.votes import suggestions
from labeling.services.votes.labels import checked_labels
from labeling.services.work import events


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
    values: dict[str, Any] = {
        name: changes[name] for name in ("comment", "is_unsure") if name in changes
    }
    if "labels" in changes:
        values["labels"] = checked_labels(member.project, changes["labels"])
        values["label_set_id"] = member.project.label_set_id
        values["is_right"] = _is_right(before, values["labels"])
    if revealed := suggestions.revealed(member.project, before):
        values["suggestion_shown"] = revealed
    now = timezone.now()
    with transaction.atomic():
        # Lock order: the vote, its item, then the counter (README, Locks).
        _write_version(before, version, {**values, "updated_at": now})
        after = Annotation.with_repeats.get(pk=annotation_id)
        _mark_item(after, votes=0)
        if after.is_right != before.is_right:
            _count(member, known_right=1 if after.is_right else -1)
        _event(after, AnnotationEvent.Kind.EDITED, now)
    return after


def undo(member: Membership, annotation_id: int, version: int) -> Assignment | None:
    """Take one's own vote back; the item is lent to the person again.

    Raises NotFoundError where there is no such vote, and StaleVersionError where the
    vote has changed since.
    """
    before = own_annotation(member, annotation_id)
    now = timezone.now()
    with transaction.atomic():
        if before.assignment_id is not None:
            # Lock order: the assignment, which is lent again below, before the item.
            own_assignment(member, before.assignment_id)
        _write_version(before, version, {"undone_at": now, "updated_at": now})
        _mark_item(before, votes=-1)
        _count_undone(member, before)
        before.refresh_from_db()
        _event(before, AnnotationEvent.Kind.UNDONE, now)
        return _lend_again(member, before)


def _is_right(vote: Annotation, labels: list[str]) -> bool | None:
    """Whether this is the known answer to a gold question; None where it is none."""
    if vote.reason != Reason.GOLD:
        return None
    return Gold.objects.filter(item=vote.item_id, labels=labels).exists()


def _write_version(before: Annotation, version: int, values: dict[str, Any]) -> None:
    """Write a vote's next version; raises StaleVersionError where it has another one.

    The version in the condition is what stops two edits from overwriting each other.
    """
    written = Annotation.with_repeats.filter(
        pk=before.pk, version=version, undone_at=None
    ).update(version=F("version") + 1, **values)
    # Counts are changed by what ``before`` says: it must be of this version too.
    if not written or before.version != version:
        raise StaleVersionError


def _mark_item(vote: Annotation, votes: int) -> None:
    """Let the vote's item be settled anew after the commit; a repeat is no vote."""
    if vote.reason == Reason.REPEAT:
        return
    item = Item.objects.filter(pk=vote.item_id)
    item.update(votes=F("votes") + votes, is_unsettled=True)
    signals.send_on_commit(signals.votes_changed, vote.project_id)


def _count_undone(member: Membership, vote: Annotation) -> None:
    """Take a vote off the exact counts that writing it has raised."""
    if vote.reason == Reason.REPEAT:
        _count(member, repeats=-1)
        return
    is_known, is_right = vote.is_right is not None, vote.is_right is True
    _count(member, votes=-1, known=-int(is_known), known_right=-int(is_right))


def _count(member: Membership, **changes: int) -> None:
    ProjectCounter.add(member.project_id, member.user_id, **changes)


def _event(vote: Annotation, kind: AnnotationEvent.Kind, at: datetime) -> None:
    payload = {
        "labels": vote.labels,
        "version": vote.version,
        "comment": vote.comment,
        "is_unsure": vote.is_unsure,
    }
    events.append(vote, kind, payload, actor_id=vote.annotator_id, at=at)


def _lend_again(member: Membership, vote: Annotation) -> Assignment | None:
    if vote.assignment_id is None:
        return None
    assignments = Assignment.objects.filter(pk=vote.assignment_id)
    lease = timedelta(minutes=member.project.lease_minutes)
    # The database's clock, by which leases end.
    assignments.update(state=Assignment.State.LEASED, expires_at=Now() + lease)
    return assignments.select_related("item", "item__media").get()
