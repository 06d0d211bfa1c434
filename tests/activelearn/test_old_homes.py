"""A home that an earlier release made opens, and its versions go on."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection

from activelearn.core import training
from activelearn.core.strength import ChosenStrength
from activelearn.models import ModelVersion, TrainingRun
from activelearn.services.features import files
from activelearn.services.labels import snapshots
from activelearn.services.training import triggers
from activelearn.services.versions import registry
from labeling.messages import message
from labeling.models import Item, Project
from labeling.services.votes import gold
from labeling.services.work import jobs
from tests.activelearn.test_loop import NAMES, answer, one_more_label, wine, work

BEFORE = "0006_messages"

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def earlier() -> Iterator[Any]:
    """Take the tables back to those of the release before, and forward at the end."""

    def back() -> Any:
        call_command("migrate", "activelearn", BEFORE, verbosity=0)
        return connection.cursor()

    yield back
    call_command("migrate", "activelearn", verbosity=0)


def as_it_was(version: ModelVersion) -> str:
    """Write a version's snapshot as the release before did; return its hash."""
    rows = [[pk, list(names)] for pk, names in snapshots.read(version.snapshot).items()]
    return files.save("snapshots", json.dumps(rows).encode())


def versions_of_before() -> tuple[Project, list[ModelVersion]]:
    """Return two versions, fitted with the strength that all kinds of data had."""
    project, truth = wine()
    answer(project, truth, 110)
    chosen = ChosenStrength(training.STRENGTH, labels=10**6)
    job = jobs.enqueue("learn.judge", project=project, series="x")
    jobs.cancel(job)
    TrainingRun.objects.create(
        project=project,
        job=job,
        reason=message("x"),
        strength=asdict(chosen),
        verdict="leak",
    )
    for reason in ("first", "second"):
        triggers.request(project, None, reason)
        work(project)
        one_more_label(project)
    return project, list(ModelVersion.objects.order_by("number"))


def test_versions_of_the_release_before_go_on(earlier: Any, capsys: Any) -> None:
    project, (first, second) = versions_of_before()
    olds = [as_it_was(snapshot) for snapshot in (first, second)]
    cursor = earlier()
    for snapshot, sha256 in zip((first, second), olds, strict=True):
        cursor.execute(
            "UPDATE activelearn_snapshot SET sha256 = %s WHERE id = %s",
            [sha256, snapshot.snapshot_id],
        )
    cursor.execute(
        "UPDATE activelearn_modelversion SET stage = 'rejected' WHERE number = 2"
    )
    cursor.execute(
        "UPDATE activelearn_trainingrun SET verdict = 'cannot tell' WHERE id = %s",
        [second.run_id],
    )
    call_command("migrate", "activelearn", verbosity=0)

    waiting = ModelVersion.objects.get(number=2)
    assert (waiting.stage, waiting.waits_for) == ("waiting", 100)
    assert registry.champion(project) == first
    know_all(project)
    triggers.consider_project(project.pk)
    run = TrainingRun.objects.get(judges=waiting)
    jobs.run(run.job_id)
    run.refresh_from_db()
    assert run.verdict
    assert registry.promote(waiting, None).promotions.get().before == first
    call_command("reproduce", project.slug, "1")
    assert "the same, bit for bit" in capsys.readouterr().out


def know_all(project: Project) -> None:
    rest = Item.objects.filter(project=project, resolutions=None).evaluation()
    gold.record(project, [(item, [NAMES[item.pk % 3]]) for item in rest])
