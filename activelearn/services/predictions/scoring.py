"""A pass of the champion over the pool: scored chunk by chunk, published at once.

A pass that was cancelled, that stood back or whose worker was killed goes on with the
items that have no score yet. Other workers may take parts of a large one (``parts``).
"""

from __future__ import annotations

import logging
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils.translation import gettext_noop as noop

from activelearn.core.scoring import Score, of_table
from activelearn.models import ModelVersion, ScoringRun
from activelearn.services.features import store
from activelearn.services.labels import snapshots
from activelearn.services.predictions import newcomers, parts
from activelearn.services.predictions.chunks import Pass
from activelearn.services.versions import crossing, healing, loading, registry, requests
from labeling.errors import ConflictError
from labeling.messages import sentence as _
from labeling.models import Job, Prediction, Project, User
from labeling.models.automation import Automation
from labeling.services.transfer import predictions
from labeling.services.votes import relabel
from labeling.services.work.progress import Progress
from labeling.services.work.transactions import lock_project

logger = logging.getLogger(__name__)


def run(progress: Progress) -> dict[str, Any]:
    """Score the pool with the model that serves now, and publish its predictions.

    Raises what ``loading.load`` raises, and NotFoundError where the project has been
    deleted.
    """
    project = progress.job.project
    # Before the model is loaded: where other labels come in force from here on, this pass
    # counts for those before, and another one follows.
    label_set_id = relabel.in_force(project.pk) if project else 0
    if project is not None:
        healing.check(project)
    champion = registry.champion_in_turn(project) if project else None
    if project is None or champion is None or _is_left_to_people(project):
        return {}
    own = Pass(champion, label_set_id)
    with transaction.atomic():
        own.forget_others()
        # A worker that lost the job deletes nothing of what another one keeps.
        progress.report()
    parts.score_all(own, progress)
    parts.end_help(project)
    others = _by_others(champion)
    learned = set(snapshots.items_of(champion.snapshot)) - others.keys()
    scores = (others.get(score[0], score) for score in own.scores())
    with transaction.atomic():
        count = predictions.publish(
            project.pk, champion.number, scores, trained_on=learned
        )
        own.forget()
        ScoringRun.objects.create(
            project=project, model=champion, label_set_id=label_set_id, items=count
        )
        # Last, for it locks the job's row: a worker that lost the job undoes all this.
        progress.report(stage=noop("published"))
    # A promotion may have found this job still waiting, and requested no other.
    if (serving := registry.champion(project)) and serving != champion:
        requests.request_scores(serving)
    requests.request_order(project.pk)
    return {"items": count}


def _is_left_to_people(project: Project) -> bool:
    """Whether nothing is to be predicted; then what there is goes."""
    if project.automation != Automation.HUMAN:
        return False
    # A pass that was under way when the dial went down may have left some.
    Prediction.objects.filter(project=project).delete()
    return True


def run_beside(progress: Progress) -> dict[str, Any]:
    """Take parts of the pass that is under way, beside the worker that publishes it.

    Raises what ``loading.load`` raises.
    """
    project = progress.job.project
    champion = registry.champion(project) if project else None
    if project is None or champion is None:
        return {"items": 0}
    own = Pass(champion, relabel.in_force(project.pk))
    return {"items": parts.score_beside(own, progress)}


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
    # A pass that is under way, or waits, will do.
    to_come = Job.objects.filter(
        kind="learn.score", project=OuterRef("pk"), finished_at=None
    )
    projects = Project.objects.exclude(Exists(to_come)).order_by("pk")
    ids = projects.values_list("pk", flat=True)
    lacking = [pk for pk in ids if not newcomers.is_whole(pk)]
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


def _by_others(version: ModelVersion) -> dict[int, Score]:
    """Return what models that have not learned from them say of a version's labels."""
    if not version.crossfit:
        return {}
    model, spec = loading.load(version)
    crossed = crossing.crossed_of(version, store.load(version.project, spec))
    if crossed is None:
        return {}
    table = model.of_scores(crossed.scores)
    return {score[0]: score for score in of_table(model, crossed.ids.tolist(), table)}
