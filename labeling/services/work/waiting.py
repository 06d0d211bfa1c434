"""Jobs that wait: who joins one, and what it comes after."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from django.db import transaction

from labeling.messages import Message
from labeling.models import Job
from labeling.services.work import kinds
from labeling.services.work.progress import log_entry

# How many of the jobs ahead are looked at.
RECENT: Final = 500


def note(job: Job, what: Message) -> None:
    """Add a line to the log of a job that waits; one that has begun stays as it is."""
    with transaction.atomic():
        waiting = Job.objects.select_for_update().filter(
            pk=job.pk, state=Job.State.QUEUED
        )
        for row in waiting:
            row.log = [*row.log, log_entry(what)]
            row.save(update_fields=["log"])


@dataclass(frozen=True)
class Ahead:
    """What a job that waits comes after: how many others of its workers, how long.

    seconds: what the last jobs of these kinds took, together; kinds that never ran count
    as nothing.
    """

    jobs: int
    seconds: float


def ahead_of(job: Job) -> Ahead:
    """Return what stands before a job that waits for a worker."""
    others = Job.objects.filter(
        kinds.in_queue(kinds.queue_of(job.kind)),
        state__in=(Job.State.QUEUED, Job.State.RUNNING),
        pk__lt=job.pk,
    )
    kinds_ahead = list(others.due().values_list("kind", flat=True)[:RECENT])
    taken = {kind: _seconds_of_last(kind) for kind in set(kinds_ahead)}
    return Ahead(len(kinds_ahead), sum(taken[kind] for kind in kinds_ahead))


def _seconds_of_last(kind: str) -> float:
    last = Job.objects.filter(kind=kind, state=Job.State.DONE).first()
    if not (last and last.started_at and last.finished_at):
        return 0.0
    return (last.finished_at - last.started_at).total_seconds()
