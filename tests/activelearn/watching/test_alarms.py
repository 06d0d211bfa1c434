"""Alarms fire at thresholds that can be tried on the past; incidents are people's."""

from __future__ import annotations

import json
from typing import Any

import pytest

from activelearn.core.watching import alarms as core
from activelearn.models import WatchIncident, WatchRule
from activelearn.services.watching import alarms, incidents
from labeling.models import Project, WebhookDelivery, WebhookEndpoint
from tests import make
from tests.activelearn.watching.written import windows
from tests.test_pages import browser

pytestmark = pytest.mark.django_db


def caller(project: Project) -> make.Caller:
    return make.Caller(make.member(project, "engineer").user)


def test_what_goes_on_is_one_alarm_and_what_says_nothing_changes_nothing() -> None:
    values = [0.1, 0.5, None, 0.6, 0.2, None, 0.5]

    assert core.openings(values, 0.5) == [1, 6]
    assert core.openings(values, 0.7) == []
    assert core.openings([], 0.0) == []


def test_a_window_opens_one_incident_of_each_alarm_and_programs_are_told() -> None:
    project = make.project()
    first, second = windows(project, 2)
    WebhookEndpoint.objects.create(
        project=project,
        url="https://a.example.com",
        secret="s",
        events=["alarm.opened"],
    )
    WebhookEndpoint.objects.create(
        project=project, url="https://b.example.com", secret="s", events=[]
    )

    opened = alarms.open_for(first)
    again = alarms.open_for(second)

    # The sum is 9 where 8 fires, the difference 0.6 where 0.3 does.
    assert {row.metric: row.value for row in opened} == {
        "errors": 9.0,
        "difference": pytest.approx(0.6),
    }
    assert again == []
    sent = WebhookDelivery.objects.order_by("pk")
    assert {row.url for row in sent} == {"https://a.example.com"}
    data = [json.loads(row.body)["data"] for row in sent]
    assert [row["incident"] for row in data] == [row.pk for row in opened]
    assert {row["alarm"] for row in data} == {"errors", "difference"}


def test_a_closed_incident_can_open_again() -> None:
    project = make.project()
    first, second = windows(project, 2)
    user = make.member(project, "engineer").user
    (_, difference) = sorted(alarms.open_for(first), key=lambda row: -row.value)

    incidents.close(project, user, difference.pk, "a new source", "asked people")

    assert [row.metric for row in alarms.open_for(second)] == ["difference"]


def test_an_alarm_that_sleeps_or_is_off_opens_nothing() -> None:
    project = make.project()
    user = make.member(project, "engineer").user
    (window,) = windows(project, 1)
    alarms.snooze(project, user, "errors", 7, "we know")
    alarms.change(project, "difference", 0.3, is_on=False)

    assert alarms.open_for(window) == []
    alarms.snooze(project, user, "errors", 0, "")
    assert [row.metric for row in alarms.open_for(window)] == ["errors"]


def test_a_threshold_is_tried_on_the_past_before_it_is_changed() -> None:
    project = make.project()
    windows(project, 3)
    call, path = caller(project), f"projects/{project.slug}/watch/alarms/difference/"

    tried = [
        call("put", path, {"threshold": threshold, "dry_run": True}).json()["fired"]
        for threshold in (0.3, 0.9)
    ]

    # Three windows in a row are one alarm.
    assert tried == [1, 0]
    assert not WatchRule.objects.exists()
    changed = call("put", path, {"threshold": 0.9}).json()
    assert (changed["threshold"], changed["fired"]) == (0.9, 0)
    rules = call("get", f"projects/{project.slug}/watch/alarms/").json()["rules"]
    assert {rule["metric"]: rule["threshold"] for rule in rules}["difference"] == 0.9


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("put", "alarms/nothing/", {"threshold": 1}, 404),
        ("put", "alarms/difference/", {"threshold": -1}, 422),
        ("put", "alarms/difference/", {"threshold": 1e9}, 422),
        ("post", "alarms/difference/snooze/", {"days": 7}, 422),
        ("post", "alarms/difference/snooze/", {"days": 91, "reason": "x"}, 422),
        ("post", "incidents/999/take/", {}, 404),
        ("post", "incidents/999/close/", {"cause": "x", "fix": "y"}, 404),
    ],
)
def test_what_cannot_be_done_is_refused(
    method: str, path: str, body: dict[str, Any], status: int
) -> None:
    project = make.project()

    answered = caller(project)(method, f"projects/{project.slug}/watch/{path}", body)

    assert answered.status_code in {status, 400 if status == 422 else status}
    assert answered["Content-Type"] == "application/problem+json"


def test_an_incident_has_an_owner_a_cause_a_fix_and_who_verified_it() -> None:
    project = make.project()
    alarms.open_for(windows(project, 1)[0])
    owner, other = caller(project), caller(project)
    path = f"projects/{project.slug}/watch/incidents/"
    listed = owner("get", path).json()["results"]
    one_path = f"{path}{listed[0]['id']}/"

    assert other("post", f"{one_path}verify/").status_code == 409
    taken = owner("post", f"{one_path}take/").json()
    closed = owner("post", f"{one_path}close/", {"cause": "a bug", "fix": "mended"})
    again = owner("post", f"{one_path}close/", {"cause": "a", "fix": "b"})
    verified = other("post", f"{one_path}verify/").json()

    assert taken["owner"] == closed.json()["owner"]
    assert (closed.json()["cause"], closed.json()["fix"]) == ("a bug", "mended")
    assert again.status_code == 409
    assert verified["verified_by"] != verified["owner"]
    assert other("post", f"{one_path}verify/").status_code == 409


def test_incidents_of_another_project_cannot_be_touched() -> None:
    project, other = make.project(), make.project()
    (incident, *_) = alarms.open_for(windows(other, 1)[0])

    path = f"projects/{project.slug}/watch/incidents/{incident.pk}/take/"

    assert caller(project)("post", path).status_code == 404


def test_people_do_the_same_on_the_page() -> None:
    project = make.project()
    alarms.open_for(windows(project, 1)[0])
    client = browser(make.manager_of(project).user)
    path = f"/projects/{project.slug}/watch/alarms/"
    incident = WatchIncident.objects.order_by("pk")[0]

    html = client.get(path).content.decode()
    assert "It would have fired 1 time in 90 days." in html
    tried = {"action": "try", "metric": "difference", "threshold": "0.9"}
    assert (
        "With 0.9: It would" in client.post(path, tried, follow=True).content.decode()
    )
    client.post(path, {"action": "change", "metric": "fall", "threshold": "0,2"})
    assert WatchRule.objects.get(metric="fall").threshold == 0.2
    refused = client.post(path, {"action": "snooze", "metric": "fall", "days": "3"})
    assert refused.status_code == 400
    own = {"incident": str(incident.pk)}
    client.post(path, {"action": "close", **own, "cause": "a", "fix": "b"})
    client.post(path, {"action": "verify", **own})
    incident.refresh_from_db()
    assert incident.verified_at is not None
