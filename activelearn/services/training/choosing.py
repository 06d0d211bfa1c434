"""The job that compares the representations of a project's items, and chooses one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace
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
from activelearn.services.features import (
    added,
    choices,
    in_force,
    payloads,
    store,
)
from activelearn.services.labels import snapshots
from activelearn.services.versions import requests
from labeling.messages import message
from labeling.models import Item, Project, ProjectCounter, User
from labeling.services.work import jobs
from labeling.services.work.progress import Progress
from labeling.services.work.transactions import lock_project

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
    if project is None:
        return False
    # Where labels went since, the next comparison waits for as many as the last one had.
    is_due = representations.is_due(labels, row.label_count if row else 0)
    if not is_due and not _is_new_to(row, project):
        return False
    # Nothing comes of a choice while it cannot be followed.
    return not in_force.is_early(project)


def _at_hand(project: Project) -> Mapping[str, core.Spec]:
    """Return by name what has been added and has seen enough items to be compared."""
    return {
        name: spec
        for name, spec in added.specs_of(project).items()
        if in_force.can_be_read(spec)
        and not (in_force.is_slow(spec) and in_force.is_behind(project, spec))
    }


def _is_new_to(row: RepresentationChoice | None, project: Project) -> bool:
    """Whether something at hand was not part of the last comparison."""
    # Where nothing could be compared, more labels are waited for.
    if row is None or not row.compared:
        return False
    known = {entry["sha256"] for entry in row.compared.values()}
    return any(core.hash_of(spec) not in known for spec in _at_hand(project).values())


def choose(project: Project, name: str, user: User | None) -> RepresentationChoice:
    """Read the items by a representation from the next order on.

    Raises what ``choices.choose`` raises.
    """
    choice = choices.choose(project, name, user)
    requests.request_order(project.pk)
    return choice


def run(progress: Progress) -> dict[str, Any]:
    """Compare the representations on the labels there are, and choose one.

    The next order and the next version read the items by it; versions that are there go
    on with their own. Raises what ``Progress.report`` and ``payloads.read`` raise, and
    NotFoundError where the project has been deleted.
    """
    project = progress.job.project
    # Somebody else may have compared since it was requested.
    if project is None or not _is_due(project.pk):
        return {}
    # Counted first: what comes in from here on counts toward the next comparison.
    label_count = ProjectCounter.confident_of(project.pk)
    labels = snapshots.labels_now(project, Item.Split.POOL)
    specs = {**representations.SPECS[project.data_type], **_at_hand(project)}
    choice = _compared(project, labels, specs, progress)
    items = min(len(labels), representations.MOST) if choice.accuracies else 0
    with transaction.atomic():
        choice = _keep(project, choice, specs, items, label_count)
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
    project: Project,
    labels: snapshots.LabelsOf,
    specs: Mapping[str, core.Spec],
    progress: Progress,
) -> ChosenRepresentation:
    before = choices.name_now(project)
    # Of those that were counted, some may be ambiguous: nothing is right about these.
    if len(labels) < representations.FEWEST:
        return ChosenRepresentation(before, before, {})
    progress.report(stage=noop("features"))
    lot = _lot(project, labels, progress)
    rows_by = representations.parts_of(lot.rows, project.data_type)
    for name, spec in specs.items():
        if name not in rows_by:
            # What is slow to tell is in files: no item is told about twice.
            table = store.load(project, spec, progress.step)
            rows_by[name] = table.rows_of(lot.ids)
    progress.report(stage=noop("comparison"))
    right = representations.compared(
        lot,
        rows_by,
        is_multi=project.is_multi,
        seed=project.seed,
        step=progress.report,
    )
    return representations.chosen(right, lot.groups, before)


def _keep(
    project: Project,
    choice: ChosenRepresentation,
    specs: Mapping[str, core.Spec],
    items: int,
    label_count: int,
) -> ChosenRepresentation:
    """Keep what was compared, and what is chosen now; return that.

    Raises NotFoundError where the project has been deleted.
    """
    # The comparison took minutes: what somebody chose meanwhile must be seen, and stays,
    # whatever is right more often.
    lock_project(project.pk)
    last = choices.newest(project.pk)
    if last:
        name = last.name if last.is_by_hand else choice.name
        choice = replace(choice, name=name, before=choices.name_now(project))
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
        is_by_hand=last.is_by_hand if last else False,
        chosen_by=last.chosen_by if last else None,
    )
    return choice
