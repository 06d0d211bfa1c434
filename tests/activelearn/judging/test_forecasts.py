"""Forecasts: made as labels come in, kept, and shown with what more labels would take."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from activelearn.core import forecast as core
from activelearn.models import LearningForecast, LearningPolicy
from activelearn.services.judging import forecasts
from labeling.models import Annotation, Job, Project, ProjectCounter, Resolution
from labeling.services.projects import policy
from labeling.services.work import jobs
from tests import make
from tests.activelearn.judging.test_meter import label, tabled

pytestmark = pytest.mark.django_db


def point(labels: int, value: float) -> dict[str, Any]:
    accuracy = {"value": value, "low": value - 0.03, "high": value + 0.03}
    return {"labels": labels, "accuracy": accuracy}


def kept(project: Project, gain: float = 0.02, **fields: Any) -> LearningForecast:
    """Keep a forecast of 200 labels as a job of earlier would have."""
    values: dict[str, Any] = {
        "label_count": 200,
        "labels": 200,
        "held_out": 60,
        "points": [point(100, 0.78), point(200, 0.8)],
        "ahead": [
            point(round(200 * times), 0.8 + gain * step / 2)
            for step, times in enumerate(core.AHEAD)
        ],
        "plateau": 0.8 + 4 * gain,
        "changing": 0.07,
        "people": None,
        "seconds": 9.0,
        **fields,
    }
    return LearningForecast.objects.create(project=project, **values)


def made(project: Project) -> Job | None:
    """Run the forecast that waits."""
    waiting = Job.objects.filter(project=project, kind="learn.forecast", state="queued")
    if job := waiting.first():
        jobs.run(job.pk)
        job.refresh_from_db()
    return job


def test_an_order_asks_for_a_forecast_from_a_hundred_labels_on() -> None:
    project = tabled(180, 80)
    label(project, 200)
    Annotation.votes.update(seconds=4.0)
    order = jobs.enqueue("learn.rank", project=project, series="rank")
    jobs.run(order.pk)

    job = made(project)

    assert job is not None
    assert (job.state, job.error) == ("done", None)
    row = LearningForecast.objects.get()
    assert job.result == {"labels": row.labels, "held_out": row.held_out}
    assert row.label_count == ProjectCounter.confident_of(project.pk)
    assert row.labels == ProjectCounter.confident_of(project.pk)
    assert row.labels >= core.FEWEST_LABELS
    assert row.seconds == pytest.approx(4.0)
    assert row.people is None
    forecast = forecasts.core_of(row)
    assert forecast.now.value > 0.6
    assert len(forecast.ahead) == len(core.AHEAD)
    # An expert may still take a decision back: nothing has learned from its label.
    assert not Resolution.objects.exclude(used_at=None).exists()
    # The same labels are not forecast twice.
    forecasts.consider(project.pk)
    assert made(project) is None


def test_too_few_labels_or_held_out_ones_are_no_curve() -> None:
    few, none_held_out = tabled(100, 80), tabled(200, 20)
    label(few, 80)
    label(none_held_out, 180)

    for project in (few, none_held_out):
        forecasts.consider(project.pk)
        assert made(project) is None


def test_a_job_with_too_few_labels_never_loads_the_table() -> None:
    project = make.project()
    for _ in range(core.FEWEST_HELD_OUT):
        make.item(project, split="evaluation", state="settled")
    # So many were confident at some time: none has a label now.
    ProjectCounter.add(project.pk, confident=core.FEWEST_LABELS)
    forecasts.consider(project.pk)

    job = made(project)

    assert job is not None
    assert (job.state, job.error, job.stage) == ("done", None, "")


def test_a_label_takes_the_time_of_all_its_votes() -> None:
    project = tabled(20, 0, min_votes=2, overlap=2)
    label(project, 20)
    label(project, 20)
    Annotation.votes.update(seconds=3.0)

    assert forecasts.seconds_of(project) == pytest.approx(6.0)


def page(project: Project, client: Client) -> str:
    client.force_login(make.manager_of(project).user)
    shown = client.get(f"/projects/{project.slug}/models/").content.decode()
    return " ".join(shown.split())


def test_before_there_are_enough_labels_the_page_says_what_it_takes(
    client: Client,
) -> None:
    shown = page(make.project(), client)

    assert "Nobody knows yet: it takes 100 confident labels and 30" in shown
    assert (core.FEWEST_LABELS, core.FEWEST_HELD_OUT) == (100, 30)


def test_the_page_shows_where_the_curve_leads_in_labels_hours_and_money(
    client: Client,
) -> None:
    project = make.project(aim=0.85, aim_figure="accuracy")
    kept(project)

    shown = page(project, client)
    policy.change(project, {"hourly_rate": 20})
    paid = page(project, client)

    assert "Go on: more labels are expected to help." in shown
    assert "With 200 labels 80 % of the held-out items are right (77 to 83 %)" in shown
    assert "as many again, 82 % are expected (79 to 85 %)." in shown
    assert "These take about 0.5 hours, at 9.0 seconds each." in shown
    # Five points are two and a half doublings away; the band reaches it after one, and
    # its lower end not in three.
    assert "is expected with about 931 labels more (at least 200)." in shown
    assert "changed what is predicted on 7 % of the items" in shown
    assert "at 9.0 seconds each, and cost about 10.00." in paid
    assert 'class="line second"' in shown


def test_of_more_labels_than_the_curve_has_the_page_says_what_is_expected(
    client: Client,
) -> None:
    project = make.project(aim=0.81, aim_figure="accuracy")
    kept(project, points=[point(50, 0.75), point(100, 0.78)])

    shown = page(project, client)

    assert "By a curve of 100 of the 200 labels, 80 % of the held-out items" in shown
    # From all labels on, not from those of the curve.
    assert "is expected with about 83 labels more" in shown
    assert "These take about 0.2 hours" in shown
    assert "The last third of the labels" not in shown


@pytest.mark.parametrize(
    ("fields", "aim", "words"),
    [
        ({"gain": 0.0}, 0.0, "You can stop: more labels are hardly expected to help."),
        ({"gain": 0.0}, 0.9, "other features may"),
        ({"gain": 0.0, "people": 0.81}, 0.9, "Mend the labels first"),
        ({"gain": 0.0}, 0.9, "is not in sight"),
        ({}, 0.76, "The aim of 76 % is reached."),
        ({}, 0.79, "seems to be reached, which is not sure yet"),
        ({}, 0.855, "(at least"),
        ({"gain": 0.01}, 0.825, "(far from sure)"),
    ],
)
def test_each_outcome_has_its_words(
    fields: dict[str, Any], aim: float, words: str, client: Client
) -> None:
    project = make.project(aim=aim, aim_figure="accuracy")
    kept(project, **fields)

    assert words in page(project, client)


def test_without_anybodys_time_nothing_is_said_of_hours(client: Client) -> None:
    project = make.project()
    kept(project, seconds=None)

    assert "hours" not in page(project, client).split("Will more labels help?")[1][:900]


def test_an_aim_in_another_figure_is_no_accuracy_and_the_page_says_so(
    client: Client,
) -> None:
    project = make.project(aim=0.9, aim_figure="macro_f1")
    kept(project)
    assert "how many labels it takes is not forecast" in page(project, client)
    LearningPolicy.objects.update(aim=0.0)
    assert "is not forecast" not in page(project, client)

    assert forecasts.aim_of(LearningPolicy.of(project.pk)) == 0


def test_programs_get_the_forecast() -> None:
    project = make.project(aim=0.82, aim_figure="accuracy")
    call = make.Caller(make.manager_of(project).user)
    path = f"projects/{project.slug}/forecast/"

    before = call("get", path).json()
    kept(project)
    shown = call("get", path).json()

    assert (before["advice"], before["points"], before["aim"]) == ("", [], None)
    assert shown["advice"] == "go on"
    assert shown["points"][-1] == point(200, 0.8)
    assert shown["aim"]["value"] == 400
    assert shown["seconds"] == 9.0
    other = make.Caller(make.member(project).user)
    assert other("get", path).status_code == 403
