"""Three trainers are killed at any point of a run: what serves is what was judged.

``ASSAY_KILLS=200`` kills more often than ``make soak`` has time for.
"""

from __future__ import annotations

import contextlib
import os
import random
import signal
import sys
import time
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from django.db import connections
from django.utils import timezone

from activelearn.models import ModelVersion, TrainingRun
from activelearn.services.training import triggers
from labeling.models import Item, Job, Membership, Prediction, Project
from labeling.services.votes import settle
from labeling.services.work import jobs
from tests import make
from tests.history.checks import learning, models
from tests.history.here import read_here

pytestmark = [pytest.mark.soak, pytest.mark.django_db(transaction=True)]
KILLS = int(os.environ.get("ASSAY_KILLS", "20"))
STEP = 5
TRAINERS = 3
# A job gives up after three attempts, and this is not about that: one that is hit in the
# moment between the look and the kill is not counted.
MOST_PER_JOB = 1
# Seconds from a look at a job until it is hit, at most.
LONGEST_WAIT = 1.5
POLICY: dict[str, Any] = {
    "retrain_first": STEP,
    "retrain_growth": 0.0,
    "evaluation_rate": 0.3,
    "gate": "balanced",
}
CHECKS = (
    learning.retrains_once_per_threshold,
    learning.never_two_runs_at_once,
    learning.nothing_left_undone,
    models.one_champion,
    models.versions_hold,
    models.what_was_judged_serves,
    models.runs_are_judged_once,
    models.scores_are_the_champions,
)


def trainer() -> int:
    """Fork a process that runs whatever job waits, until it is killed; return its id."""
    # Two processes cannot share a connection.
    connections.close_all()
    if pid := os.fork():
        return pid
    try:
        while True:
            waiting = Job.objects.claimable().due().order_by("pk")
            for pk in waiting.values_list("pk", flat=True):
                # Why it failed stands in the job, which is looked at in the end.
                with contextlib.suppress(Exception):
                    jobs.run(pk)
            time.sleep(0.02)
    finally:
        os._exit(1)


class Killer:
    """Kills trainers in the middle of the learner's jobs and counts what was hit."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.who: Membership = make.member(project)
        self.chance = random.Random(16)
        self.hits: Counter[str] = Counter()
        self.per_job: Counter[int] = Counter()
        self.trainers = [trainer() for _ in range(TRAINERS)]

    def strike(self) -> None:
        """Kill one trainer or all at some moment of a job that can bear it."""
        deadline = time.monotonic() + 120
        while not self._running("learn.train", "learn.judge"):
            # Not while one waits to be begun: the items would run out.
            if not Job.objects.filter(state__in=("queued", "running")).exists():
                self._label()
            elif self.chance.random() < 0.05:
                break
            assert time.monotonic() < deadline, "no run begins"
            time.sleep(0.02)
        time.sleep(self.chance.random() ** 2 * LONGEST_WAIT)
        running = self._running()
        if not running or any(self.per_job[job.pk] >= MOST_PER_JOB for job in running):
            return
        doomed = self.trainers
        if self.chance.random() < 0.5:
            doomed = self.chance.sample(self.trainers, 1)
        self.kill(list(doomed))
        for job in running:
            self.per_job[job.pk] += 1
            self.hits[f"{job.kind} {job.stage}".strip()] += 1
        self.trainers += [trainer() for _ in range(TRAINERS - len(self.trainers))]

    def kill(self, doomed: list[int]) -> None:
        for pid in doomed:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            self.trainers.remove(pid)
        let_go()

    def _running(self, *kinds: str) -> list[Job]:
        jobs_now = Job.objects.filter(state="running", kind__startswith="learn.")
        return list(jobs_now.filter(kind__in=kinds) if kinds else jobs_now)

    def _label(self) -> None:
        """Answer a few items rightly, and have the learner look."""
        for lent in make.lease(self.who, STEP):
            make.vote(self.who, lent, lent.item.data["text"][0])
        settle.settle_project(self.project.pk)
        triggers.consider_project(self.project.pk)


def let_go() -> None:
    """Take every job from who is at it, as after a minute's silence."""
    past = timezone.now() - timedelta(seconds=1)
    Job.objects.filter(state="running").update(alive_until=past)
    Job.objects.filter(state="queued").update(not_before=None)


def come_to_rest(project: Project) -> None:
    """Do all that waits, until nothing new is due."""
    for _ in range(50):
        let_go()
        settle.settle_project(project.pk)
        triggers.consider_project(project.pk)
        waiting = Job.objects.claimable().order_by("pk").values_list("pk", flat=True)
        if not (pks := list(waiting[:100])):
            return
        for pk in pks:
            jobs.run(pk)
    pytest.fail("it does not come to rest")


def test_c1_trainers_killed_anywhere_promote_what_was_judged(
    capsys: pytest.CaptureFixture[str],
) -> None:
    project = make.project(labels=("x", "y"), **POLICY)
    for number in range(STEP * (60 + 3 * KILLS)):
        split = Item.Split.EVALUATION if number % 3 == 0 else Item.Split.POOL
        text = f"{'xy'[number % 2]} says {number}"
        make.item(project, data={"text": text}, split=split)
    killer = Killer(project)
    try:
        while killer.hits.total() < KILLS:
            killer.strike()
    finally:
        killer.kill(list(killer.trainers))
    come_to_rest(project)

    final = read_here()

    with capsys.disabled():
        runs = TrainingRun.objects.count()
        sys.stdout.write(f"\n{dict(killer.hits)} in {runs} runs\n")
    assert [said for check in CHECKS for said in check([], final)] == []
    (champion,) = ModelVersion.objects.filter(stage="champion")
    assert final.failed_jobs == ()
    predictions = Prediction.objects.filter(model_number=champion.number)
    pool = Item.objects.filter(split="pool").exclude(state="invalid")
    assert sorted(predictions.values_list("item", flat=True)) == sorted(
        pool.values_list("pk", flat=True)
    )
    # Killed where nothing was to be lost, it would say nothing.
    hit = sum(n for kind, n in killer.hits.items() if kind.startswith("learn.train"))
    assert hit >= KILLS // 3
