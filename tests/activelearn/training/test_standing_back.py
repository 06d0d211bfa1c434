"""A trainer with a big project says how far it is, and lets small jobs go first."""

from __future__ import annotations

import time

import pytest
from django.test import Client
from django.utils import timezone

from activelearn import tasks
from activelearn.models import FeatureShard
from activelearn.services.ordering import ranking
from activelearn.services.predictions import newcomers, scoring
from activelearn.services.versions import registry, requests
from labeling.models import Item, Job, Prediction, Project
from labeling.services.work import beating, jobs
from labeling.services.work.progress import SLICE, Cancelled, Progress, StoodBack
from tests import make
from tests.activelearn.features.test_one_row import add, assert_whole, kept
from tests.activelearn.test_loop import texts, work
from tests.doubles import interrupted, kind, watched

pytestmark = pytest.mark.django_db


def big_project() -> Project:
    """Return one of 10 items, whose features take two chunks: some are kept between."""
    project = make.project()
    add(project, 10)
    ids = list(project.items.order_by("pk").values_list("pk", flat=True))
    kept(project, ids[4:6], first=ids[4], last=ids[5])
    return project


def sum_of_rows(project: Project) -> int:
    shards = FeatureShard.objects.filter(project=project)
    return sum(shards.values_list("items", flat=True))


def ordered(project: Project) -> Job:
    requests.request_order(project.pk)
    return Job.objects.get(kind="learn.rank", project=project)


def at_work(job: Job, *, for_seconds: float) -> Progress:
    progress = jobs.claim(job.pk)
    assert progress is not None
    progress.began -= for_seconds
    return progress


def test_c14_a_big_project_lets_small_ones_go_first_and_loses_no_row() -> None:
    big, small = big_project(), make.project()
    job = ordered(big)
    add(small, 1)
    other = ordered(small)

    with pytest.raises(StoodBack):
        ranking.run(at_work(job, for_seconds=SLICE + 1))

    assert sum_of_rows(big) == 6
    job.refresh_from_db()
    assert (job.stage_done, job.stage_total) == (6, 10)
    Job.objects.filter(pk=job.pk).update(alive_until=timezone.now())
    jobs.run_in_turn(job.pk)
    other.refresh_from_db()
    assert other.state == Job.State.DONE
    jobs.run_in_turn(job.pk)
    job.refresh_from_db()
    assert job.state == Job.State.DONE
    assert_whole(big)


@pytest.mark.parametrize("seconds", [0, SLICE + 1])
def test_nobody_stands_back_for_nobody_and_not_at_once(seconds: float) -> None:
    big, small = big_project(), make.project()
    job = ordered(big)
    if seconds == 0:
        ordered(small)

    ranking.run(at_work(job, for_seconds=seconds))

    assert FeatureShard.objects.count() == 3


def test_a_job_may_stand_back_more_often_than_its_worker_may_die() -> None:
    project = make.project()
    left = [1] * 7

    def stands_back(progress: Progress) -> dict[str, int]:
        if left:
            left.pop()
            raise StoodBack
        return {"attempt": progress.attempt}

    with kind("slow", stands_back):
        job = jobs.enqueue("slow", project=project)
        for _ in range(8):
            assert jobs.run(job.pk)

    job.refresh_from_db()
    assert (job.state, job.result, job.stood_back) == ("done", {"attempt": 8}, 7)


def test_features_are_cancelled_between_two_chunks() -> None:
    project = big_project()
    job = ordered(project)
    progress = interrupted(job, after="features", then=lambda: jobs.cancel(job))

    with pytest.raises(Cancelled):
        ranking.run(progress)

    assert sum_of_rows(project) == 6


def test_pages_and_programs_see_how_far_a_step_is_and_since_when(
    client: Client,
) -> None:
    project = make.project()
    job = jobs.enqueue("learn.rank", project=project)
    progress = watched(jobs.claim(job.pk))
    progress.report(stage="features")
    progress.step(4, 10)
    user = make.manager_of(project).user
    path = f"projects/{project.slug}/jobs/{job.pk}/"

    told = make.Caller(user)("get", path).json()

    assert (told["stage_done"], told["stage_total"]) == (4, 10)
    assert told["stage_since"] <= told["heard_at"]
    client.force_login(user)
    page = client.get(f"/{path}").content.decode()
    assert "4 of 10" in page
    assert "heard last at" in page
    progress.report(stage="scoring")
    assert make.Caller(user)("get", path).json()["stage_done"] is None


@pytest.mark.django_db(transaction=True)
def test_a_worker_is_heard_while_it_is_at_one_long_step() -> None:
    with kind("long", lambda _progress: {}):
        job = jobs.enqueue("long", project=make.project())
        progress = jobs.claim(job.pk)
    assert progress is not None
    first = Job.objects.get(pk=job.pk).alive_until

    with beating.beating(progress.job, every=0.05):
        time.sleep(0.4)
        Job.objects.filter(pk=job.pk).update(attempt=2)
        time.sleep(0.2)
        taken_over = Job.objects.get(pk=job.pk).alive_until
        time.sleep(0.3)

    last = Job.objects.get(pk=job.pk).alive_until
    assert first
    assert last
    assert last > first
    assert last == taken_over


def test_c15_predictions_that_are_missing_are_made_by_themselves() -> None:
    project = texts("assist")
    work(project)
    assert newcomers.is_whole(project.pk)
    pool = Item.objects.filter(project=project).pool().count()
    Prediction.objects.filter(project=project).earliest("item").delete()
    Prediction.objects.filter(project=project).latest("item").delete()

    assert tasks.mend() == 1
    work(project)

    assert Prediction.objects.filter(project=project).count() == pool
    champion = registry.champion(project)
    assert champion
    assert scoring.mend_all() == 0
    Prediction.objects.filter(project=project).update(model_number=0)
    assert scoring.mend_all() == 1
