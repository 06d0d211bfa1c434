"""The job by which a slow encoder sees a project's items, behind all other work.

A network sees some twenty pictures or two hundred short texts a second, so a hundred
thousand take minutes to hours. Until it has seen them, they are read without it: the first
order is there at once, and each order and each version is by complete rows of one
specification.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

from django.db import transaction
from django.db.models import Sum
from django.utils import timezone
from django.utils.translation import gettext_noop as noop

from activelearn.core import features as core
from activelearn.models import FeatureShard
from activelearn.services.features import added, freezing, in_force, store
from activelearn.services.versions import loading, registry, requests
from labeling.models import Item, Job, Project
from labeling.services.work import jobs
from labeling.services.work.progress import Progress

# How long a project whose encoding failed is left alone.
REST: Final = timedelta(minutes=10)


def consider(project_id: int) -> None:
    """Request that items are seen where too many are not; a job that waits will do.

    Not where a person has cancelled the last one: somebody has to run that again. One
    that failed is left alone for a while.
    """
    kinds = (Project.DataType.IMAGE, Project.DataType.TEXT)
    project = Project.objects.filter(pk=project_id, data_type__in=kinds).first()
    if project is None:
        return
    freezing.renew(project)
    if not _is_due(project):
        return
    if not (is_cancelled(project_id) or _has_just_failed(project_id)):
        request(project)


def request(project: Project) -> None:
    """Request that items are seen; a job that waits will do."""
    jobs.request_for_project("learn.encode", project.pk, series="encode")


def _is_due(project: Project) -> bool:
    if any(in_force.is_behind(project, spec) for spec in _wanted(project)):
        return True
    # Without any item there is nothing that could be frozen.
    is_new = any(row.encoder is None for row in added.rows_of(project))
    return is_new and Item.objects.filter(project=project).pool().exists()


def _wanted(project: Project) -> list[core.Spec]:
    """Return what a slow encoder is to see: for what is chosen, added, or serves."""
    specs = list(filter(in_force.is_slow, added.specs_of(project).values()))
    if (chosen := in_force.slow_spec(project)) and chosen not in specs:
        specs.append(chosen)
    champion = registry.champion(project)
    # What serves may read them so though the next version does not.
    serving = champion and loading.slow_spec_of(champion)
    if serving and serving not in specs:
        specs.append(serving)
    # Whose file is gone sees nothing until somebody gets it again.
    return list(filter(in_force.can_be_read, specs))


def is_cancelled(project_id: int) -> bool:
    """Whether a person has cancelled the last job."""
    encodings = Job.objects.filter(project=project_id, kind="learn.encode")
    last = encodings.defer("log").order_by("pk").last()
    return last is not None and last.state == Job.State.CANCELLED


def _has_just_failed(project_id: int) -> bool:
    failed = Job.objects.filter(
        project=project_id, kind="learn.encode", state=Job.State.FAILED
    )
    return failed.filter(finished_at__gt=timezone.now() - REST).exists()


def run(progress: Progress) -> dict[str, Any]:
    """See all items that an encoder has not seen, a chunk at a time.

    The next order and the next version read them by what is chosen. Raises what
    ``Progress.step``, ``freezing.freeze`` and ``store.complete`` raise; each chunk is kept,
    and the next attempt goes on from there.
    """
    project = progress.job.project
    if project is None:
        return {}
    progress.report(stage=noop("features"))
    for row in added.rows_of(project):
        if row.encoder is None:
            freezing.freeze(row)
            progress.report()
    wanted = _wanted(project)
    for spec in wanted:
        store.complete(project, spec, progress.step)
    with transaction.atomic():
        requests.request_order(project.pk)
        # Last, for it locks the job's row: a worker that lost the job requests nothing.
        progress.report(stage=noop("done"))
    return {"items": _new_rows(progress.job, wanted)}


def _new_rows(job: Job, specs: list[core.Spec]) -> int:
    """Return how many rows a job has added, in all its attempts."""
    rows = FeatureShard.objects.filter(
        project=job.project,
        spec_hash__in=map(core.hash_of, specs),
        created_at__gte=job.started_at,
    )
    return rows.aggregate(total=Sum("items"))["total"] or 0
