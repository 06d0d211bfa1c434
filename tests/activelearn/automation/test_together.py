"""The dial with what it meets: online tests, files, windows, the watch, and webhooks."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone

from activelearn.models import ModelVersion, OnlineTest, WatchPart
from activelearn.services.automation import dial
from activelearn.services.labels import snapshots
from activelearn.services.predictions import serving, traffic
from activelearn.services.training import back_tests
from activelearn.services.versions import registry, releases
from activelearn.services.versions.plans import OnlinePlan
from labeling.errors import ConflictError
from labeling.messages import message
from labeling.models import Project, Resolution, WebhookDelivery, WebhookEndpoint
from labeling.services.projects import policy
from labeling.services.votes import automatic
from labeling.services.work import jobs
from tests.activelearn.automation.lines import label, served, work
from tests.activelearn.automation.test_dial import set_to
from tests.activelearn.predictions.test_batches import finished, lines, rows_of, started
from tests.activelearn.training.test_runs import trained_again

pytestmark = pytest.mark.django_db


def accepting() -> tuple[Project, dict[int, str]]:
    """Return a project whose dial accepts what is sure, and what it has accepted."""
    project, truth = served()
    assert set_to(project, "partial").status_code == 200
    work(project)
    assert automatic.accepted(project).exists()
    return project, truth


def newer(project: Project, truth: dict[int, str]) -> ModelVersion:
    """Return another version that does not serve."""
    policy.change(project, {"gate": "manual"})
    label(project, truth, split="pool", count=5)
    version = trained_again(project)
    assert registry.champion(project) != version
    return version


def test_where_the_dial_accepts_a_new_version_is_tried_in_shadow_alone() -> None:
    project, truth = accepting()
    version = newer(project, truth)

    # Its share of the calls would all go to people: it has no certificate.
    with pytest.raises(ConflictError, match="try it in shadow"):
        releases.begin(project, version.number, OnlinePlan("canary"), None)
    with pytest.raises(ConflictError, match="try it in shadow"):
        releases.begin(project, version.number, OnlinePlan("split"), None)
    test = releases.begin(project, version.number, OnlinePlan("shadow"), None)

    assert (test.kind, test.share) == ("shadow", 0.0)


def test_a_canary_that_the_project_wants_is_a_shadow_where_the_dial_accepts() -> None:
    project, truth = accepting()
    version = newer(project, truth)
    policy.change(project, {"release": "canary"})

    with transaction.atomic():
        registry.await_turn(version)
        releases.lead(version, version.run, is_proven=True)

    test = OnlineTest.objects.get()
    assert (test.kind, test.follows) == ("shadow", "champion")


def test_a_file_is_decided_as_a_call_is() -> None:
    project, _ = accepting()
    values = [-2.5, -1.0, -0.1, 0.0, 0.1, 1.0, 2.5]
    rows = [{"id": f"r{n}", "value": v, "other": 0.0} for n, v in enumerate(values)]
    asked = [serving.Question(data={"value": v, "other": 0.0}) for v in values]
    # So sure by itself that all would be accepted, were it not for the certificate.
    policy.change(project, {"confidence": 0.5})

    batch = finished(started(project, lines(rows)))
    called = serving.predict(project, asked)

    decided = [row["decision"] for row in rows_of(batch)]
    assert decided == [each.decision for each in called]
    assert set(decided) == {"accept", "review"}


def test_what_the_model_accepted_pushes_no_label_of_people_out_of_the_window() -> None:
    project, _ = accepting()
    people = Resolution.objects.filter(
        project=project, superseded_at=None, item__split="pool"
    ).exclude(source="auto")
    old = timezone.now() - timedelta(days=90)
    people.update(created_at=old)
    Resolution.objects.filter(
        project=project, item__split="evaluation", superseded_at=None
    ).update(created_at=old)

    policy.change(project, {"window": "days", "window_size": 30})
    assert len(snapshots.labels_now(project, "pool")) == people.count()
    policy.change(project, {"window": "labels", "window_size": people.count()})
    assert len(snapshots.labels_now(project, "pool")) == people.count()


def test_windows_are_tried_on_labels_of_people_alone() -> None:
    project, _ = accepting()
    people = Resolution.objects.filter(
        project=project, superseded_at=None, item__split="pool"
    ).exclude(source="auto")

    jobs.run(back_tests.request(project, None).pk)

    trial = back_tests.newest(project.pk)
    assert trial is not None
    assert trial.labels == people.count()


def test_the_watch_counts_each_version_for_itself_while_two_answer() -> None:
    project, truth = served()
    version = newer(project, truth)
    champion = registry.champion(project)
    assert champion is not None
    releases.begin(project, version.number, OnlinePlan("split", share=0.5), None)
    asked = [
        serving.Question(data={"value": n / 10, "other": 1.0}) for n in range(-20, 20)
    ]

    said = serving.predict(project, asked)
    traffic.flush()

    numbers = {champion.number, version.number}
    assert {each.model for each in said} == numbers
    parts = WatchPart.objects.filter(project=project)
    counted = dict.fromkeys(numbers, 0)
    for part in parts:
        counted[part.model_number] += part.size
    assert counted == {
        number: sum(each.model == number for each in said) for number in numbers
    }


def test_programs_are_told_where_a_failed_audit_lowers_the_dial() -> None:
    project, _ = accepting()
    WebhookEndpoint.objects.create(
        project=project,
        url="https://a.example.com",
        secret="s",
        events=["dial.lowered"],
    )

    dial.lower(project, message("asked for"), {}, 7)

    body = json.loads(WebhookDelivery.objects.get(event="dial.lowered").body)
    assert body["data"] == {
        "project": project.slug,
        "before": "partial",
        "after": "assistance",
        "reopened": 7,
    }
