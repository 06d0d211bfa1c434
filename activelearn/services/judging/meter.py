"""The job that measures what the model's choice saves, and who is to order the queue."""

from __future__ import annotations

from collections.abc import Iterable, Sized
from dataclasses import asdict
from typing import Any

import msgspec
from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext_noop as noop

from activelearn.core import meter as core
from activelearn.core.arm_models import LabeledArm, MeterTask
from activelearn.core.intervals import numbered
from activelearn.models import LearningPolicy, MeterLook
from activelearn.services.features import store
from activelearn.services.judging import evidence
from activelearn.services.labels import arms, snapshots
from activelearn.services.versions import requests, strengths
from labeling.messages import Message, message
from labeling.models import Item, Project
from labeling.services.work import jobs
from labeling.services.work.progress import Progress


def looks_of(project_id: int) -> QuerySet[MeterLook]:
    """Return the looks of a project, the newest first."""
    return MeterLook.objects.filter(project=project_id)


def points_of(look: MeterLook) -> list[core.MeterPoint]:
    """Return the curves of a look, ascending by the number of labels."""
    return msgspec.convert(look.points, list[core.MeterPoint])


def orderer_of(project_id: int) -> core.Orderer:
    """Return who is to order the queue, by the looks there are."""
    newest = looks_of(project_id).first()
    return "chance" if newest and newest.orderer == "chance" else "model"


def has_fallen_back(policy: LearningPolicy) -> bool:
    """Return whether chance orders in place of the model: by the looks, and if it may."""
    return policy.fall_back and orderer_of(policy.project_id) == "chance"


def consider(project_id: int) -> None:
    """Request a look where one is due; one that already waits will do."""
    if _is_due(project_id):
        jobs.request_for_project("learn.meter", project_id, series="meter")


def _is_due(project_id: int) -> bool:
    newest = looks_of(project_id).first()
    seen = newest.labels if newest else 0
    following = core.rung_after(seen)
    if not following:
        return False
    held_out = Item.objects.filter(
        project=project_id, split=Item.Split.EVALUATION, state=Item.State.SETTLED
    )
    # Cheap first: it is asked after each order, and all votes are counted.
    if held_out.count() < core.FEWEST_HELD_OUT:
        return False
    return arms.fewest(project_id) >= following


def run(progress: Progress) -> dict[str, Any]:
    """Measure what the model's choice saves, and keep it.

    Where who orders changes, a new order is asked for. Raises what ``Progress.report``
    and ``store.load`` raise.
    """
    project = progress.job.project
    # Somebody else may have looked since it was requested.
    if project is None or not _is_due(project.pk):
        return {}
    saving = _measured(project, progress)
    if saving is None:
        return {}
    with transaction.atomic():
        look = _keep(project, saving)
        if look.is_switch:
            requests.request_order(project.pk)
        # Last, for it locks the job's row: a worker that lost the job keeps nothing.
        progress.report(stage=noop("done"))
    # Behind the commit: a worker that lost the job says nothing.
    if look.is_switch:
        progress.log(switched(look))
    return {"labels": saving.labels, "held_out": saving.held_out}


def switched(look: MeterLook) -> Message:
    """Return why another one orders since a look."""
    if look.orderer == MeterLook.Orderer.CHANCE:
        return message(
            "The model's choice costs labels, twice in a row: chance is to order the queue, and the model to keep a tenth of the places, by which it is measured."
        )
    return message(
        "The model's choice seems to save labels, twice in a row: it is to order the queue again."
    )


def _measured(project: Project, progress: Progress) -> core.Saving | None:
    """Return what is measured now; None where too few of the votes have made a label."""
    # Not ``labels_of``: nothing is taken here, and an expert may still think again.
    truth = snapshots.labels_now(project, Item.Split.EVALUATION)
    labels = snapshots.labels_now(project, Item.Split.POOL)
    both = arms.taken(project, core.RUNGS[-1])
    sides = [[pk for pk in side if pk in labels] for side in (both.rule, both.chance)]
    # First, for a table may be large, and ``_is_due`` counts more than these.
    if not _size(project, sides, truth):
        return None
    progress.report(stage=noop("features"))
    table = store.load(project, step=progress.step)
    sides = [table.covered(side) for side in sides]
    truth = {pk: truth[pk] for pk in table.covered(truth)}
    size = _size(project, sides, truth)
    if not size:
        return None
    progress.report(stage=noop("comparison"))
    held = evidence.held(truth, {})
    task = MeterTask(
        table.rows_of(list(held.truth)),
        held.labels,
        numbered(held.groups),
        is_multi=project.is_multi,
        seed=project.seed,
        step=progress.report,
        strength=strengths.in_force(project).value,
    )
    model, chance = (
        LabeledArm(table.rows_of(side[:size]), [labels[pk] for pk in side[:size]])
        for side in sides
    )
    return core.measured(model, chance, task)


def _size(project: Project, sides: Iterable[Sized], held_out: Sized) -> int:
    """Return at how many labels of each side a look is due, 0 for none."""
    if len(held_out) < core.FEWEST_HELD_OUT:
        return 0
    size = core.rung_of(min(map(len, sides)))
    newest = looks_of(project.pk).first()
    return size if size > (newest.labels if newest else 0) else 0


def _keep(project: Project, saving: core.Saving) -> MeterLook:
    earlier = list(looks_of(project.pk)[: core.IN_A_ROW - 1])[::-1]
    before = orderer_of(project.pk)
    verdicts = [(look.verdict, look.value) for look in earlier]
    return MeterLook.objects.create(
        project=project,
        **{name: getattr(saving, name) for name in _KEPT},
        points=[asdict(point) for point in saving.points],
        before=before,
        strategy=LearningPolicy.of(project.pk).strategy,
        orderer=core.orderer([*verdicts, (saving.verdict, saving.value)], before),
    )


_KEPT = ("labels", "held_out", "value", "low", "high", "verdict", "more")
