"""The page *Automation*: the dial in words, its picture, and who turned it."""

from __future__ import annotations

import re

import pytest
from django.utils import translation

from activelearn.models import DialChange
from activelearn.services.automation import dial
from labeling.messages import message
from labeling.models import Project
from labeling.services.votes import automatic
from tests import make
from tests.activelearn.automation.lines import served, work
from tests.test_pages import browser

pytestmark = pytest.mark.django_db


def path_of(project: Project) -> str:
    return f"/projects/{project.slug}/automation/"


def test_it_is_looked_at_first_and_then_turned() -> None:
    project, _ = served()
    client = browser(make.manager_of(project).user)

    before = client.get(path_of(project)).content.decode()
    assert "Nothing is accepted by a certificate now." in before
    looked = client.get(f"{path_of(project)}?degree=partial").content.decode()
    assert not DialChange.objects.exists()
    assert "Of 160 items that no person has labeled" in looked
    assert "With 80 % confidence at most" in looked
    assert "That saves people about" not in looked  # nobody's seconds are known
    form = {"action": "set", "degree": "partial", "reason": "a try"}
    assert client.post(path_of(project), form).status_code == 302
    work(project)

    after = client.get(path_of(project)).content.decode()
    # The picture, and the same as a table.
    assert "<svg" in after
    rows = re.findall(
        r'<td class="n">[01]\.\d\d</td>\s*<td class="n">[01]\.\d{3}</td>', after
    )
    assert len(rows) >= 3
    assert "At most 10 of 100 accepted items are wrong." in after
    assert "a try" in after
    assert "Assistance → Partial" in re.sub(r"\s+", " ", after)
    project.refresh_from_db()
    assert project.automation == "partial"
    assert automatic.accepted(project).exists()


def test_what_is_refused_stands_there_in_words() -> None:
    project, _ = served(held_out=40, automation_risk=0.001)
    client = browser(make.manager_of(project).user)

    looked = client.get(f"{path_of(project)}?degree=full")
    assert "Not possible yet" in looked.content.decode()
    assert "Set the dial" not in looked.content.decode()
    refused = client.post(path_of(project), {"action": "set", "degree": "full"})
    assert refused.status_code == 409
    assert "Not possible yet" in refused.content.decode()
    assert client.get(f"{path_of(project)}?degree=all").status_code == 400
    wrong = {"action": "label", "label": "x", "degree": "full", "risk": "few"}
    assert client.post(path_of(project), wrong).status_code == 400
    wrong = {"action": "label", "label": "x", "degree": "full", "risk": "90"}
    assert client.post(path_of(project), wrong).status_code == 400


def test_engineers_look_and_managers_turn() -> None:
    project, _ = served(held_out=40)
    engineer = browser(make.member(project, "engineer").user)

    looked = engineer.get(f"{path_of(project)}?degree=shadow")
    assert looked.status_code == 200
    assert "Set the dial" not in looked.content.decode()
    form = {"action": "set", "degree": "shadow"}
    assert engineer.post(path_of(project), form).status_code == 403
    for role in ("annotator", "expert"):
        client = browser(make.member(project, role).user)
        assert client.get(path_of(project)).status_code == 403


def test_a_failed_audit_stands_at_the_top_in_the_readers_language() -> None:
    project, _ = served(held_out=40)
    why = message(
        "An audit has failed: of %(audited)s accepted items that people checked %(wrong)s were wrong, and at most %(risk)s of 100 were promised. The dial is down to assistance, and people are asked about the %(reopened)s items that were accepted since the last good audit.",
        audited=9,
        wrong=4,
        risk="2",
        reopened=7,
    )
    dial.lower(project, why, {"audited": 9}, 7)
    client = browser(make.manager_of(project).user)

    english = client.get(path_of(project)).content.decode()
    assert re.search(r'role="alert">An audit has failed: of 9', english)
    # On the page of the project, too, for those whom it concerns.
    first = f"/projects/{project.slug}/"
    assert "An audit has failed: of 9" in client.get(first).content.decode()
    other = browser(make.member(project).user)
    assert "An audit has failed" not in other.get(first).content.decode()
    with translation.override("de"):
        german = client.get(path_of(project), headers={"Accept-Language": "de"})
    assert "Eine Prüfung ist gescheitert: Von 9" in german.content.decode()
