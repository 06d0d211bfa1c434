"""Doorbells: ids in, one service call, safe to run twice."""

from __future__ import annotations

import time
from typing import Final

from celery import shared_task
from django.db import OperationalError

from labeling.services.accounts import attempts, sessions, tokens
from labeling.services.queue import giving_back
from labeling.services.transfer import earlier, importing, pictures
from labeling.services.transfer.sources import listing
from labeling.services.transfer.webhooks import delivering
from labeling.services.votes import counts, settle
from labeling.services.work import jobs, kinds, space

# Votes of this long after a ring are seen by the task it rang for.
_DELAY: Final = 1.0
_last_ring: dict[int, float] = {}


@shared_task(
    name="labeling.settle_project",
    time_limit=300,
    autoretry_for=(OperationalError,),
    retry_backoff=True,
    max_retries=5,
)
def settle_project(project_id: int) -> int:
    """Settle the items whose votes changed."""
    return settle.settle_project(project_id)


@shared_task(name="labeling.settle_all", time_limit=300)
def settle_all() -> int:
    """Settle what a lost message left."""
    return settle.settle_all()


@shared_task(name="labeling.reclaim_leases", time_limit=60)
def reclaim_leases() -> int:
    """Take back expired leases."""
    return giving_back.reclaim()


@shared_task(name="labeling.ring_jobs", time_limit=60)
def ring_jobs() -> int:
    """Ring again for jobs whose message or worker was lost."""
    return jobs.ring_waiting()


@shared_task(name="labeling.forget_files", time_limit=300)
def forget_files() -> int:
    """Delete the files of imports that have ended."""
    return importing.forget_files()


@shared_task(name="labeling.forget_pictures", time_limit=3600)
def forget_pictures() -> int:
    """Delete pictures that no item shows any more."""
    return pictures.forget_unused()


@shared_task(name="labeling.forget_access", time_limit=300)
def forget_access() -> int:
    """Delete sessions and tokens that are over, and old counts of failed attempts."""
    return sessions.forget() + tokens.forget() + attempts.forget()


@shared_task(name="labeling.list_sources", time_limit=300)
def list_sources() -> int:
    """Request the lists of sources that are due by themselves."""
    return listing.request_due()


@shared_task(name="labeling.deliver_webhooks", time_limit=120)
def deliver_webhooks() -> int:
    """Send the messages to programs that are due."""
    return delivering.deliver_due()


@shared_task(name="labeling.forget_webhooks", time_limit=300)
def forget_webhooks() -> int:
    """Delete old messages to programs."""
    return delivering.forget()


@shared_task(name="labeling.recount", time_limit=3600)
def recount() -> int:
    """Compare all counters with what they count."""
    return counts.reconcile_all()


@shared_task(name="labeling.sketch", time_limit=3600)
def sketch() -> int:
    """Have items sketched that an earlier release took in."""
    return earlier.request_all()


@shared_task(name="labeling.run_job", time_limit=4 * 3600)
def run_job(job_id: int) -> None:
    """Run the job whose turn it is; where the disk is nearly full it waits."""
    if space.is_short():
        return
    jobs.run_in_turn(job_id)


def ring_settle(project_id: int, **_: object) -> None:
    """Ring for votes, at most once within the delay."""
    now = time.monotonic()
    # A ring from another process is not seen here: the second one finds nothing to
    # settle.
    if now < _last_ring.get(project_id, 0.0) + _DELAY:
        return
    _last_ring[project_id] = now
    settle_project.apply_async((project_id,), countdown=_DELAY)


def ring_webhooks(**_: object) -> None:
    """Ring for messages that have just been written."""
    deliver_webhooks.delay()


def ring_job(job_id: int, kind: str, seconds: float, **_: object) -> None:
    """Ring those workers that run jobs of this kind."""
    queue = kinds.queue_of(kind)
    run_job.apply_async((job_id,), countdown=seconds, queue=queue)
