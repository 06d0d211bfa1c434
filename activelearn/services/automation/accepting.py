"""Accepting what the model is sure of: a job, some items at a time, under a certificate.

``partial`` accepts what is in the pool when a certificate is made, ``full`` also what comes
in later. Each chunk asks behind the project's lock whether both still hold, so nothing is
accepted after the dial was lowered.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext_noop as noop

from activelearn.core import dial as core
from activelearn.models import AuditedItem, Certificate, ModelVersion, RankingFit
from activelearn.services.automation import audits, certifying, dial
from activelearn.services.predictions import deciding, newcomers
from activelearn.services.versions import registry
from labeling.errors import ConflictError
from labeling.messages import sentence as _
from labeling.models import Item, Job, Prediction, Project, User
from labeling.models.automation import Automation
from labeling.services.votes import automatic
from labeling.services.votes.automatic import SurePrediction
from labeling.services.work.progress import Progress
from labeling.services.work.transactions import keep_project

CHUNK: Final = 500
# A certificate that accepts nothing is made anew when the labels have grown by this.
GROWTH: Final = 1.2


def request(project: Project, user: User) -> Job:
    """Request that what qualifies is accepted now; a job that waits already will do.

    Raises ConflictError where the dial lets nothing be accepted, or no model serves.
    """
    if not deciding.accepts_anything(project):
        raise ConflictError(_("The dial lets nothing be accepted: raise it first."))
    if registry.champion(project) is None:
        raise ConflictError(_("No model serves yet: label more items."))
    return dial.request_acceptance(project, user)


def run(progress: Progress) -> dict[str, Any]:
    """Accept what qualifies in the job's project, and draw what is audited of it.

    Raises what ``Progress.report`` and ``certifying.renewed`` raise.
    """
    project = progress.job.project
    champion = registry.champion(project) if project else None
    if project is None or champion is None or not deciding.accepts_anything(project):
        return {"items": 0}
    progress.report(stage=noop("certificate"))
    certificate = deciding.in_force(project, champion)
    if certificate is None or _is_outgrown(project, certificate):
        certificate = certifying.renewed(project)
    candidates = list(
        _qualifying(project, certificate).values_list("item_id", flat=True)
    )
    count = 0
    for start in range(0, len(candidates), CHUNK):
        chunk = candidates[start : start + CHUNK]
        with transaction.atomic():
            accepted = _accept(project.pk, certificate, chunk)
            count += len(accepted or ())
            # Last, for it locks the job's row: a worker that lost the job undoes this.
            progress.report(
                done=start + len(chunk), total=len(candidates), stage=noop("acceptance")
            )
        # The dial is down or another version serves: what follows needs another look.
        if accepted is None:
            break
    audits.draw(project)
    return {"items": count}


def _accept(
    project_id: int, certificate: Certificate, items: Sequence[int]
) -> list[int] | None:
    """Accept what qualifies of some items; None where nothing may be accepted any more."""
    project = keep_project(project_id)
    champion = registry.champion(project) if project else None
    if project is None or champion is None:
        return None
    if not deciding.accepts_anything(project) or not deciding.is_in_force(
        certificate, project, champion
    ):
        return None
    parts = certificate.of_parts
    # Read again behind the lock: a pass may have replaced them since.
    predictions = {
        row.item_id: SurePrediction(row.names, row.confidence)
        for row in _qualifying(project, certificate).filter(item__in=items)
        if core.is_accepted(row.names, row.confidence, parts)
    }
    return automatic.accept(
        project,
        predictions,
        model_number=champion.number,
        label_set_id=certificate.label_set_id,
    )


def _qualifying(project: Project, certificate: Certificate) -> QuerySet[Prediction]:
    """Return predictions of items nobody has to do with, that some part may accept."""
    # The lowest one first: the database leaves out what no part accepts.
    thresholds = [
        part.threshold for part in certificate.of_parts if part.threshold is not None
    ]
    predictions = Prediction.objects.filter(
        project=project,
        model_number=certificate.model.number,
        item__in=automatic.free(project),
    )
    if not thresholds:
        return predictions.none()
    open_audits = AuditedItem.objects.filter(project=project, settled_at=None)
    return (
        predictions.filter(confidence__gte=min(thresholds))
        .exclude(item__in=open_audits.values("item"))
        .order_by("item_id")
    )


def _is_outgrown(project: Project, certificate: Certificate) -> bool:
    """Whether a certificate accepts nothing, and there are more labels to tell by now."""
    if any(part.threshold is not None for part in certificate.of_parts):
        return False
    held_out = Item.objects.filter(project=project, state=Item.State.SETTLED)
    wanted = max(certificate.labels + 1, certificate.labels * GROWTH)
    return held_out.evaluation().count() >= wanted


def consider(project_id: int) -> None:
    """Request what the dial asks for: certificates, acceptance; look at the audits."""
    project = Project.objects.filter(pk=project_id).first()
    if project is None:
        return
    # What people are still asked about after the dial went down is closed too.
    failed = audits.consider(project)
    if failed or not deciding.accepts_anything(project):
        return
    last = newcomers.last_pass(project_id)
    if last is not None and _is_due(project, last.model):
        dial.request_acceptance(project)


def _is_due(project: Project, champion: ModelVersion) -> bool:
    certificate = deciding.in_force(project, champion)
    if certificate is None or _is_outgrown(project, certificate):
        return True
    # Under ``partial`` what came in later waits for people, or for another certificate.
    degrees = {part.degree for part in deciding.terms_of(project)}
    if Automation.FULL not in degrees or not _has_newcomers(project):
        return False
    return _qualifying(project, certificate).exists()


def _has_newcomers(project: Project) -> bool:
    """Whether an order has come since the last acceptance: it predicts what came in."""
    # Cheap, for it is asked every few seconds; the rest reads the pool's predictions.
    jobs = Job.objects.filter(project=project, kind="learn.accept")
    last = jobs.order_by("-pk").values_list("finished_at", flat=True).first()
    orders = RankingFit.objects.filter(project=project)
    return last is None or orders.filter(created_at__gt=last).exists()


def consider_all() -> int:
    """Look at every project; return how many."""
    projects = list(Project.objects.values_list("pk", flat=True))
    for pk in projects:
        consider(pk)
    return len(projects)
