"""Files beside a model's own that are damaged or gone: what it was made from (F12)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from activelearn.models import ModelVersion, TrainingRun
from activelearn.services.features import files, store
from activelearn.services.judging import judgments
from activelearn.services.training import triggers
from activelearn.services.versions import registry, requests
from activelearn.tasks import mend
from labeling.models import Job, Resolution
from labeling.services.work import jobs
from tests import make
from tests.activelearn.labels.test_calibrations import run
from tests.activelearn.test_loop import one_more_label, versions, work
from tests.activelearn.versions.test_healing import damages
from tests.test_pages import browser

pytestmark = pytest.mark.django_db


def snapshot_of(version: ModelVersion) -> Path:
    return files.path_of("snapshots", version.snapshot.sha256)


def cannot_be_made_again(version: ModelVersion) -> None:
    """Take away a label that the version learned from."""
    Resolution.objects.filter(item=items_of(version)[0]).delete()


def items_of(version: ModelVersion) -> list[int]:
    return list(version.snapshot.item_ids or [])


@damages
def test_a_lost_snapshot_is_made_again_by_the_hourly_look(
    damage: Callable[[Path], None],
) -> None:
    project, (version,) = versions(1)
    registry.promote(version, None)
    path = snapshot_of(version)
    whole = path.read_bytes()
    # What came later is not in it, and neither is what replaced some of it.
    one_more_label(project)
    damage(path)

    mend()

    assert path.read_bytes() == whole


@damages
def test_without_its_snapshot_a_version_serves_and_everybody_is_told(
    damage: Callable[[Path], None],
) -> None:
    project, (version,) = versions(1)
    registry.promote(version, None)
    cannot_be_made_again(version)
    damage(snapshot_of(version))
    boss = make.manager_of(project).user
    pages, call = browser(boss), make.Caller(boss)
    at = f"/projects/{project.slug}/models/"

    for page in (at, f"{at}1/card/", f"{at}1/card.md", f"{at}retrain/"):
        assert pages.get(page).status_code == 200, page
    assert "is gone" in pages.get(f"{at}1/card/").content.decode()
    preview = call("get", f"projects/{project.slug}/training-runs/preview/")
    assert preview.status_code == 200
    with pytest.raises(CommandError, match="damaged or gone"):
        call_command("reproduce", project.slug, "1")

    # Scores, another judgment and the next run go on without it.
    requests.request_scores(version)
    triggers.request(project, None, "more labels")
    work(project)
    states = Job.objects.filter(project=project).values_list("state", flat=True)
    assert set(states) == {"done"}
    judgment = judgments.judge(version, store.load(project))
    assert judgment.report is not None
    names = {row.name for row in judgment.report.baselines}
    assert "majority" in names
    assert "nearest" not in names
    assert judgment.hits


@damages
def test_without_the_labels_of_its_calibration_a_version_is_judged_as_it_serves(
    damage: Callable[[Path], None],
) -> None:
    project, version = run()
    registry.promote(version, None)
    before = judgments.judge(version, store.load(project))
    damage(files.path_of("calibrations", version.calibrated_on))

    after = judgments.judge(version, store.load(project))

    assert not after.is_refused
    assert after.predicted == before.predicted
    assert after.report is not None
    assert after.report.calibration is not None
    assert after.report.calibration.after is not None
    with pytest.raises(CommandError, match="damaged or gone"):
        call_command("reproduce", project.slug, "1")


@damages
def test_a_run_goes_on_without_the_judgment_that_it_has_lost(
    damage: Callable[[Path], None],
) -> None:
    _, (version,) = versions(1)
    done = version.run
    damage(files.path_of("judgments", done.judgment))
    TrainingRun.objects.filter(pk=done.pk).update(verdict="", explanation=None)
    Job.objects.filter(pk=done.job_id).update(state="queued", finished_at=None)

    jobs.run(done.job_id)

    done.refresh_from_db()
    assert done.job.state == "done"
    assert done.verdict
    assert judgments.read(done.judgment).verdict == done.verdict
