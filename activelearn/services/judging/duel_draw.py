"""The draw of a duel: a random sample of the open items on which two versions differ."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec
import numpy as np
from django.db import transaction
from django.utils.translation import gettext_noop as noop

from activelearn.core import duel as core
from activelearn.core import training
from activelearn.core.evaluation import Labels
from activelearn.core.features import Table
from activelearn.models import Duel, ModelVersion
from activelearn.models.duel import DuelPlace
from activelearn.services.features import store
from activelearn.services.judging import duels, evidence, verdicts
from activelearn.services.versions import requests
from labeling.errors import ConflictError
from labeling.models import Project, ProjectCounter
from labeling.services.votes import relabel
from labeling.services.work.progress import Progress
from labeling.services.work.transactions import lock_project

# With more open items than this, a random sample of this size is looked at.
MOST_ITEMS: Final = 50_000


def draw(progress: Progress) -> dict[str, Any]:
    """Draw the items of the duel that is due in the job's project; run twice, it is one.

    Raises what ``Progress.report`` and ``store.load`` raise, and NotFoundError where the
    project has been deleted.
    """
    project = progress.job.project
    pair = duels.pair_due(project) if project else None
    if project is None or pair is None:
        return {}
    label_set_id = relabel.in_force(project.pk)
    duel = _drawn(project, pair, progress)
    duel.label_set_id = label_set_id
    with transaction.atomic():
        progress.report(stage=noop("done"))
        project = lock_project(project.pk)
        # Asked again behind the lock: while the items were scored another version may
        # have come to wait or to serve.
        is_new = duels.pair_due(project) == pair and not duels.open_of(project.pk)
        # Two models that predict in different words differ for no reason.
        if not is_new or relabel.in_force(project.pk) != label_set_id:
            return {}
        duel.labels_then = ProjectCounter.toward_retrain(project.pk)
        duel.save(force_insert=True)
        if duel.ended_at is None:
            requests.request_order(project.pk)
    return {"differing": duel.differing, "asked": duel.asked}


def _drawn(
    project: Project, pair: tuple[ModelVersion, ModelVersion], progress: Progress
) -> Duel:
    """Return the duel of a version that waits with what serves: not yet saved."""
    challenger, champion = pair
    duel = Duel(project=project, challenger=challenger, champion=champion)
    earlier = Duel.objects.filter(challenger=challenger, champion=champion).count()
    # With the number of earlier duels of the two: a second one draws other items.
    entropy = [project.seed, challenger.number, champion.number, earlier]
    duel.seed = int(np.random.SeedSequence(entropy).generate_state(1)[0])
    duel.items = duel.differing = 0
    rng = np.random.default_rng(duel.seed)
    progress.report(stage=noop("features"))
    table = store.load(project)
    items = table.covered(duels.unseen(project))
    if len(items) > MOST_ITEMS:
        # Sorted again: features are read in the order of the ids.
        items = sorted(rng.choice(items, MOST_ITEMS, replace=False).tolist())
    try:
        old = _predicted(champion, items, table, progress)
        new = _predicted(challenger, items, table, progress)
    except ConflictError as refusal:
        return duels.ended(duel, "cannot tell", refusal.message)
    fight = core.drawn(old, new, rng)
    duel.items, duel.differing = fight.items, fight.differing
    if fight.differing < core.FEWEST:
        return duels.ended(duel, "alike", verdicts.alike(duel))
    # Only up to the first look; more are asked about where that cannot tell.
    duel.asked = fight.looks[0]
    duel.places = [
        msgspec.to_builtins(
            DuelPlace(pk, fight.probability, sorted(old[pk]), sorted(new[pk]))
        )
        for pk in fight.cut.order
    ]
    return duel


def _predicted(
    version: ModelVersion, items: Sequence[int], table: Table, progress: Progress
) -> dict[int, Labels]:
    """Return what a version says of items: as it serves them, in the labels of today."""
    witness = evidence.opened(version, table)
    predicted: dict[int, Labels] = {}
    for start in range(0, len(items), evidence.CHUNK):
        chunk = items[start : start + evidence.CHUNK]
        probabilities = witness.model.probabilities(witness.table.rows_of(chunk))
        labels = training.predicted_labels(witness.model, probabilities)
        predicted |= zip(chunk, labels, strict=True)
        progress.report(done=len(predicted), total=len(items), stage=noop("scoring"))
    return predicted
