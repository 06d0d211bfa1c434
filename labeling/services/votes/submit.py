"""Votes come in: each is kept exactly once, durably, with its history."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from django.db import IntegrityError, transaction
from psycopg.types.json import Jsonb

from labeling import signals
from labeling.errors import (
    AssayError,
    ConflictError,
    LeaseLostError,
    ReplayMismatchError,
)
from labeling.messages import sentence as _
from labeling.models import (
    Annotation,
    AnnotationEvent,
    Assignment,
    Item,
    Membership,
    Project,
    Reason,
)
from labeling.services.queue import giving_back
from labeling.services.queue.locks import own_assignment
from labeling.services.votes import suggestions, writing
from labeling.services.votes.labels import checked_labels
from labeling.services.work import events

MAX_BATCH: Final = 100
MAX_COMMENT: Final = 5000


@dataclass(frozen=True)
class VoteDraft:
    """An answer as it came in; ``seconds`` counts visible time that was not idle."""

    assignment: int
    labels: tuple[str, ...]
    client_id: UUID
    seconds: float | None = None
    comment: str = ""
    is_unsure: bool = False
    screen: str = ""

    @property
    def request_hash(self) -> str:
        """The digest that tells a replay from another answer."""
        parts: list[object] = [
            self.assignment,
            self.labels,
            self.seconds,
            self.comment,
            self.is_unsure,
        ]
        # Only where it is named: so the digests of earlier votes stay as they are.
        if self.screen:
            parts.append(self.screen)
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


@dataclass(frozen=True)
class Receipt:
    """What became of a vote."""

    annotation: Annotation
    is_new: bool


def submit(member: Membership, vote: VoteDraft) -> Receipt:
    """Keep a vote. It is idempotent: the same ``client_id`` returns the first answer.

    A late vote takes its slot back where the slot is still free.

    Raises InvalidInputError for labels that the project does not allow, NotFoundError
    where the assignment is not the person's, ReplayMismatchError where the
    ``client_id`` belongs to another answer, and ConflictError where the item is
    answered already or, as LeaseLostError, by somebody else: such a vote is kept in the
    item's history.
    """
    try:
        return _keep(member, vote)
    except (AssayError, IntegrityError) as refusal:
        # Refused may be what is kept already: it was sent twice, maybe at the same
        # moment (race), or again after its label was renamed.
        if earlier := _replay(member, vote):
            return earlier
        if isinstance(refusal, IntegrityError | ConflictError):
            _keep_refused(member, vote)
        if isinstance(refusal, IntegrityError):
            raise LeaseLostError from refusal
        raise


def _keep(member: Membership, vote: VoteDraft) -> Receipt:
    """Keep a vote: in one round trip, but where something is unusual."""
    labels = checked_labels(member.project, vote.labels)
    annotation = None
    # Whether a suggestion was shown has to be looked up first.
    if member.project.shown_suggestions != Project.SuggestionMode.ASSIST:
        annotation = _write(member, vote, labels)
    if annotation is None:
        # Nearly always it was sent twice: look before anything is locked.
        if earlier := _replay(member, vote):
            return earlier
        annotation = _keep_checked(member, vote, labels)
    return Receipt(annotation, is_new=True)


@transaction.atomic
def _keep_checked(member: Membership, vote: VoteDraft, labels: list[str]) -> Annotation:
    """Keep a vote that is late, or given with a suggestion in view."""
    assignment = own_assignment(member, vote.assignment)
    if assignment.state == Assignment.State.ANSWERED:
        raise ConflictError(_("You have answered this item; edit or undo that answer."))
    shown = suggestions.shown(member.project, assignment)
    # First as if the lease were live: the statement asks the database's clock.
    annotation = _write(member, vote, labels, shown)
    if annotation is None:
        # The slots of gold questions and of repeats are one person's own.
        if assignment.reason not in (Reason.GOLD, Reason.REPEAT):
            _take_back(assignment)
        annotation = _write(member, vote, labels, shown, is_locked=True)
    if annotation is None:
        raise LeaseLostError
    return annotation


def _write(
    member: Membership,
    vote: VoteDraft,
    labels: list[str],
    shown: dict[str, Any] | None = None,
    *,
    is_locked: bool = False,
) -> Annotation | None:
    """Write a vote; None: it wrote nothing.

    Only where ``is_locked`` the lease need not be live: the caller has locked it.
    """
    project = member.project
    annotation = writing.keep(
        writing.NewVote(
            assignment=vote.assignment,
            annotator=member.user_id,
            project=project.pk,
            client_id=vote.client_id,
            labels=labels,
            label_set=project.label_set_pk,
            request_hash=vote.request_hash,
            guideline=project.guideline_id,
            is_unsure=vote.is_unsure,
            seconds=vote.seconds,
            comment=vote.comment,
            suggestion_shown=None if shown is None else Jsonb(shown),
            screen=vote.screen,
            is_locked=is_locked,
        )
    )
    if annotation is not None and annotation.reason != Reason.REPEAT:
        signals.send_on_commit(signals.votes_changed, project.pk)
    return annotation


def _replay(member: Membership, vote: VoteDraft) -> Receipt | None:
    """Return the answer that has this ``client_id`` already, if there is one."""
    earlier = Annotation.with_repeats.filter(client_id=vote.client_id).first()
    if earlier is None:
        return None
    is_same = (
        earlier.annotator_id == member.user_id
        and earlier.project_id == member.project_id
        and earlier.request_hash == vote.request_hash
    )
    if not is_same:
        raise ReplayMismatchError
    return Receipt(earlier, is_new=False)


def _take_back(assignment: Assignment) -> None:
    """Take the slot of an ended lease, where it is free and the item still wants it."""
    item = Item.objects.select_for_update(no_key=True).get(pk=assignment.item_id)
    is_taken = (
        Assignment.objects.filter(
            item_id=assignment.item_id,
            slot=assignment.slot,
            state__in=Assignment.LIVE,
        )
        .exclude(pk=assignment.pk)
        .exists()
    )
    # Race: where the slot is lent after this look, ``one_live_slot`` refuses the vote.
    if is_taken or not (item.state == Item.State.OPEN or item.wants_votes):
        raise LeaseLostError
    giving_back.withdraw([assignment.item_id], assignment.slot)


@transaction.atomic
def _keep_refused(member: Membership, vote: VoteDraft) -> None:
    """Keep a refused answer in the item's history, once, so that no work is lost."""
    # The lock makes this look and the write one step: the vote may come twice at once.
    assignment = own_assignment(member, vote.assignment)
    refused = AnnotationEvent.objects.filter(
        item_id=assignment.item_id,
        kind=AnnotationEvent.Kind.LATE,
        payload__client_id=str(vote.client_id),
    )
    if refused.exists():
        return
    payload = {
        "labels": list(vote.labels),
        "client_id": str(vote.client_id),
        "comment": vote.comment,
        "seconds": vote.seconds,
        "is_unsure": vote.is_unsure,
        "screen": vote.screen,
    }
    events.append(
        assignment, AnnotationEvent.Kind.LATE, payload, actor_id=member.user_id
    )
