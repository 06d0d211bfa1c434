"""Two workers score one pool side by side: each item once, whoever ends first or dies."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np
import psycopg
import pytest
from django.db import connection
from django.utils import timezone

from activelearn.core.features import Table
from activelearn.models import ModelVersion, ScoredChunk
from activelearn.services.features import store
from activelearn.services.predictions import newcomers, parts, scoring
from activelearn.services.predictions.chunks import Pass
from activelearn.services.predictions.parts import PartsOfPass
from activelearn.services.versions import loading, requests
from labeling.models import Job, Prediction, Project
from labeling.services.work import jobs, transactions
from labeling.services.work.progress import Progress
from labeling.services.work.transactions import IDLE, Turn, held_if_free
from tests import make
from tests.activelearn.predictions.test_in_turns import (
    KEPT,
    own_pass,
    pool_of,
    served,
)

pytestmark = pytest.mark.django_db(transaction=True)
# Items of a part: the twenty texts of the project are four of them.
PART = 5


@pytest.fixture
def pool() -> Project:
    project = served()
    Prediction.objects.all().delete()
    return project


@dataclass
class SteppingProgress(Progress):
    """The progress of a job that was claimed; ``then`` is called after each step."""

    then: Callable[[], object] = lambda: None

    def step(self, done: int, total: int) -> None:
        super().step(done, total)
        self.then()


def claimed(project: Project, kind: str = "learn.score") -> SteppingProgress:
    """Return the progress of a job that a worker has."""
    series = f"{kind}:{project.pk}"
    job = jobs.enqueue("learn.score", project=project, series=series)
    Job.objects.filter(pk=job.pk).update(kind=kind)
    progress = jobs.claim(job.pk)
    assert progress is not None
    return SteppingProgress(progress.job, progress.attempt)


def first_part(project: Project) -> list[int]:
    """Return the items of the pool in the first part of it."""
    pool = pool_of(project)
    return [pk for pk in pool if pk // PART == pool[0] // PART]


def turn_of_first(project: Project) -> int:
    """Return the number of the turn in which the first part of the pool is scored."""
    return parts.turn_of(project.pk, pool_of(project)[0] // PART)


def items_of(chunk: ScoredChunk) -> list[int]:
    return [score[0] for score in msgspec.msgpack.decode(chunk.scores)]


def done(own: Pass) -> list[int]:
    return sorted(score[0] for score in own.scores())


def test_two_workers_share_the_parts_and_no_item_is_scored_twice(
    pool: Project,
) -> None:
    own = own_pass(pool)
    main, beside = claimed(pool), claimed(pool, "learn.score_beside")
    both = threading.Barrier(2)

    @make.threaded
    def score(work: Callable[..., Any], progress: Progress) -> Any:
        both.wait()
        return work(own, progress, at_once=PART)

    with ThreadPoolExecutor(2) as workers:
        first = workers.submit(score, parts.score_all, main)
        second = workers.submit(score, parts.score_beside, beside)
        first.result()
        helped = second.result()

    assert done(own) == pool_of(pool)
    assert ScoredChunk.objects.count() >= 4
    assert 0 <= helped <= len(pool_of(pool))


def test_a_part_that_another_worker_has_is_left_to_it_and_waited_for(
    pool: Project,
) -> None:
    own, main = own_pass(pool), claimed(pool)
    theirs = first_part(pool)
    is_taken, is_looked_at = threading.Event(), threading.Event()
    before: list[int] = []

    @make.threaded
    def take() -> None:
        with held_if_free(Turn.SCORES, turn_of_first(pool)) as is_own:
            assert is_own
            is_taken.set()
            is_looked_at.wait(30)
            # The worker of the pass has nothing else to do meanwhile.
            time.sleep(0.5)
            own.keep([(pk, "money", KEPT) for pk in theirs])

    def look() -> None:
        before[:] = done(own)
        if len(before) == len(pool_of(pool)) - len(theirs):
            is_looked_at.set()

    main.then = look
    with ThreadPoolExecutor(1) as workers:
        waiting = workers.submit(take)
        is_taken.wait(30)
        parts.score_all(own, main, at_once=PART)
        assert done(own) == pool_of(pool)
        waiting.result()

    kept = {score[0] for score in own.scores() if score[2] == KEPT}
    assert kept == {*theirs}


def test_a_part_of_a_worker_that_stands_still_is_free_after_a_while(
    pool: Project,
) -> None:
    own, main = own_pass(pool), claimed(pool)
    waited = 0

    def end() -> None:
        nonlocal waited
        waited += 1
        # As the scheduler does; one that has just been heard is left alone.
        ended = transactions.end_standstills(idle=IDLE if waited < 9 else 0.5)
        assert not (waited < 9 and ended)
        assert waited < 90

    main.then = end
    with closing(psycopg.connect(**connection.get_connection_params())) as other:
        other.autocommit = True
        key = [Turn.SCORES, turn_of_first(pool)]
        other.execute("SELECT pg_advisory_lock(%s, %s)", key)

        parts.score_all(own, main, at_once=PART)

        assert done(own) == pool_of(pool)
        with pytest.raises(psycopg.OperationalError):
            other.execute("SELECT 1")


def test_workers_whose_tables_differ_have_the_same_parts(pool: Project) -> None:
    """As where rows of deleted items were taken out between the two loads."""
    own, main = own_pass(pool), claimed(pool)
    model, spec = loading.load(own.version)
    table = store.load(pool, spec)
    later = Table(table.ids[1:], table.rows[1:], table.spec_hash)
    first, second = (
        PartsOfPass(own, model, each, main, total=20, at_once=PART)
        for each in (table, later)
    )
    left = own.left()

    first.take(left[: len(left) // 2])
    second.take(left)

    kept = [item for chunk in ScoredChunk.objects.all() for item in items_of(chunk)]
    assert sorted(kept) == pool_of(pool)


def test_what_was_scored_twice_is_published_once(pool: Project) -> None:
    own, ids = own_pass(pool), pool_of(pool)
    for some in (ids[:9], ids[4:6], ids[5:12]):
        own.keep([(pk, "money", KEPT) for pk in some])

    assert [score[0] for score in own.scores()] == ids[:12]
    assert scoring.run(claimed(pool)) == {"items": len(ids)}


def test_a_part_of_a_worker_that_was_killed_is_free_at_once(pool: Project) -> None:
    own, main = own_pass(pool), claimed(pool)

    @make.threaded
    def die() -> None:
        with connection.cursor() as cursor:
            key = [Turn.SCORES, turn_of_first(pool)]
            cursor.execute("SELECT pg_advisory_lock(%s, %s)", key)

    with ThreadPoolExecutor(1) as workers:
        workers.submit(die).result()
    parts.score_all(own, main, at_once=PART)

    assert done(own) == pool_of(pool)


def test_who_helps_ends_where_no_part_is_free_or_nobody_publishes(
    pool: Project,
) -> None:
    own, beside = own_pass(pool), claimed(pool, "learn.score_beside")

    assert parts.score_beside(own, beside, at_once=PART) == 0
    assert done(own) == []

    claimed(pool)
    assert parts.score_beside(own, beside, at_once=PART) == len(pool_of(pool))
    assert parts.score_beside(own, beside, at_once=PART) == 0
    assert done(own) == pool_of(pool)


def test_what_is_scored_behind_the_publication_is_not_kept(pool: Project) -> None:
    own, main = own_pass(pool), claimed(pool)
    beside = claimed(pool, "learn.score_beside")
    published: list[dict[str, Any]] = []

    def publish() -> None:
        # After the first part of the other one, this one scores the rest.
        if not published:
            published.append(scoring.run(main))

    beside.then = publish
    parts.score_beside(own, beside, at_once=PART)

    assert published == [{"items": len(pool_of(pool))}]
    assert not ScoredChunk.objects.exists()
    predicted = Prediction.objects.filter(project=pool).order_by("item")
    assert list(predicted.values_list("item", flat=True)) == pool_of(pool)
    assert newcomers.is_whole(pool.pk)


def test_who_helps_ends_when_the_pass_has_and_counts_what_was_kept(
    pool: Project,
) -> None:
    own, main = own_pass(pool), claimed(pool)
    beside = claimed(pool, "learn.score_beside")
    steps: list[int] = []

    def cancel() -> None:
        steps.append(own.count())
        ended = {"state": "cancelled", "finished_at": timezone.now()}
        Job.objects.filter(pk=main.job.pk).update(**ended)

    beside.then = cancel
    helped = parts.score_beside(own, beside, at_once=PART)

    # What has ended at the first step is not gone through to its end.
    assert steps == [len(first_part(pool))]
    assert helped == own.count() == len(first_part(pool))


def test_of_a_large_pool_another_worker_is_asked_and_at_the_end_no_more(
    pool: Project,
) -> None:
    own, main = own_pass(pool), claimed(pool)
    beside = Job.objects.filter(kind="learn.score_beside")

    most = len(pool_of(pool)) // 2
    parts.score_all(own, main, at_once=most + 1)
    assert not beside.exists()
    own.forget()
    parts.score_all(own, main, at_once=most)

    assert beside.get().state == "queued"
    Job.objects.filter(pk=main.job.pk).update(state="done", finished_at=timezone.now())
    requests.request_scores(own.version)
    jobs.run(Job.objects.get(kind="learn.score", state="queued").pk)
    assert beside.get().state == "cancelled"


def test_a_job_beside_a_pass_helps_or_does_nothing(pool: Project) -> None:
    parts.ask_for_help(pool)
    jobs.run(Job.objects.get(kind="learn.score_beside").pk)
    assert Job.objects.get(kind="learn.score_beside").result == {"items": 0}

    claimed(pool)
    parts.ask_for_help(pool)
    jobs.run(Job.objects.get(kind="learn.score_beside", state="queued").pk)

    newest = Job.objects.filter(kind="learn.score_beside").latest("pk")
    assert newest.result == {"items": len(pool_of(pool))}
    assert done(own_pass(pool)) == pool_of(pool)
    assert np.array_equal(own_pass(pool).left(), [])
    # Without a model there is nothing to help with.
    ModelVersion.objects.update(stage="archived")
    parts.ask_for_help(pool)
    jobs.run(Job.objects.get(kind="learn.score_beside", state="queued").pk)
    latest = Job.objects.filter(kind="learn.score_beside").latest("pk")
    assert latest.result == {"items": 0}
