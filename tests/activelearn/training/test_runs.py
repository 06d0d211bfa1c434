"""One run, one model, one judgment: whatever happens on the way."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import msgspec
import pytest
from django.test import Client
from django.utils import timezone

from activelearn.core import gate, training
from activelearn.models import ModelVersion, TrainingRun
from activelearn.services.features import files, forgetting, store
from activelearn.services.judging import judgments
from activelearn.services.judging.judgments import Judgment
from activelearn.services.labels import snapshots
from activelearn.services.training import retrain, triggers
from activelearn.services.versions import loading, registry, strengths
from labeling.models import Item, Job, Project, Resolution
from labeling.services.projects import removal
from labeling.services.votes import gold
from labeling.services.work import jobs
from labeling.services.work.progress import Progress
from tests import make
from tests.activelearn.test_loop import NAMES, answer, one_more_label, wine
from tests.doubles import watched

pytestmark = pytest.mark.django_db

# The reports of a run that is not interrupted.
REPORTS = 7
# The report that decides, of a version that is judged again.
JUDGED = 4
ROTATED = dict(zip(NAMES, NAMES[1:] + NAMES[:1], strict=True))


class KilledError(Exception):
    """The worker's end, as far as a process can be ended within a test."""


def killed_before(
    report: int, job: Job, act: Callable[[Progress], object] = retrain.run
) -> None:
    """Run a training until right before a report, and let the worker be missed."""

    def look() -> None:
        if len(progress.reports) == report - 1:
            raise KilledError

    progress = watched(jobs.claim(job.pk), look=look)
    with pytest.raises(KilledError):
        act(progress)
    long_ago = timezone.now() - timedelta(hours=1)
    Job.objects.filter(pk=job.pk).update(alive_until=long_ago)


def truth_of(project: Project) -> dict[int, str]:
    rows = Resolution.objects.filter(project=project, superseded_at=None)
    return {pk: names[0] for pk, names in rows.values_list("item", "labels")}


def hits_of(version: ModelVersion, items: list[int]) -> list[bool]:
    """Return what the version's file says of items, judged here once more."""
    model, _ = loading.load(version)
    rows = store.load(version.project).rows_of(items)
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
    again = training.fit_by(
        training.FitTerms(
            is_multi=False,
            seed=project.seed,
            strength=strengths.of_version(version),
        ),
        store.load(project).rows_of(list(labels)),
        list(labels.values()),
    )
    assert (again.weights == loading.load(version)[0].model.weights).all()
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
    killed_before(5, run.job)
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
    known = Resolution.objects.filter(superseded_at=None, item__in=truth)
    for label in known.filter(item__split="pool"):
        label.labels = [truth[label.item_id]]
        label.save(update_fields=["labels"])


def labeled(held_out: int | None = None) -> tuple[Project, dict[int, str]]:
    """Return 108 held-out wines and 70 of the pool, with the true labels of so many."""
    project, truth = wine(every=1)
    items = list(Item.objects.filter(project=project).order_by("pk"))
    pool = [item for n, item in enumerate(items) if n % 5 > 2]
    Item.objects.filter(pk__in=[label.pk for label in pool]).update(split="pool")
    reserve = list(Item.objects.filter(project=project).evaluation().order_by("pk"))
    know(project, truth, [*pool, *reserve[:held_out]])
    return project, truth


def know(project: Project, truth: dict[int, str], items: list[Item]) -> None:
    for item in items:
        item.refresh_from_db()
    gold.record(project, [(item, [truth[item.pk]]) for item in items])


def trained_again(project: Project) -> ModelVersion:
    if TrainingRun.objects.exclude(verdict="").exists():
        one_more_label(project)
    run, _ = triggers.request(project, None, "again")
    jobs.run(run.job_id)
    return ModelVersion.objects.get(run=run)


def test_c4_who_takes_over_was_judged_against_whom_it_replaces() -> None:
    project, truth = labeled()
    relabel({pk: ROTATED[label] for pk, label in truth.items()})
    first, second = trained_again(project), trained_again(project)
    registry.promote(first, None)
    relabel(truth)
    run, _ = triggers.request(project, None, "the labels are right now")
    seen: list[int | None] = []

    def look() -> None:
        # The first report behind the judgment: before it there are more, where groups are
        # held out for a label that has become rare.
        judgment = TrainingRun.objects.get(pk=run.pk).judgment
        if judgment and not seen:
            seen.append(judgments.read(judgment).champion)
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


def test_c1_a_judgment_that_decides_nothing_is_not_shown() -> None:
    project, truth, first = better_version_waits(held_out=40)
    know(project, truth, list(Item.objects.filter(resolutions=None)))
    triggers.consider_project(project.pk)
    run = TrainingRun.objects.get(judges=first)
    killed_before(JUDGED, run.job, retrain.judge_again)
    run.refresh_from_db()
    assert judgments.read(run.judgment).verdict == "promote"
    # Another version waits by now instead.
    registry.let_wait(trained_again(project), None)

    jobs.run(run.job_id)

    run.refresh_from_db()
    first.refresh_from_db()
    assert (run.verdict, first.stage) == ("not waiting", "rejected")
    assert (first.evaluation.verdict, first.evaluation.items) == ("cannot tell", 40)


def test_a_judgment_of_the_release_before_is_read() -> None:
    comparison = gate.compare([False], [True], gate.terms("balanced"))
    kept = Judgment("a" * 64, 1, [7], [False], comparison, predicted=[("x",)])
    before = msgspec.to_builtins(kept)
    before["said"] = before.pop("predicted")

    sha256 = files.save("judgments", msgspec.json.encode(before))

    assert judgments.read(sha256) == kept


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


def better_version_waits(held_out: int) -> tuple[Project, dict[int, str], ModelVersion]:
    """Return a project with a bad champion and a good version, few labels to tell it."""
    project, truth = labeled(held_out)
    relabel({pk: ROTATED[label] for pk, label in truth.items()})
    registry.promote(trained_again(project), None)
    relabel(truth)
    return project, truth, trained_again(project)


def test_c13_what_cannot_be_told_waits_and_is_judged_again_by_itself() -> None:
    project, truth, version = better_version_waits(held_out=40)
    assert (version.stage, version.run.verdict) == ("waiting", "cannot tell")
    assert (version.waits_for, version.evaluation.items) == (100, 40)
    assert "100" in str(version.run.explanation)
    open_ones = Item.objects.filter(project=project, resolutions=None).order_by("pk")

    know(project, truth, list(open_ones[:59]))
    triggers.consider_project(project.pk)
    assert not TrainingRun.objects.exclude(judges=None).exists()

    know(project, truth, list(open_ones[:1]))
    for _ in range(2):
        triggers.consider_project(project.pk)
    run = TrainingRun.objects.get(judges=version)
    jobs.run(run.job_id)

    run.refresh_from_db()
    version.refresh_from_db()
    assert (run.verdict, run.trigger) == ("promote", "held-out")
    assert (version.stage, version.evaluation.items) == ("champion", 100)
    assert version.promotions.get().run == run
    triggers.consider_project(project.pk)
    assert TrainingRun.objects.filter(judges=version).count() == 1


def test_c13_where_there_are_fewer_held_out_items_all_have_to_do() -> None:
    project, truth, version = better_version_waits(held_out=40)
    rest = Item.objects.filter(project=project, resolutions=None).order_by("pk")
    Item.objects.filter(pk__in=list(rest.values_list("pk", flat=True))[5:]).delete()
    know(project, truth, list(rest))

    triggers.consider_project(project.pk)
    run = TrainingRun.objects.get(judges=version)
    jobs.run(run.job_id)

    run.refresh_from_db()
    version.refresh_from_db()
    assert (run.verdict, version.stage) == ("cannot tell", "waiting")
    assert version.evaluation.items == 45
    # On the same labels it is not judged a third time.
    triggers.consider_project(project.pk)
    assert TrainingRun.objects.filter(judges=version).count() == 1


def test_c13_one_version_waits_and_a_person_may_end_its_wait() -> None:
    project, truth, first = better_version_waits(held_out=40)
    second = trained_again(project)
    first.refresh_from_db()
    assert (first.stage, second.stage) == ("rejected", "waiting")
    know(project, truth, list(Item.objects.filter(resolutions=None)))
    triggers.consider_project(project.pk)
    registry.promote(second, None)

    run = TrainingRun.objects.get(judges=second)
    jobs.run(run.job_id)

    run.refresh_from_db()
    assert run.verdict == "not waiting"
    assert str(second.number) in str(run.explanation)
    again = TrainingRun.objects.get(job=jobs.again(run.job, None))
    assert again.judges == second


def test_c13_the_wait_is_told_by_page_and_api() -> None:
    project, _, version = better_version_waits(held_out=40)
    who = make.manager_of(project).user
    call = make.Caller(who)

    (told, *_) = call("get", f"projects/{project.slug}/models/").json()["results"]
    client = Client()
    client.force_login(who)
    page = client.get(f"/projects/{project.slug}/models/").content.decode()

    assert (told["stage"], told["waits_for"]) == ("waiting", 100)
    number = version.number
    assert (
        f"Version {number} waits for held-out labels: 40 are there, about 100" in page
    )
