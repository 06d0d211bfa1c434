"""Predictions for items that came after the champion had scored the pool."""

from __future__ import annotations

import logging
from collections.abc import Callable
from itertools import chain

from django.db import transaction

from activelearn.core.features import Table
from activelearn.core.scoring import Score, scored
from activelearn.models import ModelVersion, ScoringRun
from activelearn.services.features import store
from activelearn.services.labels import snapshots
from activelearn.services.versions import loading
from labeling.errors import ConflictError
from labeling.models import Item, Prediction, Project
from labeling.models.automation import Automation
from labeling.services.transfer import predictions

logger = logging.getLogger(__name__)


def score(
    project: Project,
    table: Table,
    confirm: Callable[[], object] = lambda: None,
    step: store.Step = store.no_step,
) -> int:
    """Publish what the champion says of new items; return how many there were.

    table: by today's specification. Nothing is published where a pass over the pool is
    still to come, which scores them too. ``confirm`` is called in the transaction: what
    it raises undoes it.

    Raises NotFoundError where the project has been deleted.
    """
    last = last_pass(project.pk)
    # Without a pass by what serves now, the one to come takes the new items along.
    # Where people label alone, nothing is predicted.
    is_wanted = last is not None and last.project.automation != Automation.HUMAN
    new = _new(last) if last and is_wanted else []
    if last is None or not new:
        return 0
    try:
        scores = _scores(last.model, new, table, step)
    except ConflictError as refusal:
        # The order that is being made does not need them.
        logger.warning("new items are not scored: %s", refusal)
        return 0
    learned = set(snapshots.items_of(last.model.snapshot))
    with transaction.atomic():
        count = predictions.add(
            project.pk, last.model.number, scores, trained_on=learned
        )
        if last_pass(project.pk) != last:
            # Another model has scored all items meanwhile, or is about to.
            transaction.set_rollback(True)
            return 0
        confirm()
    return count


def _new(last: ScoringRun) -> list[int]:
    """Return the items that came after a pass and can be scored now."""
    if loading.reads_unseen(last.model):
        # An order must not wait for the encoder; the one that follows it scores them.
        return []
    items = Item.objects.filter(project=last.project, prediction=None).pool()
    return list(items.order_by("pk").values_list("pk", flat=True))


def _scores(
    version: ModelVersion, item_ids: list[int], table: Table, step: store.Step
) -> list[Score]:
    model, spec = loading.load(version)
    table = store.load_beside(table, version.project, spec, step)
    return list(chain.from_iterable(scored(model, table, table.covered(item_ids))))


def last_pass(project_id: int) -> ScoringRun | None:
    """Return the last pass over the pool, if it was by what serves now."""
    runs = ScoringRun.objects.filter(project=project_id)
    last = runs.select_related("model__project", "project").first()
    # The last pass may be of a model that was replaced: the pass of its successor
    # waits.
    is_current = last and last.model.stage == ModelVersion.Stage.CHAMPION
    return last if is_current else None


def is_whole(project_id: int) -> bool:
    """Whether each item of the pool has one prediction of what serves, as it should.

    Also where nothing serves, a pass over the pool is still to come, or the encoder has
    yet to see its pictures.
    """
    last = last_pass(project_id)
    if last is not None and last.project.automation == Automation.HUMAN:
        # Nothing is predicted there, as it should.
        return not Prediction.objects.filter(project=project_id).exists()
    if last is None or loading.reads_unseen(last.model):
        return True
    pool = Item.objects.filter(project=project_id).pool()
    others = Prediction.objects.filter(project=project_id).exclude(
        model_number=last.model.number
    )
    return not (pool.filter(prediction=None).exists() or others.exists())
