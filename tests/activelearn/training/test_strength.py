"""The strength of the fit: chosen by a run, kept with it, and the same wherever models learn."""

from __future__ import annotations

import pytest
from django.test import Client

from activelearn.core import strength, training
from activelearn.core.strategies.ordering import OrderLimits
from activelearn.models import ModelVersion, TrainingRun
from activelearn.services.ordering import ranking
from activelearn.services.training import experiments, reproducing, triggers
from activelearn.services.versions import crossing, loading, strengths
from labeling.models import Gold, Item, Job, Project
from labeling.services.votes import gold
from labeling.services.work import jobs
from tests import make
from tests.activelearn.test_loop import wine

pytestmark = pytest.mark.django_db


def trained(
    project: Project, truth: dict[int, str], labels: int
) -> tuple[ModelVersion, TrainingRun]:
    """Give the pool as many labels and train; return what has come of it."""
    pool = list(Item.objects.filter(project=project).pool().order_by("pk")[:labels])
    held_out = list(Item.objects.filter(project=project).evaluation())
    known = set(Gold.objects.values_list("item", flat=True))
    new = [item for item in [*pool, *held_out] if item.pk not in known]
    gold.record(project, [(item, [truth[item.pk]]) for item in new])
    run, _ = triggers.request(project, None, f"with {labels}")
    for job in Job.objects.filter(kind="learn.train", state="queued"):
        jobs.run(job.pk)
    run.refresh_from_db()
    return ModelVersion.objects.get(run=run), run


def recorded(run: TrainingRun) -> float:
    assert run.experiment is not None
    return float(run.experiment["model"]["strength"])


def test_it_is_chosen_once_kept_until_the_labels_double_and_made_again_bit_for_bit() -> (
    None
):
    # 118 of the wines are in the pool.
    project, truth = wine(model_votes=True)
    first, run = trained(project, truth, 60)
    assert (run.strength, recorded(run)) == (None, 1.0)
    assert strengths.in_force(project) == strength.usual("table")

    second, run = trained(project, truth, 100)
    assert run.strength is not None
    assert run.strength["labels"] == 100
    assert set(run.strength["losses"]) == {"0.1", "1", "10"}
    own = run.strength["value"]
    assert recorded(run) == own
    assert strengths.in_force(project).value == own

    third, run = trained(project, truth, 118)
    assert (run.strength, recorded(run)) == (None, own)

    for version in (first, second, third):
        again = reproducing.reproduce(version)
        assert again.is_same
        assert again.differences == []
    assert strengths.choice_of(first) is None
    choice = strengths.choice_of(third)
    assert choice is not None
    assert choice.labels == 100
    # What others say of its labels is fitted alike.
    crossed = crossing.crossed_of(third, ranking.material_of(project).table)
    assert crossed is not None


def another_choice(project: Project, value: float) -> None:
    """Let the run that chose have chosen something else."""
    run = TrainingRun.objects.exclude(strength=None).get(project=project)
    TrainingRun.objects.filter(pk=run.pk).update(
        strength={"value": value, "labels": 100, "losses": {}}
    )


def test_the_next_version_and_the_order_take_what_was_chosen() -> None:
    project, truth = wine()
    trained(project, truth, 100)
    before = experiments.finished_now(project)
    assert before is not None
    another_choice(project, 0.1)

    # Another strength is another experiment.
    assert experiments.finished_now(project) is None
    version, run = trained(project, truth, 104)
    assert recorded(run) == 0.1
    assert ranking.policy_of(project, OrderLimits()).strength == 0.1
    model, _ = loading.load(version)
    content = ranking.material_of(project)
    known = sorted(content.known)
    rows = content.table.rows_of(known)
    terms = training.FitTerms(False, project.seed, 0.1)
    again = training.fit_by(terms, rows, [content.known[pk] for pk in known])
    assert (again.weights == model.model.weights).all()
    assert reproducing.reproduce(version).is_same


def test_the_card_says_it_and_earlier_versions_have_the_one_of_all() -> None:
    project, truth = wine()
    version, run = trained(project, truth, 100)
    client = Client()
    client.force_login(make.manager_of(project).user)
    path = f"/projects/{project.slug}/models/1/card/"

    page = client.get(path).content.decode()
    assert "of 0.1, 1, 10 by cross-validation on 100 labels" in page

    TrainingRun.objects.filter(pk=run.pk).update(experiment=None, strength=None)
    version = ModelVersion.objects.get(pk=version.pk)
    assert strengths.of_version(version) == training.STRENGTH
    assert "by cross-validation" not in client.get(path).content.decode()
