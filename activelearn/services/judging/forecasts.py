"""The job that says where the learning curve leads, and what more labels would take."""

from __future__ import annotations

from collections.abc import Sized
from dataclasses import asdict
from typing import Any, Final

import msgspec
import numpy as np
from django.db import transaction
from django.db.models import Avg, Count
from django.utils.translation import gettext_noop as noop

from activelearn.core import advice
from activelearn.core import forecast as core
from activelearn.core.intervals import numbered
from activelearn.models import Evaluation, LearningForecast, LearningPolicy
from activelearn.services.features import store
from activelearn.services.judging import evidence
from activelearn.services.labels import arms, snapshots
from activelearn.services.versions import registry, strengths
from labeling.models import Item, Project, ProjectCounter
from labeling.services.work import jobs
from labeling.services.work.progress import Progress

# With fewer held-out votes nothing is said of how often people are right.
FEWEST_OF_PEOPLE: Final = 30
HOUR: Final = 3600


def newest(project_id: int) -> LearningForecast | None:
    """Return the last forecast; None before the first."""
    return LearningForecast.objects.filter(project=project_id).first()


def core_of(row: LearningForecast) -> core.Forecast:
    """Return a forecast as the arithmetic has it."""
    return core.Forecast(
        row.labels,
        row.held_out,
        msgspec.convert(row.points, list[core.CurvePoint]),
        msgspec.convert(row.ahead, list[core.CurvePoint]),
        row.plateau,
        row.changing,
    )


def aim_of(policy: LearningPolicy) -> float:
    """Return the accuracy that the project aims at, 0 where it aims at nothing like that."""
    is_accuracy = policy.aim_figure == LearningPolicy.AimFigure.ACCURACY
    return policy.aim if is_accuracy else 0.0


def advice_of(row: LearningForecast, policy: LearningPolicy) -> advice.Advice:
    """Return what is to be done, by the forecast and the project's aim."""
    return advice.advised(core_of(row), aim_of(policy), row.people)


def hours_of(row: LearningForecast, labels: int) -> float | None:
    """Return how many hours a number of labels takes; None where that is unknown."""
    return None if row.seconds is None else labels * row.seconds / HOUR


def consider(project_id: int) -> None:
    """Request a forecast where one is due; one that already waits will do."""
    if _is_due(project_id):
        jobs.request_for_project("learn.forecast", project_id, series="forecast")


def _is_due(project_id: int) -> bool:
    before = newest(project_id)
    labels = ProjectCounter.confident_of(project_id)
    # Cheap first: it is asked after each order.
    if not core.is_due(labels, before.label_count if before else 0):
        return False
    held_out = Item.objects.filter(
        project=project_id, split=Item.Split.EVALUATION, state=Item.State.SETTLED
    )
    return held_out.count() >= core.FEWEST_HELD_OUT


def run(progress: Progress) -> dict[str, Any]:
    """Measure the learning curve and keep where it leads.

    Raises what ``Progress.report`` and ``store.load`` raise.
    """
    project = progress.job.project
    # Somebody else may have made one since it was requested.
    if project is None or not _is_due(project.pk):
        return {}
    # Counted first: what comes in from here on counts toward the next one.
    label_count = ProjectCounter.confident_of(project.pk)
    forecast = _measured(project, progress)
    if forecast is None:
        return {}
    with transaction.atomic():
        LearningForecast.objects.create(
            project=project,
            label_count=label_count,
            **asdict(forecast),
            people=_people(project),
            seconds=seconds_of(project),
        )
        # Last, for it locks the job's row: a worker that lost the job keeps nothing.
        progress.report(stage=noop("done"))
    return {"labels": forecast.labels, "held_out": forecast.held_out}


def _measured(project: Project, progress: Progress) -> core.Forecast | None:
    """Return where the curve leads; None where too few of the labels are certain."""
    # Not ``labels_of``: nothing is taken here, and an expert may still think again.
    labels = snapshots.labels_now(project, Item.Split.POOL)
    truth = snapshots.labels_now(project, Item.Split.EVALUATION)
    # First, for a table may be large, and ``_is_due`` counts more than these.
    if not _are_enough(labels, truth):
        return None
    progress.report(stage=noop("features"))
    table = store.load(project, step=progress.step)
    items, known = table.covered(labels), table.covered(truth)
    if not _are_enough(items, known):
        return None
    held = evidence.held({pk: truth[pk] for pk in known}, {})
    covered = len(items)
    if covered > core.MOST:
        # By the project's seed, so that a job that is done again measures the same.
        rng = np.random.default_rng(project.seed)
        items = sorted(rng.choice(items, core.MOST, replace=False).tolist())
    progress.report(stage=noop("comparison"))
    task = core.CurveTask(
        table.rows_of(items),
        [labels[pk] for pk in items],
        table.rows_of(list(held.truth)),
        held.labels,
        numbered(held.groups),
        is_multi=project.is_multi,
        seed=project.seed,
        step=progress.report,
        strength=strengths.in_force(project).value,
    )
    return core.forecast_of(core.curve_of(task), project.seed, covered)


def _are_enough(labels: Sized, held_out: Sized) -> bool:
    return len(labels) >= core.FEWEST_LABELS and len(held_out) >= core.FEWEST_HELD_OUT


def _people(project: Project) -> float | None:
    """Return how often people's votes on held-out items are right, if it is known."""
    judged = Evaluation.objects.filter(model__project=project).order_by("-pk").first()
    if judged is None:
        return None
    for baseline in registry.report_of(judged).baselines:
        if baseline.name == "people" and baseline.summary.items >= FEWEST_OF_PEOPLE:
            return baseline.summary.accuracy.value
    return None


def seconds_of(project: Project) -> float | None:
    """Return what a label of the pool takes, its votes together; None where unknown."""
    counts = (
        arms.pool_votes(project)
        .order_by()
        .aggregate(
            seconds=Avg("seconds"),
            votes=Count("pk"),
            items=Count("item", distinct=True),
        )
    )
    if counts["seconds"] is None:
        return None
    return float(counts["seconds"] * counts["votes"] / counts["items"])
