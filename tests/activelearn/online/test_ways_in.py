"""Pages, programs and the command line begin online tests, show them and stop them."""

from __future__ import annotations

from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from activelearn.models import ModelVersion, OnlineTest
from activelearn.services.versions import registry
from tests import make
from tests.activelearn.online.test_online import looked, pair, settled

pytestmark = pytest.mark.django_db


def test_a_program_begins_a_test_reads_it_and_stops_it() -> None:
    project, truth, bad, good = pair()
    call = make.Caller(make.member(project, "engineer").user)
    path = f"projects/{project.slug}/online-tests/"
    assert make.Caller(make.member(project).user)("get", path).status_code == 403
    assert call("post", path, {"model": 99}).status_code == 404
    wrong = call("post", path, {"model": good.number, "kind": "shadow", "most": 1})
    assert wrong.status_code == 400
    assert call("post", path, {"model": bad.number}).status_code == 409

    begun = call("post", path, {"model": good.number, "reason": "to see"})

    assert begun.status_code == 201, begun.content
    test = begun.json()
    assert (test["kind"], test["share"], test["reason"]) == ("shadow", 0.0, "to see")
    settled(project, truth, 3)
    looked(project)
    course = call("get", f"{path}{test['id']}/").json()
    assert course["test"]["items"] == course["looks"][-1]["items"] == 3
    # What it says of an item is shown to nobody.
    assert "pairs" not in str(course)
    for _twice in range(2):
        stopped = call("post", f"{path}{test['id']}/stop/", {"reason": "enough"})
        assert stopped.status_code == 200
        assert stopped.json()["verdict"] == "person"
    assert call("post", f"{path}{test['id']}/advance/", {}).status_code == 409
    assert [row["id"] for row in call("get", path).json()["results"]] == [test["id"]]


def test_a_page_says_what_a_test_would_do_begins_it_and_takes_it_back() -> None:
    project, truth, bad, good = pair()
    client = Client()
    client.force_login(make.manager_of(project).user)
    page = f"/projects/{project.slug}/models/online/"
    form = {"model": good.number, "kind": "canary", "follows": "champion"}

    shown = client.post(page, {**form, "action": "preview"}).content.decode()
    assert "answers 5 of 100 calls at once" in shown
    assert not OnlineTest.objects.exists()
    refused = client.post(page, {**form, "action": "begin", "least": "x"})
    assert refused.status_code == 409
    begun = client.post(page, {**form, "action": "begin", "reason": "we try it"})

    test = OnlineTest.objects.get()
    assert begun["Location"] == f"{page}{test.pk}/"
    for _look in range(2):
        settled(project, truth, 2)
        looked(project)
    shown = client.get(begun["Location"]).content.decode()
    assert shown.count('class="plot"') == 1 + 1
    assert "we try it" in shown
    assert "It waits for calls" in shown
    client.post(begun["Location"], {"action": "advance"})
    test.refresh_from_db()
    assert test.share == 0.25
    client.post(begun["Location"], {"action": "stop", "reason": "no more"})
    test.refresh_from_db()
    assert (test.verdict, test.ended_why) == ("person", "no more")
    assert registry.champion(project) == bad
    card = client.get(f"/projects/{project.slug}/models/{good.number}/card/")
    assert "no more" in card.content.decode()
    assert client.get(f"{page}{test.pk + 1}/").status_code == 404


def test_a_command_stops_the_test_and_then_brings_the_version_before_back() -> None:
    project, _truth, bad, good = pair()
    registry.promote(good, None)
    client = make.Caller(make.member(project, "engineer").user)
    path = f"projects/{project.slug}/online-tests/"
    body = {"model": bad.number, "kind": "canary", "follows": "person"}
    assert client("post", path, body).status_code == 201
    said = StringIO()

    call_command("rollback", project.slug, stdout=said)
    assert f"version {good.number} serves" in said.getvalue()
    assert OnlineTest.objects.get().verdict == "person"
    # The canary that was stopped is rejected, so there is nothing to go back to.
    ModelVersion.objects.filter(pk=bad.pk).update(stage="archived")
    call_command("rollback", project.slug, stdout=said)

    assert registry.champion(project) == bad
    with pytest.raises(CommandError):
        call_command("rollback", project.slug)
