"""One run, one model, one judgment: whatever happens on the way."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from activelearn.core import training
from activelearn.models import ModelVersion, TrainingRun
from activelearn.services import (
    features,
    forgetting,
    registry,
    retrain,
    snapshots,
    triggers,
)
from labeling.models import Item, Job, Project, Resolution
from labeling.services.projects import removal
from labeling.services.work import jobs
from tests.activelearn.test_loop import NAMES, answer, wine
from tests.doubles import watched

pytestmark = pytest.mark.django_db

# The reports of a run that is not interrupted.
REPORTS = 6
ROTATED = dict(zip(NAMES, NAMES[1:] + NAMES[:1], strict=True))


class KilledError(Exception):
    """The worker's end, as far as a process can be ended within a test."""


def killed_before(report: int, job: Job) -> None:
    """Run a training until right before a report, and let the worker be missed."""

    def look() -> None:
        if len(progress.reports) == report - 1:
            raise KilledError

    progress = watched(jobs.claim(job.pk), look=look)
    with pytest.raises(KilledError):
        retrain.run(progress)
    long_ago = timezone.now() - timedelta(hours=1)
    Job.objects.filter(pk=job.pk).update(alive_until=long_ago)


def truth_of(project: Project) -> dict[int, str]:
    rows = Resolution.objects.filter(project=project, superseded_at=None)
    return {pk: names[0] for pk, names in rows.values_list("item", "labels")}


def hits_of(version: ModelVersion, items: list[int]) -> list[bool]:
    """Return what the version's file says of items, judged here once more."""
    model, _ = registry.load(version)
    rows = features.load(version.project).rows_of(items)
    said = training.predicted_labels(model, model.probabilities(rows))
    truth = truth_of(version.project)
    return [names == (truth[pk],) for names, pk in zip(said, items, strict=True)]


@pytest.mark.parametrize("report", range(1, REPORTS + 1))
def test_c1_a_run_that_is_killed_anywhere_judges_what_it_registers(report: int) -> None:
    project, truth = wine()
    answer(project, truth, 60)
    run, _ = triggers.request(project, None, "by hand")
    killed_before(report, run.job)
    # Another model altogether would be learned from these.
    pool = Item.objects.filter(project=project, split="pool").values_list(
        "pk", flat=True
    )
    rotated = {pk: ROTATED[truth[pk]] for pk in pool}
    answer(project, truth | rotated, 60)

    jobs.run(run.job_id)

    run.refresh_from_db()
    version = ModelVersion.objects.get()
    run.job.refresh_from_db()
    assert run.job.state == "done"
    assert version.snapshot == run.snapshot
    assert run.label_count == version.snapshot.items
    items = [int(pk) for pk in version.evaluation.outcomes]
    outcomes = [new for _, new in version.evaluation.outcomes.values()]
    assert outcomes == hits_of(version, items)
    assert version.evaluation.sha256 == version.sha256
    labels = snapshots.read(version.snapshot)
    again = training.fit(
        features.load(project).rows_of(list(labels)),
        list(labels.values()),
        is_multi=False,
        seed=project.seed,
    )
    assert (again.weights == registry.load(version)[0].weights).all()
    assert (version.stage == "champion") == (run.verdict == "promote")


def test_c1_a_run_that_is_not_interrupted_reports_so_often() -> None:
    project, truth = wine()
    answer(project, truth, 60)
    run, _ = triggers.request(project, None, "by hand")
    progress = watched(jobs.claim(run.job_id))

    retrain.run(progress)

    assert len(progress.reports) == REPORTS


def test_c1_a_snapshot_whose_items_were_deleted_before_the_fit_is_taken_anew() -> None:
    project, truth = wine()
    answer(project, truth, 60)
    run, _ = triggers.request(project, None, "by hand")
    killed_before(4, run.job)
    run.refresh_from_db()
    assert run.snapshot is not None
    gone = next(iter(snapshots.read(run.snapshot)))
    removal.delete_now(project, [gone])
    forgetting.forget_all()

    jobs.run(run.job_id)

    version = TrainingRun.objects.get().model
    assert gone not in snapshots.read(version.snapshot)
    assert version.evaluation.sha256 == version.sha256


def relabel(truth: dict[int, str]) -> None:
    for one in Resolution.objects.filter(superseded_at=None, item__split="pool"):
        one.labels = [truth[one.item_id]]
        one.save(update_fields=["labels"])


def trained_again(project: Project) -> ModelVersion:
    run, _ = triggers.request(project, None, "again")
    jobs.run(run.job_id)
    return ModelVersion.objects.get(run=run)


def test_c4_who_takes_over_was_judged_against_whom_it_replaces() -> None:
    project, truth = wine()
    answer(project, truth, 90)
    relabel({pk: ROTATED[label] for pk, label in truth.items()})
    first, second = trained_again(project), trained_again(project)
    registry.promote(first, None)
    relabel(truth)
    run, _ = triggers.request(project, None, "the labels are right now")
    seen: list[int | None] = []

    def look() -> None:
        if len(progress.reports) == REPORTS - 1:
            judged = ModelVersion.objects.get(run=run).evaluation
            seen.append(judged.champion.number if judged.champion else None)
            registry.promote(second, None)

    progress = watched(jobs.claim(run.job_id), look=look)
    retrain.run(progress)

    run.refresh_from_db()
    third = ModelVersion.objects.get(run=run)
    assert (seen, run.verdict, third.stage) == ([1], "promote", "champion")
    assert third.evaluation.champion == second
    assert third.promotions.get().before == second
    assert third.promotions.get().sha256 == third.evaluation.sha256
    second.refresh_from_db()
    assert second.stage == "archived"


def test_c4_a_version_that_a_person_promoted_meanwhile_serves_on() -> None:
    project, truth = wine()
    answer(project, truth, 60)
    run, _ = triggers.request(project, None, "by hand")

    def look() -> None:
        if len(progress.reports) == REPORTS - 1:
            registry.promote(ModelVersion.objects.get(), None)

    progress = watched(jobs.claim(run.job_id), look=look)
    retrain.run(progress)

    version = ModelVersion.objects.get()
    assert version.stage == "champion"
    assert version.promotions.get().run is None
