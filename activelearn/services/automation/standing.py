"""How the dial of a project stands, for the API and the page: reads only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import QuerySet

from activelearn.models import AuditedItem, Certificate, DialChange, LabelDial
from activelearn.services.automation import audits
from activelearn.services.automation.audits import PartAudit
from activelearn.services.predictions import deciding
from activelearn.services.versions import registry
from labeling.models import Project
from labeling.services.votes import automatic


@dataclass(frozen=True)
class DialStanding:
    """The dial, what it rests on, and what the audits say.

    certificate: of what serves, under the terms of now. waiting: items that people are to
    check. audits: of each part, empty where nothing is accepted.
    """

    degree: str
    labels: Sequence[LabelDial]
    accepted: int
    waiting: int
    certificate: Certificate | None
    audits: Sequence[PartAudit]


def of_project(project: Project) -> DialStanding:
    """Return how the dial stands now."""
    champion = registry.champion(project)
    accepts = deciding.accepts_anything(project)
    certificate = deciding.in_force(project, champion) if champion and accepts else None
    # With those of an earlier dial: people are asked about them still.
    waiting = AuditedItem.objects.filter(project=project, settled_at=None)
    return DialStanding(
        degree=project.automation,
        labels=list(LabelDial.objects.filter(project=project)),
        accepted=automatic.accepted(project).count(),
        waiting=waiting.count(),
        certificate=certificate,
        audits=audits.standing(project) if accepts else [],
    )


def changes(project: Project) -> QuerySet[DialChange]:
    """Return who changed the dial, the latest first."""
    return DialChange.objects.filter(project=project).select_related("by")


def audited(project: Project) -> QuerySet[AuditedItem]:
    """Return the audited items with an outcome, the latest drawn first.

    Those without one are still asked about, and nobody is to see what was accepted.
    """
    return AuditedItem.objects.filter(project=project, settled_at__isnull=False)
