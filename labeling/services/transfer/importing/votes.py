"""Votes that come with the items: a migration from another tool."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final

from django.contrib.auth.hashers import make_password
from django.utils import timezone

from labeling import signals
from labeling.models import (
    Annotation,
    AnnotationEvent,
    Assignment,
    Item,
    Membership,
    Project,
    ProjectCounter,
    Reason,
    User,
)
from labeling.services.transfer.importing.rows import PastVote, account_name

NAMESPACE: Final = uuid.UUID("6d2f0d0e-7f5c-5d0b-9d4e-3a1f1c0a7b11")


class Annotators:
    """The accounts of past annotators: inactive, and members, until claimed."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self._known: dict[str, User] = {}

    def named(self, names: Iterable[str]) -> dict[str, User]:
        """Return an account for each name; a stranger's account is never taken."""
        missing = sorted(set(names) - self._known.keys())
        for name in missing:
            self._known[name] = self._account(name)
        return self._known

    def _account(self, name: str) -> User:
        username = account_name(name)
        found, is_new = _user(username, name)
        if not is_new and not found.memberships.filter(project=self.project).exists():
            found, _ = _user(f"{username}@{self.project.slug}"[:150], name)
        Membership.objects.get_or_create(project=self.project, user=found)
        return found


def _user(username: str, name: str) -> tuple[User, bool]:
    """Return an account and whether it is new, also where two imports want it at once."""
    unclaimed = {
        "first_name": name[:150],
        "is_active": False,
        "password": make_password(None),
    }
    return User.objects.get_or_create(username=username, defaults=unclaimed)


def keep(
    project: Project,
    annotators: Annotators,
    pairs: Sequence[tuple[Item, Sequence[PastVote]]],
    importer: User | None,
) -> None:
    """Write the past votes of new items, in the caller's transaction."""
    accounts = annotators.named(vote.annotator for _, votes in pairs for vote in votes)
    now = timezone.now()
    given = [
        (item, slot, accounts[vote.annotator], vote)
        for item, votes in pairs
        for slot, vote in enumerate(votes)
    ]
    assignments = Assignment.objects.bulk_create(
        Assignment(
            project=project,
            item=item,
            annotator=annotator,
            slot=slot,
            state=Assignment.State.ANSWERED,
            leased_at=vote.created_at or now,
            expires_at=vote.created_at or now,
            reason=Reason.IMPORT,
        )
        for item, slot, annotator, vote in given
    )
    annotations = Annotation.votes.bulk_create(
        Annotation(
            project=project,
            item=item,
            annotator=annotator,
            assignment=assignment,
            client_id=uuid.uuid5(NAMESPACE, f"{item.pk}/{annotator.pk}"),
            request_hash="",
            labels=vote.labels,
            seconds=vote.seconds,
            created_at=vote.created_at or now,
            updated_at=vote.created_at or now,
            label_set_id=project.label_set_pk,
            reason=Reason.IMPORT,
        )
        for assignment, (item, _, annotator, vote) in zip(
            assignments, given, strict=True
        )
    )
    AnnotationEvent.objects.bulk_create(
        AnnotationEvent(
            project=project,
            item_id=one.item_id,
            assignment_id=one.assignment_id,
            annotation=one,
            actor=importer,
            kind=AnnotationEvent.Kind.IMPORTED,
            payload={"labels": one.labels, "version": 1},
            at=now,
        )
        for one in annotations
    )
    for item, votes in pairs:
        item.votes = len(votes)
        item.votes_wanted = max(item.votes_wanted, len(votes))
        item.is_unsettled = True
    Item.objects.bulk_update(
        [item for item, _ in pairs], ["votes", "votes_wanted", "is_unsettled"]
    )
    counts = Counter(one.annotator_id for one in annotations)
    for annotator, count in sorted(counts.items()):
        ProjectCounter.add(project.pk, annotator, votes=count)
    signals.send_on_commit(signals.votes_changed, project.pk)
