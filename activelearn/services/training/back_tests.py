"""The job that tries training windows on what came after them."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Final

import msgspec
import numpy as np
from django.db import transaction
from django.utils.translation import gettext_noop as noop

from activelearn.core import windows as core
from activelearn.core.features import Table
from activelearn.core.intervals import numbered
from activelearn.models import LearningPolicy, WindowTrial
from activelearn.services.features import store
from activelearn.services.judging import evidence
from activelearn.services.labels import snapshots, weighing
from activelearn.services.versions import strengths
from labeling.models import Item, Job, Project, User
from labeling.services.votes import resolutions
from labeling.services.votes.resolutions import CurrentLabel
from labeling.services.work import jobs
from labeling.services.work.progress import Progress

DAY: Final = 86400


@dataclass(frozen=True)
class WindowSetting:
    """What a project would have to set to learn from a window."""

    window: str
    size: int
    half_life_days: int


def newest(project_id: int) -> WindowTrial | None:
    """Return the last back-test; None before the first."""
    return WindowTrial.objects.filter(project=project_id).first()


def core_of(trial: WindowTrial) -> core.BackTest | None:
    """Return a back-test as the arithmetic has it; None where too few labels told."""
    return msgspec.convert(trial.report, core.BackTest) if trial.report else None


def setting_of(trial: WindowTrial, window: core.TrainingWindow) -> WindowSetting:
    """Return the settings that mean a window, for the labels that there were."""
    if window.kind == "half_life":
        # One day at least: the setting knows no part of one.
        return WindowSetting("all", 0, max(1, round(window.share * trial.days)))
    if window.kind == "newest":
        return WindowSetting("labels", round(window.share * trial.labels), 0)
    return WindowSetting("all", 0, 0)


def is_in_force(setting: WindowSetting, policy: LearningPolicy) -> bool:
    """Whether a project learns from a window already."""
    if policy.half_life_days != setting.half_life_days:
        return False
    is_same = policy.window == setting.window
    return is_same and (setting.window == "all" or policy.window_size == setting.size)


def request(project: Project, user: User | None) -> Job:
    """Request a back-test; where one waits already, it is that one."""
    return jobs.enqueue(
        "learn.windows", project=project, series=f"windows:{project.pk}", user=user
    )


def run(progress: Progress) -> dict[str, Any]:
    """Try the windows and keep how good they would have been.

    Raises what ``Progress.report`` and ``store.load`` raise.
    """
    project = progress.job.project
    if project is None:
        return {}
    progress.report(stage=noop("features"))
    table = store.load(project, step=progress.step)
    taught = _labels(project, Item.Split.POOL, table)
    tested = _labels(project, Item.Split.EVALUATION, table)
    progress.report(stage=noop("comparison"))
    # Too few labels are a result, too: the page says how many it takes.
    report = core.back_test(_task(project, table, taught, tested, progress))
    moments = [label.since.timestamp() for label in taught]
    with transaction.atomic():
        WindowTrial.objects.create(
            project=project,
            labels=len(taught),
            days=(moments[-1] - moments[0]) / DAY if moments else 0.0,
            report=asdict(report) if report else None,
        )
        # Last, for it locks the job's row: a worker that lost the job keeps nothing.
        progress.report(stage=noop("done"))
    return {"labels": len(taught), "held_out": report.tested if report else 0}


def _labels(project: Project, split: str, table: Table) -> list[CurrentLabel]:
    """Return a split's certain labels in the order of their moments, whatever the window."""
    current = snapshots.of_draw(project, split, resolutions.current(project, split))
    taught = weighing.learned_from(project.pk, current)
    certain = [
        label
        for label in taught
        if not label.is_ambiguous and (label.names or project.is_multi)
    ]
    covered = set(table.covered(label.item for label in certain))
    kept = [label for label in certain if label.item in covered]
    # In the order they came, and always in the same one.
    return sorted(kept, key=lambda label: (label.since, label.item))


def _task(
    project: Project,
    table: Table,
    taught: list[CurrentLabel],
    tested: list[CurrentLabel],
    progress: Progress,
) -> core.WindowTask:
    if len(taught) > core.MOST:
        # By the project's seed, so that a job that is done again measures the same.
        rng = np.random.default_rng(project.seed)
        places = np.sort(rng.choice(len(taught), core.MOST, replace=False))
        taught = [taught[place] for place in places.tolist()]
    held = evidence.held({label.item: tuple(label.names) for label in tested}, {})
    return core.WindowTask(
        _moments(table, taught),
        _moments(table, tested),
        numbered(held.groups),
        is_multi=project.is_multi,
        step=progress.report,
        strength=strengths.in_force(project).value,
    )


def _moments(table: Table, labels: list[CurrentLabel]) -> core.MomentLabels:
    return core.MomentLabels(
        table.rows_of([label.item for label in labels]),
        [tuple(label.names) for label in labels],
        np.array([label.since.timestamp() for label in labels]),
    )
