"""The queue's row locks, in the one order in which everybody takes them.

A membership, then its assignments by id, then the turn of the order, then items by id,
then counters. Another order can deadlock. Only whoever has locked the membership locks
several assignments of it. Entries of the queue are locked with ``SKIP LOCKED``, so
nobody waits for them.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import transaction

from labeling.errors import NotFoundError
from labeling.messages import sentence as _
from labeling.models import Assignment, Membership
from labeling.services.queue.statements import SQL
from labeling.sql import lean


@contextmanager
def alone(member: Membership) -> Iterator[None]:
    """Be the only one who lends to this person, in a transaction of its own.

    Otherwise two windows of one person could both fit into a quota, or deadlock by
    taking two items in different orders.
    """
    with transaction.atomic():
        # Another window waits here until our commit, and then sees what we have lent.
        lean.fetch(SQL["lock_member"], {"member": member.pk})
        yield


def own_assignment(member: Membership, assignment_id: int) -> Assignment:
    """Return the person's own assignment, locked until the commit.

    Raises NotFoundError where it is not theirs or its item has been deleted.
    """
    # A vote locks its assignment too: so whoever releases, skips or answers it at the
    # same moment (race) waits here, and then reads the state that the other has written.
    assignment = (
        Assignment.objects.select_for_update(of=("self",))
        .filter(
            pk=assignment_id,
            annotator_id=member.user_id,
            project_id=member.project_id,
        )
        .first()
    )
    if assignment is None:
        raise NotFoundError(
            _("There is no such assignment of yours; its item may have been deleted.")
        )
    return assignment
