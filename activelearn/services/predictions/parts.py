"""A pass over the pool in parts: a range of ids each, which workers take side by side.

Whoever scores a part has its turn, an advisory lock that goes with the connection: a part
of a worker that was killed is free at once. What is kept of a part is not computed again.
One worker has the job of the pass and publishes it; one other at a time has a job beside
it, which ends where no part is free.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from django.db import transaction
from django.utils.translation import gettext_noop as noop

from activelearn.core.features import Ids, Table
from activelearn.core.scoring import CHUNK, scored
from activelearn.core.training import Predictor
from activelearn.models import ScoringRun
from activelearn.services.features import store
from activelearn.services.predictions.chunks import Pass
from activelearn.services.versions import loading
from labeling.models import Job, Project
from labeling.services.work import jobs
from labeling.services.work.progress import Progress
from labeling.services.work.transactions import Turn, await_turn, held_if_free

# Seconds between two looks whether the others have ended their parts.
PAUSE: Final = 0.5
logger = logging.getLogger(__name__)


class PassEndedError(Exception):
    """What is scored is not wanted any more: the pass has ended, or another model serves."""


@dataclass
class PartsOfPass:
    """The parts of a pass, and who takes some of them.

    total: items that the pass scores. is_open: whether what is scored is still wanted,
    asked in the transaction that keeps it. at_once: ids of a part, of which the project
    may have fewer. Parts are cut by ids alone: two workers whose tables differ, as where
    items were deleted between the loads, have the same ones. kept: items whose scores this
    worker has kept.
    """

    own: Pass
    model: Predictor
    table: Table
    progress: Progress
    total: int
    is_open: Callable[[], bool] = field(default=lambda: True)
    at_once: int = CHUNK
    kept: int = 0

    def take(self, left: Ids) -> Ids:
        """Score what is ``left`` (n,) of parts that are free; return what others have.

        Raises PassEndedError and what ``Progress.report`` and ``Progress.step`` raise; no
        score that is kept is lost by that.
        """
        starts = np.flatnonzero(np.diff(left // self.at_once)) + 1
        by_part = [mine for mine in np.split(left, starts) if len(mine)]
        others = [mine for mine in by_part if not self._take(mine)]
        return np.concatenate([np.zeros(0, dtype=np.int64), *others])

    def _take(self, mine: Ids) -> bool:
        """Score some items, all of one part; False: another worker has it."""
        part = int(mine[0]) // self.at_once
        first = part * self.at_once
        turn = turn_of(self.own.version.project_id, part)
        with held_if_free(Turn.SCORES, turn) as is_own:
            if is_own:
                # Behind the turn: whoever had it before has kept what it scored.
                done = self.own.done_within(first, first + self.at_once - 1)
                self._score(np.setdiff1d(mine, done))
        # Behind the turn too: who stands back here goes on with the next part.
        self.progress.step(self.own.count(), self.total)
        return is_own

    def _score(self, mine: Ids) -> None:
        for chunk in scored(self.model, self.table, mine.tolist()):
            with transaction.atomic():
                if not self.is_open():
                    raise PassEndedError
                self.own.keep(chunk)
                # Last, for it locks the job's row: a worker that lost the job keeps
                # nothing.
                self.progress.report(
                    done=self.own.count(), total=self.total, stage=noop("scoring")
                )
            self.kept += len(chunk)


def turn_of(project_id: int, part: int) -> int:
    """Return the number of the turn in which a part of a project's pool is scored."""
    # Projects have the same parts. Two parts of one number wait for each other, no more.
    return project_id * 2**16 + part


def score_all(own: Pass, progress: Progress, *, at_once: int = CHUNK) -> None:
    """Score the items that a pass has left, each part kept before the next one.

    Another may take some of the parts; this returns when all are there. The session of
    one that stands still is ended (``transactions.end_standstills``), so that its part is
    free. Raises what ``loading.load`` and ``Progress.report`` raise.
    """
    left = own.left()
    if not len(left):
        return
    parts, left = _parts(own, progress, left, at_once)
    if len(left) >= 2 * at_once:
        ask_for_help(own.version.project)
    while len(left := parts.take(left)):
        time.sleep(PAUSE)


def score_beside(own: Pass, progress: Progress, *, at_once: int = CHUNK) -> int:
    """Take parts of a pass while its job runs and one is free.

    Return of how many items the scores were kept. Raises what ``score_all`` raises.
    """
    project = own.version.project
    # Before what is left is read: a pass that is published from here on needs nothing.
    newest = _newest(project)

    def is_open() -> bool:
        # The turn of whoever publishes: what comes behind that would never be read.
        await_turn(Turn.PREDICTIONS, project.pk)
        return is_under_way(project) and _newest(project) == newest

    left = own.left()
    if not (len(left) and is_under_way(project)):
        return 0
    parts, left = _parts(own, progress, left, at_once, is_open)
    try:
        parts.take(left)
    except PassEndedError:
        logger.info("project %s: the pass has ended, and so does its help", project.pk)
    return parts.kept


def _parts(
    own: Pass,
    progress: Progress,
    left: Ids,
    at_once: int,
    is_open: Callable[[], bool] = lambda: True,
) -> tuple[PartsOfPass, Ids]:
    """Return the parts of a pass, and which of the items that are left have a row."""
    model, spec = loading.load(own.version)
    table = store.load(own.version.project, spec, progress.step)
    # Items without a row came after the features were read; the next order scores them.
    left = table.with_rows(left)
    total = own.count() + len(left)
    return PartsOfPass(own, model, table, progress, total, is_open, at_once), left


def _newest(project: Project) -> int:
    """Return the latest pass that was published."""
    runs = ScoringRun.objects.filter(project=project).order_by("-pk")
    return runs.values_list("pk", flat=True).first() or 0


def is_under_way(project: Project) -> bool:
    """Whether a worker has the job of a pass over the pool."""
    return Job.objects.filter(
        project=project, kind="learn.score", state=Job.State.RUNNING
    ).exists()


def ask_for_help(project: Project) -> None:
    """Ask another worker to take parts of a pass, where one has nothing else to do."""
    jobs.request_for_project("learn.score_beside", project.pk, series="score_beside")


def end_help(project: Project) -> None:
    """Let a job that waits to help do nothing: there is no part left."""
    waiting = Job.objects.filter(
        project=project, kind="learn.score_beside", state=Job.State.QUEUED
    )
    for job in waiting:
        jobs.cancel(job)
