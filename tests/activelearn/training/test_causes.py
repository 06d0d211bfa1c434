"""What starts a run by itself: labels, a schedule, both, and no more than a project allows."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from activelearn.models import (
    Feedback,
    LearningPolicy,
    RetrainTrigger,
    TrainingRun,
    WatchIncident,
)
from activelearn.services.training import triggers
from labeling.messages import message
from labeling.models import Job, Project, ProjectCounter
from tests import make
from tests.test_pages import browser

pytestmark = pytest.mark.django_db


def project_with(labels: int, **policy: Any) -> Project:
    project = make.project(**policy)
    ProjectCounter.add(project.pk, confident=labels)
    return project


def started(project: Project, days: int) -> None:
    """Let a run have started and ended some days ago, on the labels there are."""
    job = Job.objects.create(project=project, kind="learn.train", state="done")
    run = TrainingRun.objects.create(
        project=project, job=job, trigger="labels", reason=message("then")
    )
    then = timezone.now() - timedelta(days=days)
    TrainingRun.objects.filter(pk=run.pk).update(created_at=then)
    RetrainTrigger.objects.update_or_create(
        project=project,
        defaults={"label_count": ProjectCounter.toward_retrain(project.pk)},
    )


def test_a_schedule_starts_a_run_when_its_days_are_over_and_there_is_something_new() -> (
    None
):
    project = project_with(50, retrain_when="schedule", retrain_days=7)
    assert triggers.consider(project.pk) is None
    started(project, days=6)
    ProjectCounter.add(project.pk, confident=1)
    assert triggers.consider(project.pk) is None
    started(project, days=8)
    # The newest run counts, and nothing is new since.
    TrainingRun.objects.update(created_at=timezone.now() - timedelta(days=8))
    assert triggers.consider(project.pk) is None
    ProjectCounter.add(project.pk, confident=1)

    run = triggers.consider(project.pk)

    assert run is not None
    assert run.trigger == "schedule"
    assert str(run.reason) == "the last run was 8 days ago (7 start a run)"
    assert [cause["cause"] for cause in run.causes] == ["schedule"]
    assert run.causes[0]["wanted"] == 7
    assert triggers.consider(project.pk) is None


def test_of_causes_joined_by_and_all_are_needed() -> None:
    project = project_with(
        50, retrain_when="labels and schedule", retrain_days=7, retrain_growth=0.2
    )
    started(project, days=8)
    ProjectCounter.add(project.pk, confident=9)
    assert triggers.consider(project.pk) is None
    ProjectCounter.add(project.pk, confident=1)

    run = triggers.consider(project.pk)

    assert run is not None
    assert str(run.reason) == (
        "10 new confident labels and corrections (10 start a run); and "
        "the last run was 8 days ago (7 start a run)"
    )
    assert [(cause["cause"], cause["wanted"]) for cause in run.causes] == [
        ("labels", 10),
        ("schedule", 7),
    ]


def test_no_more_runs_start_by_themselves_than_a_project_allows() -> None:
    project = project_with(20, retrain_most=2)
    started(project, days=31)
    started(project, days=29)
    started(project, days=1)
    ProjectCounter.add(project.pk, confident=40)
    assert triggers.consider(project.pk) is None
    # A person may, and their run counts for nothing.
    boss = make.manager_of(project).user
    run, is_new = triggers.request(project, boss, "I want it")
    assert is_new
    run.job.state = Job.State.CANCELLED
    run.job.save()

    TrainingRun.objects.filter(trigger="labels").order_by("-pk").update(
        created_at=timezone.now() - timedelta(days=30, minutes=1)
    )
    fired = triggers.consider(project.pk)

    assert fired is not None
    assert fired.trigger == "labels"


def incident(project: Project, metric: str, days: int = 0) -> WatchIncident:
    row = WatchIncident.objects.create(
        project=project, metric=metric, value=9.5, threshold=8
    )
    then = timezone.now() - timedelta(days=days)
    WatchIncident.objects.filter(pk=row.pk).update(opened_at=then)
    return row


@pytest.mark.parametrize(
    ("cause", "metric"),
    [("errors", "errors"), ("drift", "difference"), ("drift", "fall")],
)
def test_an_alarm_starts_one_run_where_the_rule_says_so(
    cause: str, metric: str
) -> None:
    project = project_with(50, retrain_when=f"labels or {cause}")
    other = project_with(50, retrain_when="labels or schedule")
    for each in (project, other):
        started(each, days=3)
        incident(each, metric)
        # Broken data are not mended by a run, and what is closed asks for none.
        incident(each, "bugs")

    run = triggers.consider(project.pk)

    assert run is not None
    assert run.trigger == cause
    assert "9.50 (it opens at 8)" in str(run.reason)
    assert triggers.consider(project.pk) is None
    assert triggers.consider(other.pk) is None


def test_an_alarm_from_before_the_last_run_or_a_closed_one_starts_none() -> None:
    project = project_with(50, retrain_when="errors or drift")
    started(project, days=3)
    incident(project, "errors", days=4)
    row = incident(project, "fall")
    WatchIncident.objects.filter(pk=row.pk).update(closed_at=timezone.now())
    incident(project, "bugs")

    assert triggers.consider(project.pk) is None


def test_feedback_starts_a_run_when_enough_predictions_were_called_wrong() -> None:
    project = project_with(50, retrain_when="feedback", retrain_feedback=3)
    started(project, days=1)

    def say(number: int, **what: Any) -> None:
        Feedback.objects.create(project=project, about=f"{number:064d}", **what)

    say(1, is_correct=False)
    say(2, event="overridden")
    say(3, is_correct=True)
    say(4, event="accepted")
    assert triggers.consider(project.pk) is None
    say(5, is_correct=False)

    run = triggers.consider(project.pk)

    assert run is not None
    assert run.trigger == "feedback"
    assert run.causes == [{"cause": "feedback", "now": 3, "wanted": 3}]
    assert triggers.consider(project.pk) is None


@pytest.mark.parametrize("rule", ["labels or drought", "", "labels and", "labels' --"])
def test_what_is_no_rule_is_refused_in_words(rule: str) -> None:
    project = make.project()
    call = make.Caller(make.manager_of(project).user)

    reply = call("PATCH", f"projects/{project.slug}/", {"retrain_when": rule})

    assert reply.status_code == 400
    assert "retrain_when" in reply.json()["errors"]
    assert LearningPolicy.of(project.pk).retrain_when == "labels"


def test_page_and_api_say_how_far_each_cause_is() -> None:
    project = project_with(
        12, retrain_when="labels or schedule", retrain_days=30, retrain_most=4
    )
    boss = make.manager_of(project).user

    known = make.Caller(boss)(
        "GET", f"projects/{project.slug}/training-runs/causes/"
    ).json()
    page = browser(boss).get(f"/projects/{project.slug}/models/").content.decode()
    page = " ".join(page.split())

    assert known["any_of"] == [["labels"], ["schedule"]]
    assert (known["started"], known["most"]) == (0, 4)
    labels, schedule, *others = known["causes"]
    assert [cause["cause"] for cause in others] == ["errors", "drift", "feedback"]
    assert (labels["now"], labels["wanted"], labels["due"]) == (12, 20, False)
    assert schedule["explanation"] == "there has been no run yet"
    assert "12 new confident labels and corrections (20 start a run)" in page
    assert '<td class="n">60</td>' in page
    assert "New labels; Schedule." in page
    assert "0 of at most 4 such runs" in page


def test_only_who_may_train_sees_what_starts_a_run() -> None:
    project = make.project()
    annotator = make.Caller(make.member(project).user)

    reply = annotator("GET", f"projects/{project.slug}/training-runs/causes/")

    assert reply.status_code == 403
