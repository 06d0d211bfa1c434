"""Predictions for items that came after the champion had scored the pool."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Final

from django.db import transaction

from activelearn.core.features import Table
from activelearn.models import ModelVersion, ScoringRun
from activelearn.services import features, registry, snapshots
from labeling.errors import ConflictError
from labeling.models import Item, Project
from labeling.services.transfer import predictions

logger = logging.getLogger(__name__)
CHUNK: Final = 50_000

Scores = list[tuple[int, str, float]]


def score(
    project: Project, table: Table, confirm: Callable[[], object] = lambda: None
) -> int:
    """Publish what the champion says of new items; return how many there were.

    table: by today's specification. Nothing is published where a pass over the pool is
    still to come, which scores them too. ``confirm`` is called in the transaction: what
    it raises undoes it.
    """
    last = _last_pass(project)
    items = Item.objects.filter(project=project, prediction=None).pool()
    new = list(items.order_by("pk").values_list("pk", flat=True)) if last else []
    if last is None or not new:
        return 0
    try:
        scores = scores_of(last.model, new, table)
    except ConflictError as refusal:
        # The order that is being made does not need them.
        logger.warning("new items are not scored: %s", refusal)
        return 0
    learned = set(snapshots.read(last.model.snapshot))
    with transaction.atomic():
        count = predictions.add(
            project.pk, last.model.number, scores, trained_on=learned
        )
        if _last_pass(project) != last:
            # Another model has scored all items meanwhile, or is about to.
            transaction.set_rollback(True)
            return 0
        confirm()
    return count


def scores_of(version: ModelVersion, item_ids: list[int], table: Table) -> Scores:
    """Return (item, likeliest label, its probability) of items that have a row.

    table: by today's specification, which need not be the version's. Raises what
    ``registry.load`` raises.
    """
    model, spec = registry.load(version)
    if version.spec_hash != features.hash_of(features.spec_of(version.project)):
        table = features.load(version.project, spec)
    covered = table.covered(item_ids)
    scores: Scores = []
    for start in range(0, len(covered), CHUNK):
        chunk = covered[start : start + CHUNK]
        probabilities = model.probabilities(table.rows_of(chunk))
        likeliest = probabilities.argmax(axis=1)
        scores += [
            (pk, model.labels[column], float(row[column]))
            for pk, column, row in zip(chunk, likeliest, probabilities, strict=True)
        ]
    return scores


def _last_pass(project: Project) -> ScoringRun | None:
    """Return the last pass over the pool, if it was by what serves now."""
    last = ScoringRun.objects.filter(project=project).select_related("model").first()
    is_current = last and last.model.stage == ModelVersion.Stage.CHAMPION
    return last if is_current else None
