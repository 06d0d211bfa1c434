"""A version's calibration: in its file, from held-out labels, and honest about it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from activelearn.core import artifact, calibration, evaluation, training
from activelearn.core.evaluation import Labels, Probabilities
from activelearn.core.intervals import numbered
from activelearn.models import ModelVersion
from activelearn.services.features import files, forgetting, store
from activelearn.services.judging import evidence
from activelearn.services.labels import calibrations, crossfits, snapshots
from activelearn.services.ordering import ranking, suggesting
from activelearn.services.predictions import serving
from activelearn.services.training import experiments, reproducing, triggers
from activelearn.services.versions import loading, registry
from activelearn.services.versions.registry import report_of
from labeling.models import Annotation, Item, Project, Resolution
from tests import make
from tests.activelearn.test_loop import answer, wine, work
from tests.activelearn.training.test_runs import labeled

pytestmark = pytest.mark.django_db


def run(held_out: int | None = None) -> tuple[Project, ModelVersion]:
    """Return a version of 70 wines that is calibrated on so many held-out ones.

    A third of the labels are wrong, on either side: no model may be very sure.
    """
    project, _ = labeled(held_out)
    for number, label in enumerate(Resolution.objects.order_by("item")):
        if number % 3 == 0:
            label.labels = ["c0" if label.labels != ["c0"] else "c1"]
            label.save(update_fields=["labels"])
    triggers.request(project, None, "by hand")
    work(project)
    return project, ModelVersion.objects.get()


def test_the_calibration_is_in_the_file_that_was_judged_and_serves() -> None:
    project, version = run()
    registry.promote(version, None)

    data = files.read("models", version.sha256)
    model, _ = artifact.load(data, version.sha256)

    assert model.calibration is not None
    # Less sure than it was.
    assert model.calibration.scale[0] < 0.9
    assert version.evaluation.sha256 == version.sha256
    assert version.is_calibrated
    assert version.trial is not None
    assert version.trial.labels == 108
    item = Item.objects.filter(project=project).pool()[0]
    (served,) = serving.predict(project, [serving.Question("", item.data)])
    rows = store.load(project).rows_of([item.pk])
    assert served.is_calibrated
    assert served.confidence == pytest.approx(model.probabilities(rows).max())
    assert served.confidence < model.uncalibrated.probabilities(rows).max()


def test_held_out_figures_are_those_of_cross_fitted_calibrations() -> None:
    project, version = run()

    report = report_of(version.evaluation)

    material = calibrations.read(version)
    model, _ = loading.load(version)
    rows = store.load(project).rows_of(list(material.labels))
    scores = Probabilities(
        model.labels, model.uncalibrated.probabilities(rows), is_multi=False
    )
    groups = numbered(material.groups)
    labels = list(material.labels.values())
    has = evaluation.indicators(labels, model.labels)
    known = model.model.scores(rows)
    said = replace(
        scores, table=calibration.cross_fitted(known, has, groups, version.method)
    )
    assert report.figures.log_loss is not None
    right = [model.labels.index(name) for (name,) in labels]
    losses = -np.log(said.table[np.arange(len(right)), right])
    assert report.figures.log_loss.value == pytest.approx(losses.mean())
    # A temperature moves no label before another: the file answers the same.
    assert training.predicted_labels(said, said.table) == training.predicted_labels(
        model, model.probabilities(rows)
    )
    kept = report.calibration
    assert kept is not None
    assert kept.after is not None
    assert kept.kind == "temperature"
    assert kept.after.ece.value < kept.before.ece.value
    assert kept.trial == version.trial


def test_what_is_judged_later_is_what_the_file_says_of_it() -> None:
    project, version = run(held_out=90)
    known = calibrations.read(version)
    held_out = Item.objects.filter(project=project).evaluation().order_by("pk")
    # All held-out labels of today say something else.
    today: dict[int, Labels] = dict.fromkeys(
        held_out.values_list("pk", flat=True), ("c0",)
    )
    later = [pk for pk in today if pk not in known.labels]
    assert version.is_calibrated
    assert len(later) == 18
    table = store.load(project)
    witness = evidence.opened(version, table)
    before, _ = evidence.on_held_out(witness, evidence.held(known.labels, {}))

    now, report = evidence.on_held_out(witness, evidence.held(today, {}))

    by_item = dict(zip(today, now.table, strict=True))
    served = witness.model.probabilities(table.rows_of(later))
    assert np.array([by_item[pk] for pk in later]) == pytest.approx(served)
    # Of those that its calibration was fitted on: as that, by labels of then.
    for pk, row in zip(known.labels, before.table, strict=True):
        assert by_item[pk] == pytest.approx(row)
    assert report.after is not None


def test_with_few_held_out_labels_there_are_scores_and_it_says_from_when() -> None:
    project, version = run(held_out=30)
    registry.promote(version, None)

    item = Item.objects.filter(project=project).pool()[0]
    (served,) = serving.predict(project, [serving.Question("", item.data)])

    assert not version.is_calibrated
    assert version.calibrated_on == ""
    assert version.trial is not None
    assert (version.trial.labels, version.trial.needed) == (30, 50)
    assert not served.is_calibrated
    # However sure it says to be: nobody has held that against labels.
    Project.objects.update(confidence=0.0)
    project.refresh_from_db()
    (served,) = serving.predict(project, [serving.Question("", item.data)])
    assert served.decision == "review"
    report = report_of(version.evaluation)
    assert report.calibration is not None
    assert (report.calibration.kind, report.calibration.after) == ("none", None)


def test_a_calibrated_version_is_made_again_bit_for_bit() -> None:
    project, version = run()
    files_before = files.read("calibrations", version.calibrated_on)
    # Labels that come later play no part.
    label = Resolution.objects.filter(item__split="evaluation")[0]
    label.labels = ["c0" if label.labels != ["c0"] else "c1"]
    label.save(update_fields=["labels"])
    forgetting.forget_all()

    again = reproducing.reproduce(version)

    assert again.is_same
    assert again.differences == []
    assert files.read("calibrations", version.calibrated_on) == files_before
    assert experiments.finished_now(project) is None


def test_another_held_out_label_is_another_calibration() -> None:
    project, version = run()
    assert experiments.finished_now(project) == version.run

    label = Resolution.objects.filter(item__split="evaluation")[0]
    label.labels = ["c0" if label.labels != ["c0"] else "c1"]
    label.save(update_fields=["labels"])

    assert experiments.finished_now(project) is None


def test_only_held_out_labels_are_taken() -> None:
    _, version = run()

    items = Item.objects.filter(pk__in=calibrations.read(version).labels)

    assert set(items.values_list("split", flat=True)) == {"evaluation"}


@pytest.mark.parametrize("held_out", [None, 30])
def test_a_suggestion_says_whether_it_is_calibrated(held_out: int | None) -> None:
    project, version = run(held_out)
    registry.promote(version, None)
    work(project)
    items = Item.objects.filter(project=project, prediction__isnull=False)

    project.suggestion_mode = Project.SuggestionMode.ASSIST
    _, suggestions = suggesting.suggestions_for(
        project, list(items.values_list("pk", flat=True))
    )

    assert suggestions
    assert {suggestion["calibrated"] for suggestion in suggestions.values()} == {
        held_out is None
    }


def test_the_api_says_whether_a_version_is_calibrated() -> None:
    project, _ = run()
    call = make.Caller(make.manager_of(project).user)

    (model,) = call("get", f"projects/{project.slug}/models/").json()["results"]
    whole = call("get", f"projects/{project.slug}/models/1/evaluation/").json()

    assert model["calibrated"] is True
    assert whole["calibration"]["kind"] == "temperature"
    assert whole["calibration"]["trial"]["labels"] == 108


def test_random_labels_of_the_pool_calibrate_where_few_are_held_out() -> None:
    project, truth = wine(exploration_rate=0.6, evaluation_rate=0.2)
    ranking.rank(project)
    answer(project, truth, 80)
    drawn = Annotation.votes.filter(project=project, reason="random")
    pool = drawn.filter(item__split="pool").order_by("pk")
    seen = pool[0]
    Annotation.votes.filter(pk=seen.pk).update(
        suggestion_shown={"label": "c0", "confidence": 0.9, "model": 1}
    )
    triggers.request(project, None, "by hand")
    work(project)
    version = ModelVersion.objects.get()

    material = calibrations.read(version)

    expected = set(pool.values_list("item", flat=True)) - {seen.item_id}
    assert set(material.arm) == expected
    assert len(expected) >= calibrations.FEWEST_OF_ARM
    assert set(material.labels) == {
        pk
        for pk in truth
        if Item.objects.filter(pk=pk, votes__gt=0, split="evaluation")
    }
    assert version.trial is not None
    assert version.trial.labels == len(material.labels) + version.trial.arm
    # A label that one group alone has says nothing; there is hardly any here.
    assert len(expected) - 3 <= version.trial.arm <= len(expected)
    crossed = crossfits.read(version)
    assert crossed is not None
    assert set(crossed.ids.tolist()) <= set(snapshots.read(version.snapshot))
    # What the held-out items are judged by knows of the arm, too.
    model, _ = loading.load(version)
    known, groups = calibrations.known_to(
        version, model.model, store.load(project), crossed
    )
    assert known.arm == version.trial.arm
    assert len(known.labels) == len(groups) == version.trial.labels
    assert calibrations.hash_now(project) == version.calibrated_on
    assert reproducing.reproduce(version).is_same
