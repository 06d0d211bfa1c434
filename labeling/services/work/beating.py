"""A heartbeat beside a job's own reports: one step of it may take minutes."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread
from typing import Final

from django.db import connection
from django.db.models.functions import Now

from labeling.models import Job
from labeling.services.work.progress import SILENCE
from labeling.services.work.transactions import AWAY

BEAT: Final = SILENCE.total_seconds() / 4
logger = logging.getLogger(__name__)


@contextmanager
def beating(job: Job, every: float = BEAT) -> Iterator[None]:
    """Renew a job's row until the body has ended, as long as this process lives.

    Fenced by the number of the attempt: a job that was taken over is not renewed.
    """
    ended = Event()
    # Daemon: a worker that is told to exit does not wait for the next beat.
    thread = Thread(target=_beat, args=(job, ended, every), daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def _beat(job: Job, ended: Event, every: float) -> None:
    mine = Job.objects.filter(pk=job.pk, attempt=job.attempt, state=Job.State.RUNNING)
    while not ended.wait(every):
        try:
            mine.update(alive_until=Now() + SILENCE)
        except AWAY as error:
            # The next beat tries again, and the job itself will say so too.
            logger.warning("job %s has missed a heartbeat: %s", job.pk, error)
        finally:
            # A thread has a connection of its own, which nobody else would close.
            connection.close()
