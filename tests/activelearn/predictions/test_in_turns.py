"""A pass over the pool goes on from where it stood, and is seen only when it is whole."""

from __future__ import annotations

import pytest
from django.utils import timezone

from activelearn.models import FeatureShard, ModelVersion, ScoredChunk, ScoringRun
from activelearn.services.predictions import newcomers, scoring
from activelearn.services.predictions.chunks import Pass
from activelearn.services.training import triggers
from activelearn.services.versions import registry, requests
from labeling.models import Item, Job, Prediction, Project
from labeling.services.votes import gold
from labeling.services.work import jobs
from labeling.services.work.progress import SLICE, Cancelled, JobLostError, StoodBack
from tests import make
from tests.activelearn.test_loop import work
from tests.activelearn.training.test_standing_back import at_work, ordered
from tests.activelearn.training.test_taken_over import taken_over
from tests.doubles import interrupted, watched

pytestmark = pytest.mark.django_db

BEFORE = 99
# No model says so of a wine by itself.
KEPT = 0.123


class Killed(BaseException):
    """The worker's process has ended in the middle of its work."""


def pool_of(project: Project) -> list[int]:
    pool = Item.objects.filter(project=project).pool()
    return list(pool.order_by("pk").values_list("pk", flat=True))


def own_pass(project: Project) -> Pass:
    champion = registry.champion(project)
    assert champion is not None
    return Pass(champion, champion.label_set_id)


def served(versions: int = 1) -> Project:
    """Return a project of few texts, whose pool was scored by the newest version."""
    project = make.project(labels=("money", "post"))
    # One by which none of the few labels is held out.
    project.seed = 7
    project.save(update_fields=["seed"])
    for number in range(20):
        word = ("refund", "parcel")[number % 2]
        make.item(project, data={"text": f"My {word} of day {number} is late."})
    items = project.items.order_by("pk")
    for number in range(versions):
        for item, name in zip(items[4 * number :], ("money", "post") * 2, strict=False):
            gold.record(project, [(item, [name])])
        triggers.request(project, None, "by hand")
        work_but_order(project)
        registry.promote(ModelVersion.objects.latest("number"), None)
    work_but_order(project)
    return project


def work_but_order(project: Project) -> None:
    """Do what waits, without the orders that it asks for: nothing here is about them."""
    waiting = Job.objects.filter(project=project, state="queued")
    while job := waiting.exclude(kind="learn.rank").order_by("pk").first():
        jobs.run(job.pk)
    waiting.delete()


def begun() -> tuple[Project, Job]:
    """Return a project whose pool is to be scored anew: ten items in it were already."""
    project = served()
    Prediction.objects.update(model_number=BEFORE)
    own_pass(project).keep([(pk, "money", KEPT) for pk in pool_of(project)[5:15]])
    requests.request_scores_of(project.pk)
    return project, Job.objects.get(kind="learn.score", state="queued")


def seen(project: Project) -> dict[int, tuple[int, float]]:
    """Return what people see of each item: whose prediction, and how sure it is."""
    rows = Prediction.objects.filter(project=project)
    return {row.item_id: (row.model_number, row.confidence) for row in rows}


def assert_whole(project: Project) -> None:
    """Assert that each item has its prediction, and that what was kept was not redone."""
    now = seen(project)
    assert sorted(now) == pool_of(project)
    assert {number for number, _ in now.values()} == {own_pass(project).version.number}
    kept = [pk for pk, (_, confidence) in now.items() if confidence == KEPT]
    assert kept == pool_of(project)[5:15]
    assert not ScoredChunk.objects.exists()
    assert newcomers.is_whole(project.pk)


def test_scores_stand_back_for_others_and_go_on() -> None:
    project, job = begun()
    before = seen(project)
    other = ordered(make.project())

    with pytest.raises(StoodBack):
        scoring.run(at_work(job, for_seconds=SLICE + 1))

    assert seen(project) == before
    job.refresh_from_db()
    everything = len(pool_of(project))
    assert (job.done, job.stage_done, job.total) == (everything,) * 3
    Job.objects.filter(pk=job.pk).update(alive_until=timezone.now())
    jobs.run_in_turn(job.pk)
    other.refresh_from_db()
    assert other.state == Job.State.DONE
    FeatureShard.objects.all().delete()
    jobs.run_in_turn(job.pk)
    job.refresh_from_db()
    assert (job.state, job.result) == ("done", {"items": everything})
    assert_whole(project)
    # What has all its scores reads no features.
    assert not FeatureShard.objects.exists()


@pytest.mark.parametrize("after", ["scoring", "published"])
def test_scores_survive_a_kill_at_any_point(after: str) -> None:
    project, job = begun()
    before = seen(project)

    def die() -> None:
        raise Killed

    with pytest.raises(Killed):
        scoring.run(interrupted(job, after=after, then=die))
    assert seen(project) == before

    Job.objects.filter(pk=job.pk).update(alive_until=timezone.now())
    assert jobs.run(job.pk)

    assert_whole(project)
    assert ScoringRun.objects.count() == 2
    # Killed behind the last commit, before the job's end was written.
    Job.objects.filter(pk=job.pk).update(state="queued", finished_at=None)
    assert jobs.run(job.pk)
    assert sorted(seen(project)) == pool_of(project)


def test_scores_of_a_pass_that_was_cancelled_are_there_for_the_next() -> None:
    project, job = begun()
    before = seen(project)
    progress = interrupted(job, after="scoring", then=lambda: jobs.cancel(job))

    assert not newcomers.is_whole(project.pk)
    assert scoring.mend_all() == 0, "it is under way"
    with pytest.raises(Cancelled):
        scoring.run(progress)

    assert seen(project) == before
    assert own_pass(project).left().tolist() == []
    Job.objects.filter(pk=job.pk).update(state="cancelled", finished_at=timezone.now())
    assert scoring.mend_all() == 1
    # An item that was held out meanwhile gets no prediction.
    Item.objects.filter(pk=pool_of(project)[-1]).update(split="evaluation")
    work(project)
    assert_whole(project)


def test_scores_of_a_worker_that_lost_its_job_are_not_kept() -> None:
    _, job = begun()
    chunks = set(ScoredChunk.objects.values_list("pk", flat=True))
    progress = watched(jobs.claim(job.pk))

    def look() -> None:
        # Before the second report: that of the chunk.
        if len(progress.reports) == 1:
            taken_over(job)

    progress.look = look
    with pytest.raises(JobLostError):
        scoring.run(progress)

    assert set(ScoredChunk.objects.values_list("pk", flat=True)) == chunks


def test_a_promotion_during_a_pass_leaves_each_item_one_score_of_what_serves() -> None:
    project = served(versions=2)
    second, first = ModelVersion.objects.all()
    registry.promote(first, None)
    job = Job.objects.get(kind="learn.score", state="queued")
    progress = interrupted(
        job, after="scoring", then=lambda: registry.promote(second, None)
    )

    scoring.run(progress)

    # Nobody mends what is still to come, and nobody adds to it.
    assert {number for number, _ in seen(project).values()} == {first.number}
    assert newcomers.last_pass(project.pk) is None
    Job.objects.filter(pk=job.pk).update(state="done", finished_at=timezone.now())
    (following,) = Job.objects.filter(kind="learn.score", state="queued")
    assert scoring.mend_all() == 0
    make.item(project, data={"text": "A new refund."})
    work(project)
    assert sorted(seen(project)) == pool_of(project)
    assert {number for number, _ in seen(project).values()} == {second.number}
    assert not ScoredChunk.objects.exists()
    assert ScoringRun.objects.latest("pk").model == second
    assert not Job.objects.filter(kind="learn.score", pk__gt=following.pk).exists()


def test_scores_of_another_version_are_not_published_but_deleted() -> None:
    project = served(versions=2)
    second, first = ModelVersion.objects.all()
    requests.request_scores(second)
    Pass(first, first.label_set_id).keep([(pool_of(project)[0], "money", KEPT)])
    job = Job.objects.get(kind="learn.score", state="queued")
    progress = jobs.claim(job.pk)
    assert progress is not None
    taken_over(job)

    # Not by a worker that lost the job: it may know an earlier champion.
    with pytest.raises(JobLostError):
        scoring.run(progress)
    assert ScoredChunk.objects.get().model == first

    Job.objects.filter(pk=job.pk).update(alive_until=timezone.now())
    assert jobs.run(job.pk)
    assert not ScoredChunk.objects.exists()
    assert sorted(seen(project)) == pool_of(project)
    assert {number for number, _ in seen(project).values()} == {second.number}
