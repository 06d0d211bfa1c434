"""Give items back: released, skipped, expired; and what that does to the queue."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import connection, transaction
from django.db.models import F
from django.db.models.functions import Now
from django.utils import timezone

from labeling.errors import ConflictError
from labeling.messages import sentence as _
from labeling.models import (
    AnnotationEvent,
    Assignment,
    Item,
    Membership,
    ProjectCounter,
)
from labeling.services.queue import floor
from labeling.services.queue.locks import alone, own_assignment
from labeling.services.queue.statements import SQL
from labeling.services.work import events


def release(member: Membership, assignment_id: int) -> Assignment:
    """Give an item back unanswered; others may get it, and so may this person.

    Raises NotFoundError where the person has no such assignment.
    """
    with transaction.atomic():
        assignment = own_assignment(member, assignment_id)
        if assignment.state == Assignment.State.LEASED:
            _release(assignment)
    return assignment


def release_many(member: Membership, assignment_ids: Sequence[int]) -> int:
    """Give back what the person still holds of these; return how many."""
    return _release_held(member, pk__in=assignment_ids)


def release_all(member: Membership) -> int:
    """Give back all that the person holds in the project; return how many."""
    return _release_held(member)


def _release_held(member: Membership, **which: Any) -> int:
    # Only whoever has locked the membership locks several assignments of it (locks.py).
    with alone(member):
        held = list(
            Assignment.objects.select_for_update(of=("self",))
            .select_related("annotator")
            .filter(
                annotator_id=member.user_id,
                project_id=member.project_id,
                state=Assignment.State.LEASED,
                **which,
            )
            .order_by("pk")
        )
        for assignment in held:
            _release(assignment)
    return len(held)


def skip(member: Membership, assignment_id: int, reason: str = "") -> Assignment:
    """Pass an item on to others for good; this is idempotent.

    Raises ConflictError where the item is answered, NotFoundError where the person has
    no such assignment.
    """
    with transaction.atomic():
        if not member.has_skipped:
            # Lock order: the membership before the assignment.
            member.has_skipped = True
            member.save(update_fields=["has_skipped"])
        assignment = own_assignment(member, assignment_id)
        if assignment.state == Assignment.State.ANSWERED:
            raise ConflictError(_("It is answered already; undo the answer first."))
        # Sent twice: it is skipped already, and counted once.
        if assignment.state != Assignment.State.SKIPPED:
            _end(
                assignment,
                Assignment.State.SKIPPED,
                AnnotationEvent.Kind.SKIPPED,
                {"reason": reason},
            )
            ProjectCounter.add(member.project_id, member.user_id, skips=1)
    return assignment


def flag(member: Membership, assignment_id: int, comment: str = "") -> Assignment:
    """Say that something is wrong with an item; it stays with the person.

    Raises NotFoundError where the person has no such assignment.
    """
    with transaction.atomic():
        assignment = own_assignment(member, assignment_id)
        events.append(
            assignment,
            AnnotationEvent.Kind.FLAGGED,
            {"comment": comment},
            actor_id=member.user_id,
        )
        # Lock order: the item, then the counter.
        Item.objects.filter(pk=assignment.item_id).update(flags=F("flags") + 1)
        ProjectCounter.add(member.project_id, member.user_id, flags=1)
    return assignment


def _release(assignment: Assignment) -> None:
    _end(
        assignment, Assignment.State.RELEASED, AnnotationEvent.Kind.RELEASED, payload={}
    )


def _end(
    assignment: Assignment,
    state: Assignment.State,
    kind: AnnotationEvent.Kind,
    payload: dict[str, Any],
) -> None:
    assignment.state = state
    assignment.save(update_fields=["state"])
    events.append(assignment, kind, payload, actor_id=assignment.annotator_id)
    requeue([assignment])


def reclaim(limit: int = 1000, *, project_id: int | None = None) -> int:
    """End expired leases, of one project or all, at most ``limit``; return how many."""
    expired = Assignment.objects.filter(
        state=Assignment.State.LEASED, expires_at__lt=Now()
    )
    if project_id is not None:
        expired = expired.filter(project_id=project_id)
    with transaction.atomic():
        ended = list(
            # These are leases of many people, locked without their memberships and not
            # in the order of ids: whoever waited here could deadlock. What is locked is
            # being answered or renewed at this moment, and the next sweep looks again.
            expired.select_for_update(skip_locked=True).order_by("expires_at")[:limit]
        )
        Assignment.objects.filter(
            pk__in=[assignment.pk for assignment in ended]
        ).update(state=Assignment.State.EXPIRED)
        AnnotationEvent.objects.bulk_create(
            AnnotationEvent(
                project_id=assignment.project_id,
                item_id=assignment.item_id,
                assignment=assignment,
                kind=AnnotationEvent.Kind.EXPIRED,
                at=timezone.now(),
            )
            for assignment in ended
        )
        requeue(ended)
    return len(ended)


def requeue(freed: Sequence[Assignment]) -> None:
    """Put the slots of ended assignments back where they stood.

    The slots of gold questions and of repeats are one person's own.
    """
    with connection.cursor() as cursor:
        cursor.execute(SQL["requeue"], {"ids": [assignment.pk for assignment in freed]})
    # Their entries may lie before the floor, from which leases of this process look on.
    for project_id in {assignment.project_id for assignment in freed}:
        floor.forget(project_id)


def withdraw(item_ids: Sequence[int], slot: int | None = None) -> None:
    """Take items out of the queue, or one slot of them: nobody is to get them now.

    Nobody waits for a lease that takes one at this moment: it fails on
    ``one_live_slot``, or has committed before us. Were it to fail, the next lease drops
    what it has left.
    """
    with connection.cursor() as cursor:
        cursor.execute(SQL["withdraw"], {"items": list(item_ids), "slot": slot})
