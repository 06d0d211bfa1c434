"""Incidents: what people did about an alarm that had opened."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.utils import timezone

from activelearn.models import WatchIncident
from activelearn.services.versions import reasons
from labeling.errors import ConflictError, InvalidInputError, NotFoundError
from labeling.messages import sentence as _
from labeling.models import Project, User
from labeling.services.work.transactions import lock_project


def incident(project: Project, pk: int) -> WatchIncident:
    """Return an incident. Raises NotFoundError where the project has no such one."""
    rows = WatchIncident.objects.select_related("owner", "verified_by", "window")
    row = rows.filter(project=project, pk=pk).first()
    if row is None:
        raise NotFoundError(_("There is no such incident."))
    return row


def take(project: Project, user: User, pk: int) -> WatchIncident:
    """Let a person care for an incident.

    Raises ConflictError where it is closed, and NotFoundError where there is none.
    """
    return _changed(project, pk, {"owner": user})


def close(project: Project, user: User, pk: int, cause: str, fix: str) -> WatchIncident:
    """Close an incident with its cause and what helped; who closes it owns it.

    Raises ConflictError where it is closed, InvalidInputError without a cause or a fix,
    and NotFoundError where there is none.
    """
    texts = {"cause": reasons.checked(cause), "fix": reasons.checked(fix)}
    if missing := [name for name, text in texts.items() if not text]:
        raise InvalidInputError(errors={missing[0]: [_("Say why.")]})
    return _changed(project, pk, {**texts, "owner": user, "closed_at": timezone.now()})


def _changed(project: Project, pk: int, changes: dict[str, Any]) -> WatchIncident:
    """Change an open incident. Raises NotFoundError, and ConflictError for a closed one."""
    with transaction.atomic():
        # Two people who close it at once take turns.
        lock_project(project.pk)
        row = incident(project, pk)
        if row.closed_at is not None:
            raise ConflictError(_("This incident is closed."))
        WatchIncident.objects.filter(pk=pk).update(**changes)
    return incident(project, pk)


def verify(project: Project, user: User, pk: int) -> WatchIncident:
    """Say that what helped has helped.

    Raises ConflictError where the incident is open or was verified, NotFoundError where
    there is none.
    """
    row = incident(project, pk)
    mine = WatchIncident.objects.filter(
        pk=row.pk, closed_at__isnull=False, verified_at=None
    )
    # Of two at once the first one counts.
    if not mine.update(verified_by=user, verified_at=timezone.now()):
        raise ConflictError(_("Only a closed incident is verified, and once."))
    return incident(project, pk)
