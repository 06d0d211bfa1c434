"""What follows another version in service: the pool's scores, and a fresh order."""

from __future__ import annotations

from activelearn.models import ModelVersion
from labeling.models import Job, User
from labeling.services.work import jobs


def request_scores_of(project_id: int) -> None:
    """Request that the pool is scored by what serves; one that already waits will do."""
    jobs.request_for_project("learn.score", project_id, series="score")


def request_scores(model: ModelVersion, user: User | None = None) -> Job:
    """Request that the pool is scored by ``model``; a fresh order follows."""
    return jobs.enqueue(
        "learn.score",
        project=model.project,
        # For people who look at the job: it scores whatever serves when it begins.
        params={"number": model.number},
        series=f"score:{model.project_id}",
        user=user,
    )


def request_order(project_id: int) -> None:
    """Request a new order; one that already waits will do."""
    jobs.request_for_project("learn.rank", project_id, series="rank")
