"""Jobs: ask for one, run it once, show its progress, cancel it, run it again.

The row is the truth. Whoever claims a job owns it while the row is kept alive; a
worker that dies is noticed by its silence and the job is claimed again.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import InterfaceError, OperationalError, transaction
from django.db.models import F, TextField, Value
from django.db.models.functions import Concat, Now
from django.utils import timezone
from django.utils.translation import gettext as _

from labeling.errors import AssayError, ConflictError
from labeling.models import Job, Project, User
from labeling.services.work.transactions import keep_project
from labeling.signals import job_queued

logger = logging.getLogger(__name__)

SILENCE = timedelta(seconds=60)
PAUSE = 0.2
MAX_ATTEMPTS = 3
LONGEST_REST = timedelta(seconds=60)

Handler = Callable[["Progress"], dict[str, Any]]
Repeat = Callable[[Job, User | None], Job]
_handlers: dict[str, Handler] = {}
_repeats: dict[str, Repeat] = {}
_rests: dict[str, float] = {}


class Cancelled(Exception):  # noqa: N818 (not an error)
    """Somebody asked for the job to stop."""


class JobLostError(Exception):
    """Another worker has taken the job over."""


def handles(kind: str, *, rest: float = 0.0) -> Callable[[Handler], Handler]:
    """Make the decorated function the one that runs jobs of ``kind``.

    Jobs that every few labels call for say how long their lane rests after one, as a
    multiple of the time it took: the processors are people's first. What a person asks
    for does not wait for that.
    """

    def register(handler: Handler) -> Handler:
        _handlers[kind] = handler
        _rests[kind] = rest
        return handler

    return register


def repeats(kind: str) -> Callable[[Repeat], Repeat]:
    """Make the decorated function the one that asks for a job of ``kind`` again."""

    def register(repeat: Repeat) -> Repeat:
        _repeats[kind] = repeat
        return repeat

    return register


@dataclass
class Progress:
    """A handler's view of its job; every call renews the worker's hold on it."""

    job: Job
    attempt: int

    def tell(
        self,
        *,
        done: int | None = None,
        total: int | None = None,
        stage: str | None = None,
    ) -> None:
        """Record progress; raise ``Cancelled`` or ``JobLostError`` where it must end."""
        changes: dict[str, Any] = {"alive_until": Now() + SILENCE}
        if done is not None:
            changes["done"] = done
        if total is not None:
            changes["total"] = total
        if stage is not None:
            changes["stage"] = stage[:120]
        self._write(**changes)
        if Job.objects.filter(pk=self.job.pk, cancel_requested=True).exists():
            raise Cancelled

    def note(self, **params: Any) -> None:
        """Keep with the job what whoever takes it over has to know."""
        self.job.params |= params
        self._write(params=self.job.params)

    def log(self, line: str) -> None:
        """Add a line to the job's log."""
        stamped = f"{timezone.now():%H:%M:%S} {line}\n"
        self._mine().update(
            log=Concat(F("log"), Value(stamped), output_field=TextField())
        )

    def _write(self, **changes: Any) -> None:
        if not self._mine().update(**changes):
            raise JobLostError(f"job {self.job.pk} was taken over")

    def _mine(self) -> Any:
        return Job.objects.filter(
            pk=self.job.pk, state=Job.State.RUNNING, attempt=self.attempt
        )


def enqueue(
    kind: str,
    *,
    project: Project | None = None,
    params: dict[str, Any] | None = None,
    lane: str | None = None,
    user: User | None = None,
) -> Job:
    """Ask for a job; where one already waits in ``lane``, return that one.

    The worker is rung after the commit.
    """
    with transaction.atomic():
        if lane and (waiting := _waiting(lane)):
            hurry(waiting, user)
            return waiting
        if lane:
            job, created = Job.objects.get_or_create(
                lane=lane,
                state=Job.State.QUEUED,
                defaults={
                    "kind": kind,
                    "project": project,
                    "params": params or {},
                    "requested_by": user,
                    "not_before": _rested(kind, lane, user.pk if user else None),
                },
            )
        else:
            created = True
            job = Job.objects.create(
                kind=kind, project=project, params=params or {}, requested_by=user
            )
        if created:
            transaction.on_commit(lambda: _ring(job))
    return job


def ask(kind: str, project_id: int, *, lane: str) -> None:
    """Ask for what a project needs by itself, unless it has been deleted meanwhile."""
    with transaction.atomic():
        if project := keep_project(project_id):
            enqueue(kind, project=project, lane=f"{lane}:{project_id}")


def hurry(job: Job, user: User | None) -> None:
    """Let a waiting job begin without a rest, where a person asks for what it does."""
    if user is None or job.requested_by_id is not None:
        return
    job.requested_by, job.not_before = user, None
    job.save(update_fields=["requested_by", "not_before"])
    transaction.on_commit(lambda: _ring(job))


def _waiting(lane: str) -> Job | None:
    return Job.objects.filter(lane=lane, state=Job.State.QUEUED).first()


def _ring(job: Job) -> None:
    wait = job.not_before - timezone.now() if job.not_before else timedelta()
    job_queued.send_robust(
        sender=Job,
        job_id=job.pk,
        kind=job.kind,
        seconds=max(0.0, wait.total_seconds()),
    )


def _rested(kind: str, lane: str, person: int | None) -> datetime | None:
    """Return when a lane that may have to rest has done so; None where a person asks."""
    if person is not None or not (rest := _rests.get(kind, 0.0)):
        return None
    last = Job.objects.filter(lane=lane, finished_at__isnull=False).first()
    if last is None or last.finished_at is None or last.started_at is None:
        return None
    taken = last.finished_at - last.started_at
    return last.finished_at + min(LONGEST_REST, rest * taken)


def claim(job_id: int) -> Progress | None:
    """Take job ``job_id`` to run, or return None where that is not possible now."""
    with transaction.atomic():
        job = (
            Job.objects.claimable()
            .select_for_update(skip_locked=True, of=("self",))
            .filter(pk=job_id)
            .first()
        )
        if job is None or _lane_is_busy(job):
            return None
        if job.attempt >= MAX_ATTEMPTS:
            _end(job, Job.State.FAILED, error="Its worker died three times.")
            return None
        job.state = Job.State.RUNNING
        job.attempt += 1
        job.started_at = job.started_at or timezone.now()
        job.save(update_fields=["state", "attempt", "started_at"])
        Job.objects.filter(pk=job.pk).update(alive_until=Now() + SILENCE)
    return Progress(job, job.attempt)


def _lane_is_busy(job: Job) -> bool:
    if job.lane is None or job.state == Job.State.RUNNING:
        return False
    return Job.objects.filter(lane=job.lane, state=Job.State.RUNNING).exists()


def run(job_id: int) -> None:
    """Run job ``job_id`` if it can be claimed; running it twice changes nothing."""
    progress = claim(job_id)
    if progress is None:
        return
    job = progress.job
    try:
        if job.cancel_requested:
            raise Cancelled
        result = _handlers[job.kind](progress)
    except Cancelled:
        _end(job, Job.State.CANCELLED)
    except JobLostError:
        logger.warning("job %s was taken over by another worker", job.pk)
    except (InterfaceError, OperationalError) as error:
        logger.warning("job %s lost the database: %s", job.pk, error)
        _leave(job, error)
        raise
    except Exception as error:
        logger.exception("job %s (%s) failed", job.pk, job.kind)
        _end(job, Job.State.FAILED, error=_why(error))
        raise
    else:
        _end(job, Job.State.DONE, result=result)


def _leave(job: Job, error: Exception) -> None:
    """Let the next attempt begin: that the database was away is no fault of the job's.

    While it is away still, the worker's silence says the same.
    """
    if job.attempt >= MAX_ATTEMPTS:
        _end(job, Job.State.FAILED, error=_why(error))
        return
    Job.objects.filter(pk=job.pk, attempt=job.attempt, finished_at=None).update(
        alive_until=Now()
    )


def _why(error: Exception) -> str:
    """Return what ended a job: words made for people as they are, others by name."""
    if isinstance(error, AssayError):
        return error.detail
    return f"{type(error).__name__}: {error}"


def run_if_due(job_id: int) -> None:
    """Run job ``job_id`` unless its lane rests: then it is rung again after that."""
    if Job.objects.due().filter(pk=job_id).exists():
        run(job_id)


def finish(job_id: int) -> Job:
    """Run job ``job_id`` here, or wait for the worker that was quicker; return it."""
    while True:
        run(job_id)
        job = Job.objects.get(pk=job_id)
        if job.finished_at is not None:
            return job
        time.sleep(PAUSE)


def _end(
    job: Job, state: str, *, error: str = "", result: dict[str, Any] | None = None
) -> None:
    ended = Job.objects.filter(pk=job.pk, attempt=job.attempt, finished_at=None).update(
        state=state,
        error=error[:4000],
        result=result or {},
        finished_at=timezone.now(),
        alive_until=None,
    )
    if ended and job.lane:
        _ring_next(job.lane)


def _ring_next(lane: str) -> None:
    if waiting := _waiting(lane):
        waiting.not_before = _rested(waiting.kind, lane, waiting.requested_by_id)
        waiting.save(update_fields=["not_before"])
        transaction.on_commit(lambda: _ring(waiting))


def cancel(job: Job) -> None:
    """Ask job to stop; a waiting one ends at once, a running one at its next step."""
    ended = Job.objects.filter(pk=job.pk, state=Job.State.QUEUED).update(
        state=Job.State.CANCELLED, cancel_requested=True, finished_at=timezone.now()
    )
    if not ended:
        Job.objects.filter(pk=job.pk, state=Job.State.RUNNING).update(
            cancel_requested=True
        )


def again(job: Job, user: User | None) -> Job:
    """Ask for an ended job once more, as a new job."""
    if job.state in (Job.State.QUEUED, Job.State.RUNNING):
        raise ConflictError(_("The job has not ended yet."))
    if repeat := _repeats.get(job.kind):
        return repeat(job, user)
    return enqueue(
        job.kind, project=job.project, params=job.params, lane=job.lane, user=user
    )


def ring_waiting() -> int:
    """Ring for every job that could be claimed; return how many were rung."""
    jobs = list(Job.objects.claimable().due().order_by("pk")[:200])
    for job in jobs:
        _ring(job)
    return len(jobs)
