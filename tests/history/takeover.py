"""Stop who works on a job until another has taken it over; then let it go on."""

from __future__ import annotations

import contextlib
import random
import subprocess
import time
from typing import Any

import psycopg

from tests.history.ending import link_to
from tests.history.processes import children_of, paused
from tests.running.machine import Machine

Job = dict[str, Any]
# Shorter than ``SLACK``: what it holds locked is locked as long.
PATIENCE = 6.0
_AT_WORK = """
SELECT id, kind, attempt FROM labeling_job WHERE state = 'running'
ORDER BY id DESC LIMIT 1
"""
# As after a minute's silence. Whose row is locked is about to write, and keeps its job.
_LET_GO = """
UPDATE labeling_job SET alive_until = now() - interval '1 second' WHERE id = (
    SELECT id FROM labeling_job
    WHERE id = %(id)s AND attempt = %(attempt)s AND state = 'running'
    FOR UPDATE SKIP LOCKED)
RETURNING id
"""
_IS_TAKEN = "SELECT 1 FROM labeling_job WHERE id = %(id)s AND attempt > %(attempt)s"


class TakeOver:
    """Has a worker of its own, which is started before it is needed."""

    def __init__(self, machine: Machine, chance: random.Random) -> None:
        self.machine, self.chance = machine, chance
        self.deputy = self._deputy()

    def _deputy(self) -> subprocess.Popen[str]:
        return self.machine.begin("-m", "tests.history.deputy")

    def __call__(self) -> str:
        """Return what was done, as the nemesis says it."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            if said := self._take_one_over():
                return said
            time.sleep(0.05)
        return "none: no job to take over"

    def _take_one_over(self) -> str:
        try:
            with link_to(self.machine) as link:
                job = link.execute(_AT_WORK).fetchone()
                return self._take_over(link, job) if job else ""
        except psycopg.OperationalError:
            return ""  # the database is coming up

    def _take_over(self, link: psycopg.Connection[Job], job: Job) -> str:
        part = "trainer" if job["kind"].startswith("learn.") else "worker"
        with paused(children_of(self.machine.pid_of(part))):
            if link.execute(_LET_GO, job).fetchone() is None:
                return "none: the job to take over has just ended"
            self._tell(job["id"])
            deadline = time.monotonic() + PATIENCE
            while link.execute(_IS_TAKEN, job).fetchone() is None:
                if time.monotonic() > deadline:
                    return "none: the job was not taken over"
                time.sleep(0.02)
            time.sleep(self.chance.uniform(0, 2))
        return "take a job over"

    def _tell(self, job_id: int) -> None:
        """Tell the other worker of a job; it may have ended with one that failed."""
        if self.deputy.poll() is not None:
            self.deputy = self._deputy()
        assert self.deputy.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self.deputy.stdin.write(f"{job_id}\n")
            self.deputy.stdin.flush()

    def close(self) -> None:
        """Let the other worker end what it is at."""
        with contextlib.suppress(BrokenPipeError):
            self.deputy.communicate(timeout=120)
