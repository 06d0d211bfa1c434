"""A new version beside the one that serves: in shadow, then as a canary, and back."""

from __future__ import annotations

import itertools
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from activelearn.models import ModelVersion, OnlineCall, OnlineLook, OnlineTest
from activelearn.services.features import files
from activelearn.services.online import course
from activelearn.services.ordering import ranking
from activelearn.services.predictions import routing, serving
from activelearn.services.predictions.serving import Question
from activelearn.services.training import triggers
from activelearn.services.versions import loading, registry, releases
from activelearn.services.versions.plans import OnlinePlan
from labeling.errors import ConflictError, InvalidInputError
from labeling.models import Item, Job, Project
from labeling.services.projects import policy
from labeling.services.transfer.importing import intake
from labeling.services.votes import settle
from labeling.services.work import jobs
from tests import make
from tests.activelearn.test_loop import NAMES, one_more_label
from tests.activelearn.training.test_runs import (
    ROTATED,
    killed_before,
    labeled,
    relabel,
    trained_again,
)

pytestmark = pytest.mark.django_db

Truth = dict[int, str]


def pair(**changes: object) -> tuple[Project, Truth, ModelVersion, ModelVersion]:
    """Return a project, its truth, a champion that is always wrong, and a good version."""
    project, truth = labeled(held_out=40)
    relabel({pk: ROTATED[label] for pk, label in truth.items()})
    bad = registry.promote(trained_again(project), None)
    relabel(truth)
    policy.change(project, {"gate": "manual", "exploration_rate": 1.0, **changes})
    good = trained_again(project)
    assert good.stage == "waiting"
    return project, truth, bad, good


def settled(project: Project, truth: Truth, count: int) -> None:
    """Let people label as many items that chance has drawn."""
    ranking.rank(project)
    who = make.member(project)
    for lent in make.lease(who, count):
        make.vote(who, lent, truth.get(lent.item_id, NAMES[0]))
    settle.settle_project(project.pk)


def looked(project: Project) -> Job:
    """Look at the project's test."""
    job = jobs.enqueue("learn.online", project=project, series=f"online:{project.pk}")
    jobs.run(job.pk)
    job.refresh_from_db()
    assert job.state == "done", job.error
    return job


def ended(test: OnlineTest) -> OnlineTest:
    test.refresh_from_db()
    assert test.ended_at is not None
    return test


def stage_of(version: ModelVersion) -> str:
    return ModelVersion.objects.get(pk=version.pk).stage


def rows(project: Project, count: int) -> list[Question]:
    """Return rows from outside: each a little other than one of the project's."""
    known = Item.objects.filter(project=project).order_by("pk")[:count]
    return [
        Question(data={name: value + 0.001 for name, value in each.data.items()})
        for each in known
    ]


def shared(project: Project, test: OnlineTest) -> list[Question]:
    """Return 60 rows of which the smallest share of the test has one at least."""
    asked = rows(project, 59)
    for number in range(10_000):
        data = {name: value + number for name, value in asked[0].data.items()}
        digest = intake.checked(project, "", data, None).content_hash
        if routing.place_of(test, digest) < 0.05:
            return [*asked, Question(data=data)]
    raise AssertionError("no row is in the share")


def canary(project: Project, version: ModelVersion, **plan: Any) -> OnlineTest:
    terms = {"step_calls": 1, "step_hours": 0.0, "follows": "champion", **plan}
    return releases.begin(project, version.number, OnlinePlan("canary", **terms), None)


def test_a_shadow_that_people_prove_better_serves_and_nobody_saw_what_it_said() -> None:
    project, truth, bad, good = pair()
    plan = OnlinePlan("shadow", follows="champion")
    test = releases.begin(project, good.number, plan, None, "try it")
    assert stage_of(good) == "shadow"
    said = serving.predict(project, rows(project, 20))
    assert {each.model for each in said} == {bad.number}
    assert not OnlineCall.objects.exists()

    settled(project, truth, 40)
    looked(project)

    test = ended(test)
    assert test.verdict == "better"
    assert test.seen.better > 8 * max(test.seen.worse, 1)
    assert registry.champion(project) == good
    assert [look.items for look in test.looks.all()] == [test.seen.n]
    assert good.promotions.get().before == bad


def test_a_shadow_that_people_prove_worse_never_serves() -> None:
    project, truth, bad, good = pair()
    registry.promote(good, None)
    plan = OnlinePlan("shadow", follows="champion")
    test = releases.begin(project, bad.number, plan, None)

    settled(project, truth, 20)
    looked(project)

    assert ended(test).verdict == "worse"
    assert (registry.champion(project), stage_of(bad)) == (good, "rejected")


def test_looks_count_each_item_once_and_none_from_before_or_of_another_reason() -> None:
    project, truth, _bad, good = pair()
    settled(project, truth, 5)
    test = releases.begin(project, good.number, OnlinePlan(), None)
    looked(project)
    assert OnlineLook.objects.get().items == 0
    settled(project, truth, 4)
    looked(project)
    looked(project)
    test.refresh_from_db()
    assert test.seen.n == 4

    # Gold came with a file: nobody has drawn it.
    one_more_label(project)
    looked(project)

    test.refresh_from_db()
    assert test.seen.n == 4
    items = [entry["item"] for look in test.looks.all() for entry in look.pairs]
    assert len(items) == len(set(items)) == 4


def test_only_what_chance_has_drawn_is_due_for_a_look() -> None:
    project, truth, _bad, good = pair()
    releases.begin(project, good.number, OnlinePlan(), None)
    course.consider(project.pk)
    assert not Job.objects.filter(kind="learn.online").exists()

    settled(project, truth, course.EVERY)
    course.consider(project.pk)
    course.consider(project.pk)

    assert Job.objects.filter(kind="learn.online").count() == 1


def test_a_canary_goes_step_by_step_to_all_calls_and_then_serves() -> None:
    project, _truth, bad, good = pair()
    test = canary(project, good)
    asked = shared(project, test)
    shares = []
    numbers: list[list[int]] = []
    for _step in range(4):
        test.refresh_from_db()
        shares.append(test.share)
        numbers.append([each.model for each in serving.predict(project, asked)])
        looked(project)

    assert shares == [0.05, 0.25, 0.5, 1.0]
    assert ended(test).verdict == "better"
    assert registry.champion(project) == good
    # Whoever had the new version's answer keeps it.
    for before, after in itertools.pairwise(numbers):
        for old, new in zip(before, after, strict=True):
            assert (old, new) != (good.number, bad.number)
    assert set(numbers[0]) == {bad.number, good.number}
    assert set(numbers[-1]) == {good.number}
    assert OnlineCall.objects.count() == 0
    assert test.traffic_of(is_challenger=True).calls == 4


def test_a_step_waits_for_its_calls_and_its_hours() -> None:
    project, _truth, _bad, good = pair()
    test = canary(project, good, step_calls=2, step_hours=1.0)
    asked = shared(project, test)

    for calls, hours, share in ((1, 2, 0.05), (1, 0, 0.05), (0, 2, 0.25)):
        for _call in range(calls):
            serving.predict(project, asked)
        then = timezone.now() - timedelta(hours=hours)
        OnlineTest.objects.filter(pk=test.pk).update(stepped_at=then)
        looked(project)
        test.refresh_from_db()
        assert test.share == share


def test_a_canary_that_people_prove_worse_is_taken_back() -> None:
    project, truth, bad, good = pair()
    registry.promote(good, None)
    test = canary(project, bad, step_hours=100.0)

    settled(project, truth, 20)
    looked(project)

    assert ended(test).verdict == "worse"
    said = serving.predict(project, rows(project, 40))
    assert {each.model for each in said} == {good.number}


def test_a_version_that_fails_costs_no_caller_a_prediction_and_is_taken_back() -> None:
    project, _truth, bad, good = pair()
    test = canary(project, good)
    (files.path_of("models", good.sha256)).unlink()
    loading._kept.cache.clear()
    asked = shared(project, test)

    for _call in range(3):
        routing._looked.clear()
        said = serving.predict(project, asked)
        assert {each.model for each in said} == {bad.number}

    assert ended(test).verdict == "guard"
    assert stage_of(good) == "rejected"


@pytest.mark.parametrize(
    ("kind", "seconds", "reviews"), [("slow", 3.0, 0), ("asks", 0.5, 45)]
)
def test_a_slow_version_or_one_that_asks_more_people_is_taken_back(
    kind: str, seconds: float, reviews: int
) -> None:
    project, _truth, _bad, good = pair()
    test = canary(project, good)
    for is_challenger in (False, True):
        OnlineCall.objects.bulk_create(
            OnlineCall(
                test=test,
                is_challenger=is_challenger,
                items=10,
                seconds=seconds if is_challenger else 0.5,
                reviews=reviews // 10 if is_challenger else 0,
            )
            for _call in range(40)
        )

    course.consider(project.pk)

    words = ended(test).explanation
    assert test.verdict == "guard"
    assert (" ms " in str(words)) == (kind == "slow")


def test_a_person_takes_a_canary_back_and_each_later_call_is_the_champions() -> None:
    project, _truth, bad, good = pair()
    test = canary(project, good)
    person = make.user()
    assert releases.advance(test, person, "looks good").share == 0.25

    releases.stop(test, person, "customers complain")
    releases.stop(test, person, "once more")

    assert (ended(test).verdict, test.ended_why) == ("person", "customers complain")
    said = serving.predict(project, rows(project, 60))
    assert {each.model for each in said} == {bad.number}
    with pytest.raises(ConflictError):
        releases.advance(test, person)


@pytest.mark.parametrize(
    ("release", "stage"),
    [("at_once", "champion"), ("shadow", "shadow"), ("canary", "shadow")],
)
def test_the_project_says_what_the_gates_yes_leads_to(release: str, stage: str) -> None:
    project, _truth = labeled()
    first = registry.promote(trained_again(project), None)
    policy.change(project, {"release": release})
    run, _ = triggers.request(project, None, "again")
    one_more_label(project)
    run, _ = triggers.request(project, None, "again")
    jobs.run(run.job_id)
    version = ModelVersion.objects.get(run=run)

    with transaction.atomic():
        assert registry.serves_still(version, first.number)
        ModelVersion.objects.filter(pk=version.pk).update(stage="challenger")
        version.refresh_from_db()
        releases.lead(version, run)

    assert stage_of(version) == stage
    serves = version if stage == "champion" else first
    assert registry.champion(project) == serves
    tests = OnlineTest.objects.filter(project=project, ended_at=None)
    assert tests.exists() == (stage == "shadow")
    if stage == "shadow":
        assert tests.get().follows == ("canary" if release == "canary" else "champion")
        assert triggers.consider(project.pk) is None


def test_where_held_out_items_cannot_tell_a_shadow_may() -> None:
    project, _truth, _bad, good = pair(shadow_unsure=True, duel=True)
    with transaction.atomic():
        releases.doubt(good, good.run, 100)
    # The duel comes first: it needs the version to wait.
    assert stage_of(good) == "waiting"

    policy.change(project, {"duel": False})
    with transaction.atomic():
        releases.doubt(good, good.run, 100)

    assert stage_of(good) == "shadow"
    assert OnlineTest.objects.get().run == good.run


def test_a_shadow_leads_to_a_canary_where_the_plan_says_so() -> None:
    project, truth, bad, good = pair()
    plan = OnlinePlan("shadow", follows="canary")
    shadow = releases.begin(project, good.number, plan, None)

    settled(project, truth, 20)
    looked(project)

    assert ended(shadow).verdict == "better"
    going = releases.running(project.pk)
    assert going is not None
    assert (going.kind, going.share, stage_of(good)) == ("canary", 0.05, "canary")
    assert registry.champion(project) == bad


def test_another_champion_ends_a_test_without_a_result() -> None:
    project, _truth, _bad, good = pair()
    test = releases.begin(project, good.number, OnlinePlan(), None)
    registry.promote(good, None)

    looked(project)

    assert ended(test).verdict == "no result"
    assert registry.champion(project) == good


def test_an_a_b_test_compares_how_much_each_leaves_to_people() -> None:
    project, _truth, _bad, good = pair()
    plan = OnlinePlan("split", metric="reviews", follows="champion", least=0.05)
    test = releases.begin(project, good.number, plan, None)
    for is_challenger, reviews in ((False, 5), (True, 2)):
        OnlineCall.objects.bulk_create(
            OnlineCall(
                test=test, is_challenger=is_challenger, items=10, reviews=reviews
            )
            for _call in range(60)
        )

    looked(project)

    assert ended(test).verdict == "better"
    assert registry.champion(project) == good


def test_one_test_at_a_time_and_none_without_a_plan_or_of_what_serves() -> None:
    project, _truth, bad, good = pair()
    with pytest.raises(ConflictError):
        releases.begin(project, bad.number, OnlinePlan(), None)
    wrong = OnlinePlan("shadow", metric="reviews", most=1)
    with pytest.raises(InvalidInputError) as refused:
        releases.begin(project, good.number, wrong, None)
    assert refused.value.by_field.keys() == {"metric", "most"}
    test = releases.begin(project, good.number, OnlinePlan(), None)
    with pytest.raises(ConflictError):
        releases.begin(project, good.number, OnlinePlan(), None)
    with pytest.raises(IntegrityError), transaction.atomic():
        OnlineTest.objects.filter(pk=test.pk).update(share=0.5)
    test.pk = None
    with pytest.raises(IntegrityError), transaction.atomic():
        test.save(force_insert=True)


@pytest.mark.parametrize("report", [1, 2, 3, 4])
def test_a_look_that_is_killed_anywhere_decides_once(report: int) -> None:
    from activelearn.services.online import looks

    project, _truth, _bad, good = pair()
    test = canary(project, good)
    asked = shared(project, test)
    for share in (0.05, 0.25, 0.5, 1.0):
        assert OnlineTest.objects.get().share == share
        serving.predict(project, asked)
        job = jobs.enqueue("learn.online", project=project, series="online")
        if report <= 3:
            killed_before(report, job, looks.look)
            assert OnlineTest.objects.get().share == share
        jobs.run(job.pk)

    test = ended(OnlineTest.objects.get())
    assert test.traffic_of(is_challenger=True).calls == 4
    assert (test.verdict, registry.champion(project)) == ("better", good)
    assert ModelVersion.objects.filter(project=project, stage="champion").count() == 1


@pytest.mark.django_db(transaction=True)
def test_no_call_fails_while_what_serves_is_switched_to_and_fro() -> None:
    project, _truth, bad, good = pair()
    asked = rows(project, 3)
    served: list[int] = []

    @make.threaded
    def call() -> None:
        for _call in range(12):
            served.extend(each.model for each in serving.predict(project, asked))

    with ThreadPoolExecutor(3) as callers:
        calls = [callers.submit(call) for _caller in range(3)]
        for _turn in range(4):
            registry.promote(ModelVersion.objects.get(pk=good.pk), None)
            registry.rollback(ModelVersion.objects.get(pk=good.pk), None)
        for each in calls:
            each.result()

    assert len(served) == 108
    assert set(served) <= {bad.number, good.number}
