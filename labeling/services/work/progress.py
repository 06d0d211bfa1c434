"""What the handler of a job reports while it works; each report is a heartbeat."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from django.db.models import F, Func, JSONField, Value
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from labeling.messages import Message, as_json, from_json
from labeling.models import Job

# Seconds that a job has the worker for, whoever else waits.
SLICE: Final = 10.0
# A worker whose last heartbeat is older may be replaced by another.
SILENCE: Final = timedelta(seconds=60)


class Cancelled(Exception):  # noqa: N818 (not an error)
    """Somebody asked for the job to stop."""


class StoodBack(Exception):  # noqa: N818 (not an error)
    """Jobs of others go first; this one goes on when it is its turn again."""


class JobLostError(Exception):
    """Another worker has taken the job over."""


def log_entry(line: Message) -> dict[str, Any]:
    """Return a line of a job's log as it is stored: when, and what."""
    return {"at": timezone.now().isoformat(timespec="seconds"), **as_json(line)}


@dataclass
class Progress:
    """A handler's view of its job; every call is a heartbeat.

    Writes are fenced by the number of the attempt: a worker whose job was taken over
    changes nothing any more.
    """

    job: Job
    attempt: int
    # Whether jobs of other projects wait for this worker.
    are_others_waiting: Callable[[], bool] = lambda: False
    began: float = field(default_factory=time.monotonic)

    def report(
        self,
        *,
        done: int | None = None,
        total: int | None = None,
        stage: str | None = None,
    ) -> None:
        """Record progress; ``stage`` is marked for translation, as in ``noop("fit")``.

        Raises Cancelled where the job has to end, JobLostError where it was taken over.
        """
        changes: dict[str, Any] = {}
        if done is not None:
            changes["done"] = done
        if total is not None:
            changes["total"] = total
        # Only a new stage begins a new clock; the same one reported again keeps its
        # own.
        if stage is not None and stage != self.job.stage:
            self.job.stage = stage
            changes |= {"stage": stage, "stage_since": Now()}
            changes |= {"stage_done": None, "stage_total": None}
        self._renew(**changes)

    def step(self, done: int, total: int) -> None:
        """Record how far the stage is, between two steps of which each is kept.

        Raises what ``report`` raises, and StoodBack where others have waited while the
        job had the worker for ``SLICE``: it begins anew later, and finds what is kept.
        """
        self._renew(stage_done=done, stage_total=total)
        # The clock before the query: a step may take a moment, and each asks.
        if time.monotonic() - self.began > SLICE and self.are_others_waiting():
            raise StoodBack

    def _renew(self, **changes: Any) -> None:
        # The heartbeat first: a worker that lost the job must hear of that, and not
        # stop as if the job had been cancelled.
        self._write(alive_until=Now() + SILENCE, **changes)
        if Job.objects.filter(pk=self.job.pk, cancel_requested=True).exists():
            raise Cancelled

    def note(self, **params: Any) -> None:
        """Keep with the job what whoever takes it over has to know.

        Raises JobLostError where it was taken over.
        """
        self.job.params |= params
        self._write(params=self.job.params)

    def log(self, line: Message) -> None:
        """Add a line to the job's log."""
        # Appended by the database: the copy in memory is as old as the claim, and writing
        # that back would lose lines.
        self._mine().update(
            log=Func(
                F("log"),
                Value([log_entry(line)], JSONField()),
                arg_joiner=" || ",
                template="%(expressions)s",
            )
        )

    def _write(self, **changes: Any) -> None:
        if not self._mine().update(**changes):
            raise JobLostError(f"job {self.job.pk} was taken over")

    def _mine(self) -> Any:
        return Job.objects.filter(
            pk=self.job.pk, state=Job.State.RUNNING, attempt=self.attempt
        )


def heard_at(job: Job) -> datetime | None:
    """Return when the worker of a running job was heard last."""
    return job.alive_until - SILENCE if job.alive_until else None


def log_of(job: Job, write: Callable[[datetime], str] = datetime.isoformat) -> str:
    """Return the log of a job in the language of whoever reads it, a line per entry.

    write: how a time is written, of which lines of earlier releases have only the hours.
    """
    return "".join(
        f"{write(moment) if (moment := _moment_of(entry)) else entry['at']}"
        f" {from_json(entry)}\n"
        for entry in job.log
    )


def _moment_of(entry: Mapping[str, Any]) -> datetime | None:
    try:
        return parse_datetime(entry["at"])
    except ValueError:
        return None
