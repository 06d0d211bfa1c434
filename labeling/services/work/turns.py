"""Whose turn it is where jobs of several projects wait for the same workers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple

# What a project has used up longer ago is forgotten.
WINDOW: Final = timedelta(minutes=10)


class Waiting(NamedTuple):
    """A job that could run now; project None: a job of the whole installation."""

    job_id: int
    project_id: int | None
    is_patient: bool = False


class Used(NamedTuple):
    """A job that has run, or runs still: then its worker is alive until some time."""

    project_id: int | None
    started_at: datetime
    finished_at: datetime | None
    alive_until: datetime | None


def in_turn(
    waiting: Iterable[Waiting], used: Sequence[Used], now: datetime
) -> list[int]:
    """Return the jobs, those first whose project has had the least of the workers.

    Patient jobs come last. A project that no worker serves at this moment comes before
    those that one does; then counts the time that its jobs took within ``WINDOW``, and
    then who came first.
    """
    running: dict[int | None, int] = {}
    spent: dict[int | None, timedelta] = {}
    for project_id, started_at, finished_at, alive_until in used:
        # A worker that has died serves nobody: its job is to be taken over.
        end = finished_at or min(alive_until or now, now)
        if finished_at is None and end == now:
            running[project_id] = running.get(project_id, 0) + 1
        # What ended before the window began has used nothing; its time would be
        # negative.
        time = max(end - max(started_at, now - WINDOW), timedelta())
        spent[project_id] = spent.get(project_id, timedelta()) + time
    return [
        job.job_id
        for job in sorted(
            waiting,
            key=lambda job: (
                job.is_patient,
                running.get(job.project_id, 0),
                spent.get(job.project_id, timedelta()),
                job.job_id,
            ),
        )
    ]
