"""A pass of the champion over the pool: its predictions, published at once."""

from __future__ import annotations

import logging
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_noop as noop

from activelearn.core.scoring import Score, scored
from activelearn.models import ModelVersion, ScoringRun
from activelearn.services.features import store
from activelearn.services.labels import snapshots
from activelearn.services.predictions import newcomers
from activelearn.services.versions import registry, requests
from labeling.errors import ConflictError
from labeling.messages import sentence as _
from labeling.models import Item, Job, Project, User
from labeling.services.transfer import predictions
from labeling.services.votes import relabel
from labeling.services.work.progress import Progress
from labeling.services.work.transactions import lock_project

logger = logging.getLogger(__name__)


def run(progress: Progress) -> dict[str, Any]:
    """Score the pool with the model that serves now, and publish its predictions.

    Raises what ``registry.load`` raises, and NotFoundError where the project has been
    deleted.
    """
    project = progress.job.project
    # Before the model is loaded: where other labels come in force from here on, this pass
    # counts for those before, and another one follows.
    label_set_id = relabel.in_force(project.pk) if project else 0
    champion = registry.champion_in_turn(project) if project else None
    if project is None or champion is None:
        return {}
    scores = _scores(project, champion, progress)
    learned = _learned_from(champion)
    with transaction.atomic():
        predictions.publish(project.pk, champion.number, scores, trained_on=learned)
        ScoringRun.objects.create(
            project=project,
            model=champion,
            label_set_id=label_set_id,
            items=len(scores),
        )
        # Last, for it locks the job's row: a worker that lost the job undoes all this.
        progress.report(stage=noop("published"))
    # A promotion may have found this job still waiting, and requested no other.
    if (serving := registry.champion(project)) and serving != champion:
        requests.request_scores(serving)
    requests.request_order(project.pk)
    return {"items": len(scores)}


def request(project: Project, user: User) -> Job:
    """Request that the pool is scored anew; a pass that waits already will do.

    Raises ConflictError where no model serves, and NotFoundError where the project has
    been deleted.
    """
    with transaction.atomic():
        lock_project(project.pk)
        champion = registry.champion(project)
        if champion is None:
            raise ConflictError(_("No model serves yet: label more items."))
        return requests.request_scores(champion, user)


def newest_job(project: Project) -> Job | None:
    """Return the latest pass over the pool that was requested, whatever became of it."""
    passes = Job.objects.filter(project=project, kind="learn.score")
    return passes.defer("log").order_by("-pk").first()


def mend_all() -> int:
    """Request scores for each project that lacks predictions; return how many did.

    New items get theirs with the next order; this finds what nobody has asked for.
    """
    projects = Project.objects.order_by("pk").values_list("pk", flat=True)
    lacking = [pk for pk in projects if not newcomers.is_whole(pk)]
    for pk in lacking:
        logger.warning("project %s lacks predictions: its pool is scored anew", pk)
        requests.request_scores_of(pk)
    return len(lacking)


def is_due(project_id: int) -> bool:
    """Whether the champion's predictions for the pool are in words of other labels."""
    last = newcomers.last_pass(project_id)
    if last is None:
        return False
    # The first passes kept no labels: their words were those of the model.
    in_words_of = last.label_set_id or last.model.label_set_id
    return in_words_of != relabel.in_force(project_id)


def _scores(
    project: Project, champion: ModelVersion, progress: Progress
) -> list[Score]:
    """Return (item, prediction, how sure of all of it) for the pool's items."""
    model, spec = registry.load(champion)
    table = store.load(project, spec, progress.step)
    items = Item.objects.filter(project=project).pool().order_by("pk")
    # Items without a row came after the features were read; the next order scores them.
    pool = table.covered(items.values_list("pk", flat=True))
    scores: list[Score] = []
    for chunk in scored(model, table, pool):
        scores += chunk
        progress.report(done=len(scores), total=len(pool), stage=noop("scoring"))
    return scores


def _learned_from(version: ModelVersion) -> set[int]:
    """Return the items of the snapshot that a model was trained on."""
    return set(snapshots.read(version.snapshot))
