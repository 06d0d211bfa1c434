"""Who promotes, rolls back or archives a version may say why, and that is kept."""

from __future__ import annotations

import pytest
from django.test import Client

from activelearn.models import TrainingRun
from activelearn.services.versions import registry
from tests import make
from tests.activelearn.test_loop import versions

pytestmark = pytest.mark.django_db


def test_reasons_are_kept_with_who_and_when_and_shown() -> None:
    project, (first, second) = versions(2)
    who = make.manager_of(project).user
    call, client = make.Caller(who), Client()
    client.force_login(who)
    address = f"projects/{project.slug}/models"

    refused = call("post", f"{address}/2/promote/", {"reason": "x" * 301})
    told = call("post", f"{address}/2/promote/", {"reason": " better at night "})
    # The page of the project has a form of its own.
    form = {"action": "rollback", "number": "2", "reason": "slower"}
    client.post(f"/{address}/", form)
    away = call("post", f"{address}/2/archive/", {"reason": "done with"}).json()
    again = call("post", f"{address}/2/archive/", {"reason": "no"}).json()

    assert refused.status_code == 400
    (latest, *_) = told.json()["acts"]
    assert (latest["kind"], latest["by"]) == ("promoted", who.username)
    assert (latest["reason"], latest["other"]) == ("better at night", 1)
    assert registry.champion(project) == first
    assert away["acts"] == again["acts"]
    kinds = [(act["kind"], act["reason"]) for act in away["acts"][:3]]
    assert kinds == [
        ("archived", "done with"),
        ("rolled back", "slower"),
        ("promoted", "better at night"),
    ]
    back = call("get", f"{address}/").json()["results"][1]["acts"][0]
    assert (back["kind"], back["reason"]) == ("brought back", "slower")
    for path in ("2/card/", "2/card.md"):
        card = client.get(f"/{address}/{path}").content.decode()
        for said in ("done with", "slower", "better at night", who.username):
            assert said in card
    # Who promotes it once more takes it out of the archive; a body is not needed.
    assert call("post", f"{address}/2/promote/").status_code == 200
    second.refresh_from_db()
    assert (second.archived_at, second.archived_why) == (None, "")


def test_a_reason_that_is_too_long_is_refused_everywhere_and_not_cut() -> None:
    reason = "x" * 301
    project, (first, second) = versions(2)
    who = make.manager_of(project).user
    client = Client()
    client.force_login(who)
    runs = TrainingRun.objects.filter(project=project)
    before = runs.count()
    address = f"/projects/{project.slug}/models/"

    pages = [
        client.post(address, {"action": action, "number": number, "reason": reason})
        for action, number in (
            ("train", ""),
            ("promote", "2"),
            ("rollback", "1"),
            ("archive", "2"),
        )
    ]

    told = make.Caller(who)(
        "post", f"projects{address[9:-7]}training-runs/", {"reason": reason}
    )
    assert told.status_code == 400
    assert list(told.json()["errors"]) == ["reason"]
    for page in pages:
        assert page.status_code == 409
        assert "300" in str(page.context["errors"])
        assert b'maxlength="300"' in page.content
    assert registry.champion(project) == first
    second.refresh_from_db()
    assert (second.archived_at, runs.count()) == (None, before)
