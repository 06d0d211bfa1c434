"""The job by which the encoder sees a project's pictures, behind all other work.

A network sees some twenty pictures a second, so a hundred thousand take more than an hour.
Until it has seen them, they are read by their own features alone: the first order is there
at once, and each order and each version is by complete rows of one specification.
"""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.db.models import Sum
from django.utils.translation import gettext_noop as noop

from activelearn.core import features as core
from activelearn.models import FeatureShard
from activelearn.services.features import in_force, store
from activelearn.services.versions import registry, requests
from labeling.models import Job, Project
from labeling.services.work import jobs
from labeling.services.work.progress import Progress


def consider(project_id: int) -> None:
    """Request that pictures are seen where too many are not; a job that waits will do.

    Not where a person has cancelled the last one: somebody has to run that again.
    """
    pictures = Project.objects.filter(data_type=Project.DataType.IMAGE)
    project = pictures.filter(pk=project_id).first()
    if project is None or not _is_due(project):
        return
    if not is_cancelled(project_id):
        jobs.request_for_project("learn.encode", project_id, series="encode")


def _is_due(project: Project) -> bool:
    champion = registry.champion(project)
    # What serves may read them so though the next version does not.
    return in_force.is_early(project) or (
        champion is not None and in_force.reads_unseen(project, champion.spec_hash)
    )


def is_cancelled(project_id: int) -> bool:
    """Whether a person has cancelled the last job."""
    encodings = Job.objects.filter(project=project_id, kind="learn.encode")
    last = encodings.defer("log").order_by("pk").last()
    return last is not None and last.state == Job.State.CANCELLED


def run(progress: Progress) -> dict[str, Any]:
    """See all pictures that the encoder has not seen, a chunk at a time.

    The next order and the next version read them by it. Raises what ``Progress.step`` and
    ``store.complete`` raise; each chunk is kept, and the next attempt goes on from there.
    """
    project = progress.job.project
    if project is None:
        return {}
    progress.report(stage=noop("features"))
    store.complete(project, core.JOINED_IMAGE_SPEC, progress.step)
    with transaction.atomic():
        requests.request_order(project.pk)
        # Last, for it locks the job's row: a worker that lost the job requests nothing.
        progress.report(stage=noop("done"))
    return {"items": _new_rows(progress.job)}


def _new_rows(job: Job) -> int:
    """Return how many rows a job has added, in all its attempts."""
    wanted = core.hash_of(core.JOINED_IMAGE_SPEC)
    added = FeatureShard.objects.filter(
        project=job.project, spec_hash=wanted, created_at__gte=job.started_at
    )
    return added.aggregate(total=Sum("items"))["total"] or 0
