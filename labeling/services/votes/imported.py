"""Votes that another tool has collected, written with the items that they are of."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple

from django.db.models import Max
from django.utils import timezone

from labeling import signals
from labeling.models import (
    Assignment,
    Item,
    Project,
    ProjectCounter,
    Reason,
    User,
)
from labeling.services.votes import writing

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
    *,
    are_new: bool = True,
) -> None:
    """Write past votes, in the caller's transaction, which has locked items of before.

    accounts: of each annotator, by the name in the other tool; are_new: the items are.
    Raises IntegrityError where one of them has voted on the item.
    """
    now = timezone.now()
    taken = {} if are_new else _taken_slots([item for item, _ in pairs])
    given = [
        GivenVote(item, slot, accounts[vote.annotator], vote)
        for item, votes in pairs
        for slot, vote in enumerate(votes, start=taken.get(item.pk, 0))
    ]
    assignments = Assignment.objects.bulk_create(
        [_assignment(project, vote, now) for vote in given]
    )
    _ask_for_all(pairs)
    # Lock order: the statement locks counters in no order, and two imports that share
    # annotators could deadlock: so all are locked before, by annotator, as everybody
    # does. Nobody else sees the items, so nobody waits for them behind a counter.
    for annotator_id in sorted({vote.annotator.pk for vote in given}):
        ProjectCounter.add(project.pk, annotator_id, votes=0)
    votes = [
        _as_json(assignment, vote)
        for assignment, vote in zip(assignments, given, strict=True)
    ]
    writing.keep_past(project, votes, importer)
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


def _as_json(assignment: Assignment, given: GivenVote) -> writing.PastVote:
    return {
        "assignment": assignment.pk,
        # The same for the same vote, so that it cannot be there twice.
        "client_id": str(
            uuid.uuid5(NAMESPACE, f"{given.item.pk}/{given.annotator.pk}")
        ),
        "labels": given.vote.labels,
        "seconds": given.vote.seconds,
    }


def _taken_slots(items: Sequence[Item]) -> dict[int, int]:
    """Return from which place on nobody has one of each item, or is asked for one.

    Race: somebody may lease one of those that it asks for at this moment.
    """
    live = Assignment.objects.filter(item__in=items, state__in=Assignment.LIVE)
    last = live.order_by().values_list("item").annotate(Max("slot"))
    slots = {item.pk: item.votes_wanted for item in items}
    return slots | {item: max(slots[item], slot + 1) for item, slot in last}


def _ask_for_all(pairs: Sequence[tuple[Item, Sequence[ImportedVote]]]) -> None:
    """Let items want at least as many votes as they have with those they bring along."""
    wanted = [(item, item.votes + len(votes)) for item, votes in pairs]
    more = [(item, number) for item, number in wanted if number > item.votes_wanted]
    for item, number in more:
        item.votes_wanted = number
    Item.objects.bulk_update([item for item, _ in more], ["votes_wanted"])
