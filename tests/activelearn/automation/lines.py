"""A project whose items are easy, with a model that serves, and the truth of each."""

from __future__ import annotations

from typing import Any

import numpy as np

from activelearn.models import ModelVersion
from activelearn.services.ordering import ranking
from activelearn.services.training import triggers
from activelearn.services.versions import registry
from labeling.models import Item, Job, Project
from labeling.services.votes import settle
from labeling.services.work import jobs
from tests import make

# At most one of ten, with 80 % confidence: some 60 held-out labels tell.
LOOSE: dict[str, Any] = {"automation_risk": 0.1, "automation_confidence": 0.8}


def lines(
    *, pool: int = 200, held_out: int = 100, noise: float = 0.0, **policy: Any
) -> tuple[Project, dict[int, str]]:
    """Return a table whose one number tells its label, x or y, all but ``noise`` of it."""
    rng = np.random.default_rng(5)
    project = make.project(data_type="table", **{**LOOSE, **policy})
    Project.objects.filter(pk=project.pk).update(seed=11)
    project.refresh_from_db()
    truth = {}
    for number in range(pool + held_out):
        value = float(rng.normal())
        item = make.item(
            project,
            data={"value": value, "other": float(rng.normal())},
            split="evaluation" if number < held_out else "pool",
        )
        is_x = (value > 0) != (rng.random() < noise)
        truth[item.pk] = "x" if is_x else "y"
    return project, truth


def work(project: Project) -> None:
    """Do all jobs that wait."""
    while (
        job := Job.objects.filter(project=project, state="queued")
        .order_by("pk")
        .first()
    ):
        jobs.run(job.pk)


def label(project: Project, truth: dict[int, str], *, split: str, count: int) -> None:
    """Have a person label some items of a split."""
    who = make.member(project)
    some = Item.objects.filter(project=project, split=split, votes=0)[:count]
    make.ranked(project, list(some))
    left = count
    while left > 0:
        for assignment in make.lease(who, min(left, 50)):
            make.vote(who, assignment, truth[assignment.item_id])
            left -= 1
    settle.settle_project(project.pk)


def served(
    *, labeled: int = 40, held_out: int = 100, **more: Any
) -> tuple[Project, dict[int, str]]:
    """Return such a project with a model that serves and has predicted the pool."""
    project, truth = lines(held_out=held_out, **more)
    ranking.rank(project)
    label(project, truth, split="pool", count=labeled)
    label(project, truth, split="evaluation", count=held_out)
    triggers.request(project, None, "by hand")
    work(project)
    if registry.champion(project) is None:
        registry.promote(ModelVersion.objects.get(project=project), None)
        work(project)
    project.refresh_from_db()
    return project, truth
