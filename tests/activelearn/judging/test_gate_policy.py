"""C12: who takes over, by the rule that the project has chosen, and at which risk."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction
from django.test import Client

from activelearn.core import gate
from activelearn.core.gate import Comparison
from activelearn.core.parts import Part
from activelearn.models import Evaluation, LearningPolicy, ModelVersion, TrainingRun
from activelearn.services.features import store
from activelearn.services.judging import judgments, verdicts
from activelearn.services.training import retrain, triggers
from activelearn.services.versions import registry
from activelearn.services.versions.registry import report_of
from labeling.models import Item, Project, Resolution
from labeling.services.projects import policy
from labeling.services.work import jobs
from tests import make
from tests.activelearn.training.test_runs import (
    ROTATED,
    better_version_waits,
    know,
    labeled,
    relabel,
    trained_again,
)
from tests.doubles import watched

pytestmark = pytest.mark.django_db


def judge_again(version: ModelVersion) -> TrainingRun:
    run = TrainingRun.objects.filter(judges=version, verdict="").get()
    jobs.run(run.job_id)
    run.refresh_from_db()
    version.refresh_from_db()
    return run


def page_of(project: Project, query: str = "") -> str:
    client = Client()
    client.force_login(make.manager_of(project).user)
    return client.get(f"/projects/{project.slug}/models/{query}").content.decode()


def test_c12_existing_projects_have_the_balanced_gate() -> None:
    project, _ = labeled()

    version = trained_again(project)

    assert policy.values_of(project)["gate"] == "balanced"
    assert (version.evaluation.rule, version.evaluation.asked.look) == (
        "balanced-4",
        None,
    )


def test_c12_a_strict_project_spends_a_part_of_its_error_on_each_test() -> None:
    project, truth = labeled()
    policy.change(project, {"gate": "strict"})

    first, second, third = (trained_again(project) for _ in range(3))

    tests = list(TrainingRun.objects.order_by("pk").values_list("look", "verdict"))
    assert tests[0] == (1, "promote")
    # Hardly anything differs between these: no test, and nothing spent.
    assert {look for look, _ in tests[1:]} == {None}
    assert first.evaluation.rule == "strict-2"
    relabel({pk: ROTATED[label] for pk, label in truth.items()})
    registry.promote(trained_again(project), None)
    relabel(truth)
    good = trained_again(project)
    run = TrainingRun.objects.get(model=good)
    # The first test has promoted: what it was allowed is handed on.
    looks = TrainingRun.objects.exclude(look=None).order_by("look")
    assert [evaluated.look for evaluated in looks] == list(range(1, len(looks) + 1))
    assert run.look == len(looks) > 1
    assert run.verdict == "promote"
    assert looks[1].alpha == gate.spend(gate.Spent(1, looks[0].alpha or 0, True))[1]
    with pytest.raises(IntegrityError), transaction.atomic():
        TrainingRun.objects.filter(pk=third.run_id).update(look=1)
    assert second.stage in {"waiting", "rejected"}


def test_c12_a_test_that_another_run_makes_meanwhile_is_not_made_twice() -> None:
    project, _ = labeled()
    policy.change(project, {"gate": "strict"})
    other = TrainingRun.objects.get(pk=triggers.request(project, None, "a")[0].pk)
    jobs.cancel(other.job)
    run, _ = triggers.request(project, None, "b")

    def look() -> None:
        if len(progress.reports) == 4:
            TrainingRun.objects.filter(pk=other.pk).update(look=1, alpha=0.02)

    progress = watched(jobs.claim(run.job_id), look=look)
    retrain.run(progress)

    run.refresh_from_db()
    version = ModelVersion.objects.get(run=run)
    assert (run.look, version.evaluation.asked.look) == (2, 2)
    assert run.alpha == gate.spend(gate.Spent(1, 0.02, has_promoted=False))[1]


def test_c12_a_tested_version_is_not_tested_for_one_more_label() -> None:
    project, truth, version = better_version_waits(held_out=40)
    policy.change(project, {"gate": "strict"})
    # It would have to be tested: as many items, fewer that are fixed.
    know(project, truth, list(Item.objects.filter(resolutions=None)[:60]))
    Evaluation.objects.filter(model=version).update(
        items=100,
        better=14,
        worse=6,
        rule="strict-2",
        terms={"look": 1, "alpha": 0.02, "min_items": 100, "min_discordant": 10},
    )
    ModelVersion.objects.filter(pk=version.pk).update(waits_for=101)
    know(project, truth, list(Item.objects.filter(resolutions=None)[:5]))

    wait = triggers.wait_of(project)

    assert wait is not None
    assert (wait.label_count, wait.due, wait.is_over) == (105, 120, False)


def test_c12_by_hand_a_version_waits_for_a_person_whatever_it_shows() -> None:
    project, _ = labeled()
    policy.change(project, {"gate": "manual"})

    version = trained_again(project)

    assert registry.champion(project) is None
    assert (version.stage, version.waits_for) == ("waiting", None)
    assert version.run.verdict == "a person decides"
    assert "waits for a person" in str(version.run.explanation)
    assert f"Version {version.number} waits for a person" in page_of(project)
    triggers.consider_project(project.pk)
    assert not TrainingRun.objects.exclude(judges=None).exists()
    registry.promote(version, make.manager_of(project).user)
    assert registry.champion(project) == version


def test_c12_another_rule_judges_a_version_that_waits_once_more() -> None:
    project, _ = labeled()
    policy.change(project, {"gate": "manual"})
    version = trained_again(project)
    policy.change(project, {"gate": "balanced"})

    for _ in range(2):
        triggers.consider_project(project.pk)
    run = judge_again(version)

    assert (run.verdict, version.stage) == ("promote", "champion")
    assert "another rule" in str(run.reason)


def test_c12_a_first_model_on_few_items_waits_and_says_for_how_many() -> None:
    project, truth = labeled(held_out=0)
    # Of all three labels, which stand one after the other.
    reserve = list(Item.objects.filter(resolutions=None).order_by("pk")[::5])
    know(project, truth, reserve[:12])

    version = trained_again(project)

    assert (version.stage, version.waits_for) == ("waiting", gate.FEW)
    assert "12 are there, about 20" in page_of(project)
    know(project, truth, reserve[12:20])
    triggers.consider_project(project.pk)
    assert judge_again(version).verdict == "promote"
    assert version.evaluation.champion is None


def test_c12_a_version_without_any_held_out_label_waits_for_a_person_by_hand() -> None:
    project, _ = labeled(held_out=0)
    policy.change(project, {"gate": "manual"})

    version = trained_again(project)

    assert version.stage == "waiting"
    assert "waits for a person" in str(version.run.explanation)


def test_c12_an_evaluation_says_by_what_it_was_decided() -> None:
    project, _ = labeled()
    policy.change(project, {"gate": "strict"})
    version = trained_again(project)
    call = make.Caller(make.manager_of(project).user)

    body = call("get", f"projects/{project.slug}/models/1/evaluation/").json()

    kept = version.evaluation
    counts = gate.PairedCounts(kept.items, kept.better, kept.worse)
    assert gate.decided(counts, kept.asked) == kept.verdict == body["verdict"]
    assert (body["rule"], body["look"]) == ("strict-2", 1)
    assert body["alpha"] == kept.asked.alpha == gate.spend(None)[1]
    assert body["exact_p"] < body["alpha"]
    page = page_of(project)
    assert "in at most 5 of 100 projects" in page
    assert "This is test 1 of this project: it is allowed an error of 0.0219." in page
    assert "compared with always saying the commonest label, on 20 items" in page


def test_c12_evaluations_of_earlier_releases_say_what_they_can() -> None:
    project, _ = labeled()
    version = trained_again(project)
    Evaluation.objects.update(rule="balanced-2", terms={})

    version.refresh_from_db()
    call = make.Caller(make.manager_of(project).user)
    body = call("get", f"projects/{project.slug}/models/1/evaluation/").json()

    assert (body["rule"], body["alpha"], body["look"]) == ("balanced-2", None, None)
    wait = triggers.Wait(version, 1, 1, LearningPolicy.of(project.pk).gate)
    assert not wait.is_over


def test_c12_a_person_promotes_against_the_gate() -> None:
    project, truth = labeled()
    trained_again(project)
    relabel({pk: ROTATED[label] for pk, label in truth.items()})
    bad = trained_again(project)
    assert (bad.stage, bad.run.verdict) == ("rejected", "not better")

    registry.promote(bad, make.manager_of(project).user)

    assert registry.champion(project) == bad
    assert Resolution.objects.filter(project=project).exists()


@pytest.mark.parametrize("kind", verdicts.PARTS)
def test_c12_every_verdict_is_said_with_what_it_is_about(kind: str) -> None:
    parts = [Part(kind, name, 40, 1, 9, is_worse=True) for name in ("dark", "old")]
    for verdict in verdicts.WORDS:
        judged = Comparison(120, 31, 12, 0.1, 0.0, verdict, needed=700, worse_on=parts)
        said = str(verdicts.explain(judged, verdicts.version(4)))
        assert "%" not in said
        assert all(word in said for word in ("120", "31", "12", "version 4"))
        assert ("700" in said) == (verdict == "cannot tell")
        assert ("dark" in said and "1 more" in said) == (verdict == "worse on a part")


def test_c12_a_version_that_is_worse_on_a_tag_does_not_take_over() -> None:
    project, truth = labeled()
    dark = list(Item.objects.filter(project=project).evaluation().order_by("pk")[::3])
    Item.objects.filter(pk__in=[item.pk for item in dark]).update(tags=["dark"])
    relabel({pk: ROTATED[label] for pk, label in truth.items()})
    registry.promote(trained_again(project), None)
    relabel(truth)
    # What the champion has learned is true of these.
    for label in Resolution.objects.filter(item__in=dark, superseded_at=None):
        label.labels = [ROTATED[truth[label.item_id]]]
        label.save(update_fields=["labels"])

    version = trained_again(project)

    kept = version.evaluation
    assert kept.better > kept.worse >= 25
    assert (version.run.verdict, version.stage) == ("worse on a part", "rejected")
    assert "worse on the tag “dark”" in str(version.run.explanation)
    number = version.number
    call = make.Caller(make.manager_of(project).user)
    body = call("get", f"projects/{project.slug}/models/{number}/evaluation/").json()
    (worst, *_) = body["parts"]
    assert (worst["kind"], worst["name"], worst["items"]) == ("tag", "dark", 36)
    assert worst["is_worse"]
    worse_on = [part for part in report_of(kept).parts if part.is_worse]
    counts = gate.PairedCounts(kept.items, kept.better, kept.worse)
    assert gate.decided(counts, kept.asked, worse_on) == kept.verdict
    assert "no, it is worse here" in page_of(project, f"?version={number}")
    # In one group they would be a single piece of evidence, which tells nothing.
    Item.objects.filter(pk__in=[item.pk for item in dark]).update(group_key="one")
    together = judgments.judge(version, store.load(project)).report
    assert together is not None
    (tag,) = [part for part in together.parts if part.kind == "tag"]
    assert tag.worse - tag.better > 10
    assert (tag.p, tag.is_worse) == (1, False)
