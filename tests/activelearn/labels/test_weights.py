"""What a label weighs in a fit, and what is learned of one without a right answer."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.db.models import F

from activelearn.models import ModelVersion, Snapshot, TrainingRun
from activelearn.services.features import files, store
from activelearn.services.labels import snapshots
from activelearn.services.ordering import ranking
from activelearn.services.training import triggers
from labeling.models import Item, Project, ProjectCounter, Resolution
from labeling.services.projects import policy
from labeling.services.work import jobs
from tests import make
from tests.activelearn.test_loop import answer, wine

pytestmark = pytest.mark.django_db


def labeled(count: int = 40) -> tuple[Project, Resolution]:
    """A project with labels, of which one item's is ambiguous."""
    project, truth = wine()
    answer(project, truth, count)
    label = Resolution.objects.filter(item__split="pool").earliest("item")
    label.is_ambiguous, label.source = True, "expert"
    label.soft_label = {"c0": 0.4, "c1": 0.6}
    label.save()
    return project, label


def content(project: Project) -> snapshots.Content:
    return snapshots.content_of(snapshots.take(project, store.load(project)))


def test_c9_a_snapshot_holds_the_shares_of_what_is_ambiguous() -> None:
    project, label = labeled()

    taken = content(project)

    assert taken.shares == {label.item_id: {"c0": 0.4, "c1": 0.6}}
    assert set(taken.weights.values()) == {1.0}
    example = taken.examples[list(taken.labels).index(label.item_id)]
    assert (example.shares, example.weight) == ({"c0": 0.4, "c1": 0.6}, 1.0)
    before = snapshots.hash_now(project)
    Resolution.objects.filter(pk=label.pk).update(soft_label={"c0": 1.0})
    assert snapshots.hash_now(project) != before


def test_c9_no_order_learns_from_what_is_ambiguous() -> None:
    project, label = labeled()

    known = ranking.material_of(project).known

    assert label.item_id not in known
    assert len(known) == Resolution.objects.filter(item__split="pool").count() - 1


def test_labels_weigh_by_source_and_age_whenever_one_looks() -> None:
    project, label = labeled()
    assert content(project).weights[label.item_id] == 1
    policy.change(
        project, {"weight_expert": 4, "weight_consensus": 0.5, "half_life_days": 10}
    )
    newest = Resolution.objects.latest("created_at").created_at
    Resolution.objects.update(created_at=newest)
    Resolution.objects.filter(pk=label.pk).update(
        created_at=F("created_at") - timedelta(days=20)
    )

    weights = content(project).weights

    assert weights.pop(label.item_id) == pytest.approx(1.0)
    assert set(weights.values()) == {0.5}
    before = snapshots.hash_now(project)
    Resolution.objects.update(created_at=F("created_at") - timedelta(days=3))
    assert snapshots.hash_now(project) == before


def test_snapshots_of_the_release_before_are_read() -> None:
    project = make.project()
    row = [3, "abc", ["x"], "consensus", 1.0, 7, [8]]
    whole = {"format": 2, "label_set": {"id": 1, "labels": ["x"]}, "rows": [row]}
    sha256 = files.save("snapshots", json.dumps(whole).encode())
    old = Snapshot(project=project, sha256=sha256, items=1, label_set=project.label_set)

    (example,) = snapshots.content_of(old).examples

    assert (example.labels, example.weight, example.shares) == (("x",), 1.0, None)


def test_a_version_of_weights_and_shares_is_made_again_bit_for_bit(capsys: Any) -> None:
    project, label = labeled()
    run, _ = triggers.request(project, None, "plain")
    jobs.run(run.job_id)
    policy.change(project, {"weight_expert": 4.0})
    # It is another experiment.
    other, is_new = triggers.request(project, None, "weighted")
    assert is_new
    jobs.run(other.job_id)
    plain, weighted = ModelVersion.objects.order_by("number")
    assert plain.sha256 != weighted.sha256
    # What becomes of the label later plays no part.
    Resolution.objects.filter(pk=label.pk).update(is_ambiguous=False)

    for version in (plain, weighted):
        call_command("reproduce", project.slug, str(version.number))

        assert "the same, bit for bit" in capsys.readouterr().out


def test_c9_corrections_start_a_run_once() -> None:
    project, truth = wine(retrain_first=20)
    answer(project, truth, 30)
    assert triggers.consider(project.pk)
    pool = Item.objects.filter(project=project, split="pool", state="settled")
    assert triggers.consider(project.pk) is None

    # As settling counts them.
    ProjectCounter.add(project.pk, corrected=pool.count())

    run = triggers.consider(project.pk)
    assert run is not None
    assert triggers.consider(project.pk) is None
    assert TrainingRun.objects.filter(project=project, trigger="labels").count() <= 2
