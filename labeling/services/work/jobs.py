"""Jobs: request one, run it once, show its progress, cancel it, run it again.

The row is the truth. Whoever claims a job owns it while its heartbeat renews the row; a
worker that dies is noticed by its silence, and another takes the job over.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from itertools import takewhile
from typing import Any, Final, Literal

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Coalesce, Now
from django.utils import timezone

from labeling.errors import AssayError, ConflictError
from labeling.messages import Message, message
from labeling.messages import sentence as _
from labeling.models import Job, Project, User
from labeling.services.work import failures, kinds, transactions, turns
from labeling.services.work.beating import beating
from labeling.services.work.progress import (
    SILENCE,
    Cancelled,
    JobLostError,
    Progress,
    StoodBack,
    log_entry,
)
from labeling.services.work.transactions import is_cut_off, keep_project
from labeling.signals import job_queued
from labeling.tracing import REQUEST_ID, caused_by

logger = logging.getLogger(__name__)

PAUSE: Final = 0.2
# A job that kills its worker, by taking all memory say, must not go round for ever.
MAX_ATTEMPTS: Final = 3
# Attempts after which losing the database counts too: it may be the job that ends it.
MOST_LOST: Final = 20
LONGEST_REST: Final = timedelta(seconds=60)
# What fails, and then fails in the same way again, waits twice as long each time.
PAUSE_AFTER_FAILURE: Final = timedelta(seconds=15)
LONGEST_PAUSE: Final = timedelta(hours=1)
MOST_FAILURES: Final = 10
# How many jobs are looked at to see whose turn it is, and rung at once.
RECENT: Final = 500
MOST_RUNG: Final = 200


def enqueue(
    kind: str,
    *,
    project: Project | None = None,
    params: dict[str, Any] | None = None,
    series: str | None = None,
    user: User | None = None,
) -> Job:
    """Request a job; where one already waits in ``series``, return that one.

    The worker is rung after the commit. Raises ConflictError for an unknown kind.
    """
    kinds.get(kind)
    own: dict[str, Any] = {"kind": kind, "project": project, "params": params or {}}
    own |= {"requested_by": user, "request_id": REQUEST_ID.get()}
    with transaction.atomic():
        if series and (waiting := _waiting(series)):
            hurry(waiting, user)
            return waiting
        if series:
            failures = [] if user else _failed_alike(series)
            # Race: of two requests at once ``one_waiting_in_series`` lets one in, and
            # the other gets that one's row.
            job, created = Job.objects.get_or_create(
                series=series,
                state=Job.State.QUEUED,
                defaults={
                    **own,
                    # A person does not wait.
                    "not_before": None if user else _rested(kind, series, failures),
                    "log": _log_of_failures(failures),
                },
            )
        else:
            created = True
            job = Job.objects.create(**own)
        # Not before the commit: a worker that is rung at once would find no row.
        if created:
            transaction.on_commit(lambda: _ring(job))
    return job


def request_for_project(kind: str, project_id: int, *, series: str) -> None:
    """Request what a project needs by itself, unless it has been deleted meanwhile."""
    with transaction.atomic():
        if project := keep_project(project_id):
            enqueue(kind, project=project, series=f"{series}:{project_id}")


def hurry(job: Job, user: User | None) -> None:
    """Let a waiting job begin without a rest, where a person requests what it does."""
    if user is None or job.requested_by_id is not None:
        return
    job.requested_by, job.not_before = user, None
    job.request_id = REQUEST_ID.get()
    job.save(update_fields=["requested_by", "not_before", "request_id"])
    transaction.on_commit(lambda: _ring(job))


def _waiting(series: str) -> Job | None:
    return Job.objects.filter(series=series, state=Job.State.QUEUED).first()


def _ring(job: Job) -> None:
    wait = job.not_before - timezone.now() if job.not_before else timedelta()
    # Robust: the row is committed, so a broker that is away must fail no request.
    # ``ring_waiting`` rings again.
    job_queued.send_robust(
        sender=Job,
        job_id=job.pk,
        kind=job.kind,
        seconds=max(0.0, wait.total_seconds()),
    )


def _rested(kind: str, series: str, failures: Sequence[Job]) -> datetime | None:
    """Return until when a series has to rest; None: not at all."""
    if failures and failures[0].finished_at:
        return failures[0].finished_at + min(
            LONGEST_PAUSE, PAUSE_AFTER_FAILURE * 2 ** len(failures)
        )
    rest = kinds.rest_of(kind)
    last = Job.objects.filter(series=series, finished_at__isnull=False).first()
    if not (rest and last and last.finished_at and last.started_at):
        return None
    taken = last.finished_at - last.started_at
    return last.finished_at + min(LONGEST_REST, rest * taken)


def _failed_alike(series: str) -> list[Job]:
    """Return the last jobs of a series, newest first, that ended by one same error."""
    ended = Job.objects.filter(series=series, finished_at__isnull=False)[:MOST_FAILURES]
    return list(
        takewhile(
            lambda job: job.state == Job.State.FAILED and job.error == ended[0].error,
            ended,
        )
    )


def _log_of_failures(failures: Sequence[Job]) -> list[dict[str, Any]]:
    """Return the first lines of a job's log: why it waits after failures."""
    if not failures:
        return []
    why = message(
        "The last %(count)s failed in the same way; this one waits.",
        count=len(failures),
    )
    return [log_entry(why)]


def claim(job_id: int) -> Progress | None:
    """Take job ``job_id`` to run, or return None where that is not possible now."""
    with transaction.atomic():
        job = (
            Job.objects.claimable()
            # A locked row is being claimed by another worker: leave it to that one.
            .select_for_update(skip_locked=True, of=("self",))
            .filter(pk=job_id)
            .first()
        )
        # Only a look, to leave quietly: should two workers pass it at once,
        # ``one_running_in_series`` refuses the second.
        if job is None or _is_series_busy(job):
            return None
        # Standing back is no failure, so those attempts do not count.
        if job.attempt - job.stood_back >= MAX_ATTEMPTS:
            _end(job, Job.State.FAILED, error=message("Its worker died three times."))
            return None
        job.state = Job.State.RUNNING
        job.attempt += 1
        # That of the first attempt stays; ``turn_at`` says when this one began.
        job.started_at = job.started_at or timezone.now()
        job.save(update_fields=["state", "attempt", "started_at"])
        # By the database's clock: workers on other machines compare with it.
        Job.objects.filter(pk=job.pk).update(alive_until=Now() + SILENCE, turn_at=Now())
    return Progress(job, job.attempt, partial(_are_others_waiting, job))


def _are_others_waiting(job: Job) -> bool:
    """Whether jobs that go first could run on the worker of a job.

    They are those of other projects, and for a patient job its own project's, too.
    """
    ours = Job.objects.filter(kinds.in_queue(kinds.queue_of(job.kind)))
    others = ours.claimable().due().exclude(pk=job.pk)
    if not kinds.is_patient(job.kind):
        others = others.exclude(project=job.project_id)
    return others.exists()


def _is_series_busy(job: Job) -> bool:
    if job.series is None or job.state == Job.State.RUNNING:
        return False
    return Job.objects.filter(series=job.series, state=Job.State.RUNNING).exists()


def run(job_id: int) -> bool:
    """Run job ``job_id`` if it can be claimed, and return whether it was."""
    progress = claim(job_id)
    if progress is None:
        return False
    job = progress.job
    try:
        result = _result_of(progress)
    except Cancelled:
        _end(job, Job.State.CANCELLED)
    except StoodBack:
        _stand_back(job)
    except JobLostError:
        logger.warning("job %s was taken over by another worker", job.pk)
    except Exception as error:
        if is_cut_off(error):
            logger.warning("job %s lost the database: %s", job.pk, error)
            _release(job, error)
        else:
            _end(job, Job.State.FAILED, error=failures.words_of(job, error))
        raise
    else:
        _end(job, Job.State.DONE, result=result)
    return True


def _result_of(progress: Progress) -> dict[str, Any]:
    job = progress.job
    # It was cancelled while its last worker was dead and could not hear of it.
    if job.cancel_requested:
        raise Cancelled
    # Another request than the one this job comes from may have rung.
    with caused_by(job.request_id), beating(job):
        return kinds.get(job.kind).handler(progress)


def _stand_back(job: Job) -> None:
    """Let others go first, and let any worker take the job up again in its turn."""
    mine = Job.objects.filter(pk=job.pk, attempt=job.attempt, finished_at=None)
    # Fenced: a worker that was replaced has nothing to hand back.
    if mine.update(alive_until=Now(), stood_back=F("stood_back") + 1):
        _ring(job)


def _release(job: Job, error: Exception) -> None:
    """Let the next attempt begin: that the database was away is no fault of the job's.

    So it does not count as an attempt, unless there were very many. While the database
    is away still, the worker's silence says that this attempt is over; that one counts.
    """
    counts = job.attempt > MOST_LOST
    if counts and job.attempt - job.stood_back >= MAX_ATTEMPTS:
        _end(job, Job.State.FAILED, error=failures.words_of(job, error))
        return
    mine = Job.objects.filter(pk=job.pk, attempt=job.attempt, finished_at=None)
    mine.update(alive_until=Now(), stood_back=F("stood_back") + int(not counts))


def run_in_turn(job_id: int) -> None:
    """Run the job whose turn it is, because job ``job_id`` rang.

    Each ring lets a worker take one job of the same queue, so that a project with many
    jobs does not stop the others. A job whose series rests is rung again after that.
    """
    kind = Job.objects.filter(pk=job_id).values_list("kind", flat=True).first()
    if kind is None:
        return
    ours = Job.objects.filter(kinds.in_queue(kinds.queue_of(kind)))
    waiting = ours.claimable().due().order_by("pk")
    used = ours.order_by("-pk").values_list(
        "project", Coalesce("turn_at", "started_at"), "finished_at", "alive_until"
    )
    order = turns.in_turn(
        [
            turns.Waiting(job.pk, job.project_id, kinds.is_patient(job.kind))
            for job in waiting.only("project", "kind")[:MOST_RUNG]
        ],
        [turns.Used(id_, begun, *ends) for id_, begun, *ends in used[:RECENT] if begun],
        timezone.now(),
    )
    # Two workers may have seen the same order: the second one takes the next.
    for pk in order:
        with suppress(AssayError):  # Its job says what was refused.
            if not run(pk):
                continue
        return


def finish(job_id: int) -> Job:
    """Run job ``job_id`` here, or wait for the worker that was quicker; return it."""
    while True:
        run(job_id)
        job = Job.objects.get(pk=job_id)
        if job.finished_at is not None:
            return job
        time.sleep(PAUSE)


def _end(
    job: Job,
    state: str,
    *,
    error: Message | None = None,
    result: dict[str, Any] | None = None,
) -> None:
    # The attempt fences: a worker that was replaced ends nothing.
    ended = Job.objects.filter(pk=job.pk, attempt=job.attempt, finished_at=None).update(
        state=state,
        error=error,
        result=result or {},
        finished_at=timezone.now(),
        alive_until=None,
    )
    # The next one of the series had to wait for this one, and its bell has rung in
    # vain.
    if ended and job.series:
        _ring_next(job.series)


def _ring_next(series: str) -> None:
    if waiting := _waiting(series):
        waiting.not_before = (
            None
            if waiting.requested_by_id
            else _rested(waiting.kind, series, _failed_alike(series))
        )
        waiting.save(update_fields=["not_before"])
        transaction.on_commit(lambda: _ring(waiting))


def cancel(job: Job) -> None:
    """Request that the job stops; a waiting one ends at once, a running one at its next step."""
    # The state stands in the condition: a worker may claim the job between a look and
    # this.
    ended = Job.objects.filter(pk=job.pk, state=Job.State.QUEUED).update(
        state=Job.State.CANCELLED, cancel_requested=True, finished_at=timezone.now()
    )
    if not ended:
        Job.objects.filter(pk=job.pk, state=Job.State.RUNNING).update(
            cancel_requested=True
        )


def again(job: Job, user: User | None) -> Job:
    """Request an ended job once more, as a new job.

    Raises ConflictError where it has not ended, or no app has registered its kind.
    """
    if job.state in (Job.State.QUEUED, Job.State.RUNNING):
        raise ConflictError(_("The job has not ended yet."))
    if repeat := kinds.get(job.kind).repeat:
        return repeat(job, user)
    return enqueue(
        job.kind, project=job.project, params=job.params, series=job.series, user=user
    )


def wait_reason(project_id: int | None) -> kinds.WaitReason | Literal[""]:
    """Return why a person waits for items: by a job that runs now; empty: by none."""
    reasons = {kind.name: kind.wait_reason for kind in kinds.TABLE.values()}
    running = Job.objects.filter(
        project=project_id,
        state=Job.State.RUNNING,
        kind__in=[name for name, reason in reasons.items() if reason],
    )
    job = running.order_by("pk").first()
    return reasons[job.kind] if job else ""


def ring_waiting() -> int:
    """Ring for every job that could be claimed; return how many were rung."""
    transactions.end_standstills()
    jobs = list(Job.objects.claimable().due().order_by("pk")[:MOST_RUNG])
    for job in jobs:
        _ring(job)
    return len(jobs)
