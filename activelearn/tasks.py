"""Doorbells of the learner."""

from __future__ import annotations

from celery import shared_task

from activelearn.services.automation import accepting
from activelearn.services.features import forgetting
from activelearn.services.labels import snapshots
from activelearn.services.online import course
from activelearn.services.predictions import batches, scoring
from activelearn.services.training import triggers
from activelearn.services.versions import healing, requests
from activelearn.services.watching import watch as watching


@shared_task(name="activelearn.consider_all", time_limit=300)
def consider_all() -> int:
    """See for every project whether a ranking or a training run is due."""
    count = triggers.consider_all()
    accepting.consider_all()
    course.consider_all()
    return count


@shared_task(name="activelearn.consider", time_limit=60)
def consider(project_id: int) -> None:
    """See whether new labels call for a ranking or a training run."""
    triggers.consider_project(project_id)
    accepting.consider(project_id)
    course.consider(project_id)


@shared_task(name="activelearn.rank", time_limit=60)
def rank(project_id: int) -> None:
    """Request a new order of the queue."""
    requests.request_order(project_id)


@shared_task(name="activelearn.forget", time_limit=3600)
def forget() -> int:
    """Forget what was computed from items that have been deleted, and old batches."""
    return forgetting.forget_all() + batches.forget()


@shared_task(name="activelearn.mend", time_limit=3600)
def mend() -> int:
    """Do what an upgrade left to do, and have missing predictions made."""
    snapshots.list_earlier()
    healing.check_all()
    return scoring.mend_all()


@shared_task(name="activelearn.watch", time_limit=300)
def watch() -> int:
    """See for every project whether a window of its model is full."""
    return watching.consider_all()
