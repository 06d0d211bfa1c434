"""A worker that was taken over writes nothing; what serves is what scores."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import transaction
from django.db.models import F

from activelearn.models import (
    Evaluation,
    ModelVersion,
    RankingFit,
    ScoringRun,
    Snapshot,
    TrainingRun,
)
from activelearn.services.ordering import ranking
from activelearn.services.predictions import scoring
from activelearn.services.training import retrain, triggers
from activelearn.services.versions import registry, requests
from labeling.models import Job, Prediction, Project, QueueEntry
from labeling.services.work import jobs
from labeling.services.work.progress import JobLostError, Progress
from tests import make
from tests.activelearn.test_loop import answer, versions, wine, work
from tests.doubles import interrupted

pytestmark = pytest.mark.django_db


def taken_over(job: Job) -> None:
    """Let another worker have the job, as after a long pause of the first."""
    Job.objects.filter(pk=job.pk).update(attempt=F("attempt") + 1)


def lost(handler: Callable[[Progress], object], job: Job, *, after: str | int) -> None:
    """Run a handler whose job is taken over right after a report."""
    progress = interrupted(job, after=after, then=lambda: taken_over(job))
    with pytest.raises(JobLostError):
        handler(progress)


def asked_to_rank(project: Project) -> Job:
    Job.objects.filter(project=project).delete()
    requests.request_order(project.pk)
    return Job.objects.get(kind="learn.rank")


def test_an_order_of_a_job_that_was_taken_over_is_not_swapped_in() -> None:
    project, _ = wine()
    ranking.rank(project)
    job = asked_to_rank(project)
    order_before = set(QueueEntry.objects.values_list("pk", flat=True))

    lost(ranking.run, job, after="features")

    assert set(QueueEntry.objects.values_list("pk", flat=True)) == order_before
    assert RankingFit.objects.count() == 1
    job.refresh_from_db()
    assert (job.state, job.attempt) == ("running", 2)


def test_an_order_that_is_taken_over_at_the_last_moment_is_not_swapped_in() -> None:
    project, _ = wine()
    job = asked_to_rank(project)

    lost(ranking.run, job, after="swap")

    job.refresh_from_db()
    assert (job.state, job.attempt) == ("running", 2)
    assert not QueueEntry.objects.exists()
    assert not RankingFit.objects.exists()


def trained() -> tuple[Project, Job]:
    project, truth = wine()
    answer(project, truth, 110)
    run, _ = triggers.request(project, None, "by hand")
    return project, run.job


@pytest.mark.parametrize(
    ("after", "written"),
    [
        ("snapshot", []),
        ("fit", [Snapshot]),
        ("evaluate", [Snapshot, ModelVersion]),
        # The judgment is kept for the next worker; it is shown once it has decided.
        (4, [Snapshot, ModelVersion]),
    ],
)
def test_training_that_was_taken_over_writes_no_further(
    after: str | int, written: list[Any]
) -> None:
    project, job = trained()

    lost(retrain.run, job, after=after)

    tables: list[Any] = [Snapshot, ModelVersion, Evaluation]
    assert [table for table in tables if table.objects.exists()] == written
    assert registry.champion(project) is None
    run = TrainingRun.objects.get()
    assert (run.verdict, bool(run.judgment)) == ("", after == 4)
    assert not Job.objects.filter(kind="learn.score").exists()


def test_a_run_that_is_judged_is_not_judged_again() -> None:
    project, job = trained()
    jobs.run(job.pk)
    registry.promote(ModelVersion.objects.get(), None)
    ModelVersion.objects.update(stage=ModelVersion.Stage.ARCHIVED)
    # Its worker died before the job's end was written.
    Job.objects.filter(pk=job.pk).update(state="queued", finished_at=None)

    jobs.run(job.pk)

    job.refresh_from_db()
    assert (job.state, job.result) == ("done", {"verdict": "promote"})
    assert registry.champion(project) is None


def test_scores_of_a_job_that_was_taken_over_are_not_published() -> None:
    project, (first,) = versions(1)
    Job.objects.filter(project=project).exclude(kind="learn.train").delete()
    runs = ScoringRun.objects.count()
    Prediction.objects.update(model_number=99)
    requests.request_scores(first)
    job = Job.objects.get(kind="learn.score")

    lost(scoring.run, job, after="scoring")

    assert set(Prediction.objects.values_list("model_number", flat=True)) == {99}
    assert ScoringRun.objects.count() == runs
    assert not Job.objects.filter(kind="learn.rank").exists()


def test_scores_of_a_champion_that_serves_no_longer_are_followed_by_new_ones() -> None:
    project, (first, second) = versions(2)
    registry.promote(second, None)
    job = Job.objects.get(kind="learn.score", state="queued")

    def promote_first() -> None:
        # A promotion that found this job waiting still, and requested no other.
        ModelVersion.objects.filter(pk=second.pk).update(stage="archived")
        ModelVersion.objects.filter(pk=first.pk).update(stage="champion")

    scoring.run(interrupted(job, after="scoring", then=promote_first))

    assert Job.objects.filter(kind="learn.score", state="queued").count() == 1
    Job.objects.filter(pk=job.pk).update(state="done")
    work(project)
    assert set(Prediction.objects.values_list("model_number", flat=True)) == {1}


@pytest.mark.django_db(transaction=True)
def test_scoring_waits_for_a_promotion_that_found_it_waiting() -> None:
    _, (first, second) = versions(2)
    registry.promote(second, None)
    job = Job.objects.get(kind="learn.score", state="queued")
    worker = threading.Thread(target=make.threaded(jobs.run), args=[job.pk])

    with transaction.atomic():
        registry.promote(first, None)
        worker.start()
        worker.join(1)
        assert worker.is_alive()
    worker.join()

    assert not Job.objects.filter(kind="learn.score", state="queued").exists()
    assert set(Prediction.objects.values_list("model_number", flat=True)) == {1}
    assert ScoringRun.objects.first().model == first  # type: ignore[union-attr]
