"""Votes that another tool has collected, written with the items that they are of."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple

from django.utils import timezone

from labeling import signals
from labeling.models import (
    Annotation,
    AnnotationEvent,
    Assignment,
    Item,
    Project,
    ProjectCounter,
    Reason,
    User,
)

NAMESPACE: Final = uuid.UUID("6d2f0d0e-7f5c-5d0b-9d4e-3a1f1c0a7b11")


@dataclass(frozen=True)
class ImportedVote:
    """A vote that somebody gave in another tool."""

    annotator: str
    labels: list[str]
    seconds: float | None = None
    created_at: datetime | None = None


class GivenVote(NamedTuple):
    """A past vote with its item and its annotator; ``slot``: its place on the item."""

    item: Item
    slot: int
    annotator: User
    vote: ImportedVote


def keep(
    project: Project,
    accounts: Mapping[str, User],
    pairs: Sequence[tuple[Item, Sequence[ImportedVote]]],
    importer: User | None,
) -> None:
    """Write the past votes of new items, in the caller's transaction.

    accounts: of each annotator, by the name in the other tool. These are many at once,
    and nobody holds their items: so it is not the statement of a single vote.
    """
    now = timezone.now()
    given = [
        GivenVote(item, slot, accounts[vote.annotator], vote)
        for item, votes in pairs
        for slot, vote in enumerate(votes)
    ]
    assignments = Assignment.objects.bulk_create(
        [_assignment(project, vote, now) for vote in given]
    )
    annotations = Annotation.votes.bulk_create(
        [
            _annotation(assignment, vote, project.label_set_pk)
            for assignment, vote in zip(assignments, given, strict=True)
        ]
    )
    AnnotationEvent.objects.bulk_create(
        [_event(annotation, importer, now) for annotation in annotations]
    )
    _mark_items(pairs)
    # Lock order: items before counters, and the counters in one order.
    counts = Counter(annotation.annotator_id for annotation in annotations)
    for annotator_id, count in sorted(counts.items()):
        ProjectCounter.add(project.pk, annotator_id, votes=count)
    signals.send_on_commit(signals.votes_changed, project.pk)


def _assignment(project: Project, given: GivenVote, now: datetime) -> Assignment:
    at = given.vote.created_at or now
    return Assignment(
        project=project,
        item=given.item,
        annotator=given.annotator,
        slot=given.slot,
        state=Assignment.State.ANSWERED,
        leased_at=at,
        expires_at=at,
        reason=Reason.IMPORT,
    )


def _annotation(
    assignment: Assignment, given: GivenVote, label_set_id: int
) -> Annotation:
    return Annotation(
        project_id=assignment.project_id,
        item=given.item,
        annotator=given.annotator,
        assignment=assignment,
        # The same for the same vote, so that it cannot be there twice.
        client_id=uuid.uuid5(NAMESPACE, f"{given.item.pk}/{given.annotator.pk}"),
        request_hash="",
        labels=given.vote.labels,
        seconds=given.vote.seconds,
        created_at=assignment.leased_at,
        updated_at=assignment.leased_at,
        label_set_id=label_set_id,
        reason=Reason.IMPORT,
    )


def _event(
    annotation: Annotation, importer: User | None, now: datetime
) -> AnnotationEvent:
    return AnnotationEvent(
        project_id=annotation.project_id,
        item_id=annotation.item_id,
        assignment_id=annotation.assignment_id,
        annotation=annotation,
        actor=importer,
        kind=AnnotationEvent.Kind.IMPORTED,
        payload={"labels": annotation.labels, "version": 1},
        at=now,
    )


def _mark_items(pairs: Sequence[tuple[Item, Sequence[ImportedVote]]]) -> None:
    """Count the votes on their items, which are to be settled."""
    for item, votes in pairs:
        item.votes = len(votes)
        item.votes_wanted = max(item.votes_wanted, len(votes))
        item.is_unsettled = True
    Item.objects.bulk_update(
        [item for item, _ in pairs], ["votes", "votes_wanted", "is_unsettled"]
    )
