"""The job that compares the representations of a project's items, and chooses one."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, Final

import numpy as np
from django.db import transaction
from django.utils.translation import gettext_noop as noop

from activelearn.core import features as core
from activelearn.core import representations
from activelearn.core.crossfit import Lot
from activelearn.core.intervals import numbered
from activelearn.core.joined import stacked
from activelearn.core.representations import ChosenRepresentation
from activelearn.models import RepresentationChoice
from activelearn.services.features import choices, in_force, payloads
from activelearn.services.labels import snapshots
from activelearn.services.versions import requests
from labeling.messages import message
from labeling.models import Item, Project, ProjectCounter
from labeling.services.work import jobs
from labeling.services.work.progress import Progress

# Items whose rows are computed at once.
AT_ONCE: Final = 100


def consider(project_id: int) -> None:
    """Request a comparison where one is due; one that already waits will do."""
    if _is_due(project_id):
        jobs.request_for_project("learn.choose", project_id, series="choose")


def _is_due(project_id: int) -> bool:
    """Whether there are enough labels of texts or pictures for the next comparison."""
    labels = ProjectCounter.confident_of(project_id)
    # Cheap first: every project is looked at every few seconds.
    if labels < representations.FEWEST:
        return False
    kinds = (Project.DataType.TEXT, Project.DataType.IMAGE)
    project = Project.objects.filter(pk=project_id, data_type__in=kinds).first()
    row = choices.newest(project_id)
    # Where labels went since, the next comparison waits for as many as the last one had.
    if project is None or not representations.is_due(
        labels, row.label_count if row else 0
    ):
        return False
    # Nothing comes of a choice while it cannot be followed.
    return not in_force.is_early(project)


def run(progress: Progress) -> dict[str, Any]:
    """Compare the representations on the labels there are, and choose one.

    The next order and the next version read the items by it; versions that are there go
    on with their own. Raises what ``Progress.report`` and ``payloads.read`` raise.
    """
    project = progress.job.project
    # Somebody else may have compared since it was requested.
    if project is None or not _is_due(project.pk):
        return {}
    # Counted first: what comes in from here on counts toward the next comparison.
    label_count = ProjectCounter.confident_of(project.pk)
    labels = snapshots.labels_now(project, Item.Split.POOL)
    choice = _compared(project, labels, progress)
    items = min(len(labels), representations.MOST) if choice.accuracies else 0
    with transaction.atomic():
        _keep(project, choice, items, label_count)
        if choice.name != choice.before:
            requests.request_order(project.pk)
        # Last, for it locks the job's row: a worker that lost the job keeps nothing.
        progress.report(stage=noop("done"))
    # Behind the commit: a worker that lost the job says nothing.
    if choice.name != choice.before:
        progress.log(
            message(
                "The items are read in another way from now on: by %(name)s, before by %(before)s.",
                name=choices.called(project.data_type, choice.name),
                before=choices.called(project.data_type, choice.before),
            )
        )
    return {"items": items}


def _lot(project: Project, labels: snapshots.LabelsOf, progress: Progress) -> Lot:
    """Return labeled items, at most as many as are looked at, with their rows."""
    ids = np.array(sorted(labels), dtype=np.int64)
    if len(ids) > representations.MOST:
        # By the project's seed, so that a job that is done again compares the same ones.
        drawn = np.random.default_rng(project.seed).choice(
            ids, representations.MOST, replace=False
        )
        ids = np.sort(drawn)
    # Not from the store: where its own features are in force it has no joined rows, and
    # to compute those of all items for a thousand of them would take minutes.
    drawn_items = Item.objects.filter(pk__in=ids.tolist()).select_related("media")
    items = list(drawn_items.order_by("pk"))
    spec = representations.SPECS[project.data_type]["joined"]
    parts = []
    for start in range(0, len(items), AT_ONCE):
        # A network takes seconds for as many: who cancels is heard.
        progress.report()
        parts.append(payloads.rows_of(items[start : start + AT_ONCE], spec))
    return Lot(
        [item.pk for item in items],
        stacked(parts),
        [labels[item.pk] for item in items],
        numbered([item.group_key for item in items]),
    )


def _compared(
    project: Project, labels: snapshots.LabelsOf, progress: Progress
) -> ChosenRepresentation:
    before = choices.name_now(project)
    # Of those that were counted, some may be ambiguous: nothing is right about these.
    if len(labels) < representations.FEWEST:
        return ChosenRepresentation(before, before, {})
    progress.report(stage=noop("features"))
    lot = _lot(project, labels, progress)
    progress.report(stage=noop("comparison"))
    right = representations.compared(
        lot,
        project.data_type,
        is_multi=project.is_multi,
        seed=project.seed,
        step=progress.report,
    )
    return representations.chosen(right, lot.groups, before)


def _keep(
    project: Project, choice: ChosenRepresentation, items: int, label_count: int
) -> None:
    last = choices.newest(project.pk)
    specs = representations.SPECS[project.data_type]
    RepresentationChoice.objects.create(
        project=project,
        number=last.number + 1 if last else 1,
        name=choice.name,
        before=choice.before,
        label_count=label_count,
        items=items,
        compared={
            name: {
                "sha256": core.hash_of(specs[name]),
                **asdict(estimate),
            }
            for name, estimate in choice.accuracies.items()
        },
        gain=choice.gain,
        error=choice.error,
    )
