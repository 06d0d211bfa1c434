"""The audit: asked blind, and a drop lowers the dial by itself."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from activelearn.core import audit
from activelearn.models import AuditedItem, DialChange, LearningPolicy
from activelearn.services.automation import accepting, audits
from activelearn.services.labels import snapshots
from activelearn.services.ordering import ranking
from labeling.models import Annotation, Item, Project, QueueEntry, Resolution
from labeling.services.votes import automatic, settle
from tests import make
from tests.activelearn.automation.lines import served, work

pytestmark = pytest.mark.django_db


def raised(**policy: Any) -> tuple[Project, dict[int, str]]:
    """Return a project whose dial stands at full, with what that accepts."""
    project, truth = served(
        suggestion_mode="assist", evaluation_rate=0, exploration_rate=0, **policy
    )
    call = make.Caller(make.manager_of(project).user)
    reply = call("post", f"projects/{project.slug}/automation/", {"degree": "full"})
    assert reply.status_code == 200, reply.content
    work(project)
    project.refresh_from_db()
    return project, truth


def check(project: Project, truth: dict[int, str], count: int) -> None:
    """Have a person answer what the queue has first, by the API, which shows nothing."""
    call = make.Caller(make.member(project).user)
    base = f"projects/{project.slug}/"
    ranking.rank(project)
    while count > 0:
        body = {"count": min(count, 25)}
        lent = call("post", f"{base}queue/lease/", body).json()["items"]
        assert lent
        for each in lent:
            assert each.get("suggestion") is None
            vote = {
                "assignment": each["assignment"],
                "labels": [truth[each["item"]["id"]]],
                "client_id": uuid.uuid4().hex,
            }
            assert call("post", f"{base}annotations/", vote).status_code == 201
            count -= 1
    settle.settle_project(project.pk)


def test_audited_items_come_first_and_blind() -> None:
    project, truth = raised()
    asked = set(AuditedItem.objects.values_list("item", flat=True))
    assert len(asked) == 50
    assert set(Item.objects.filter(pk__in=asked).values_list("state", flat=True)) == {
        "open"
    }

    ranking.rank(project)
    first = QueueEntry.objects.filter(is_first=True).order_by("rank")[:50]
    assert {entry.reason for entry in first} == {"audit"}
    assert {entry.item_id for entry in first} == asked
    assert {entry.suggestion for entry in first} == {None}

    check(project, truth, 50)
    assert {vote.reason for vote in Annotation.votes.order_by("-pk")[:50]} == {"audit"}
    accepting.consider(project.pk)

    outcomes = AuditedItem.objects.exclude(settled_at=None)
    assert outcomes.count() == 50
    project.refresh_from_db()
    # What was accepted is right, so the dial stays, and no more are due this week.
    assert project.automation == "full"
    reply = make.Caller(make.manager_of(project).user)(
        "get", f"projects/{project.slug}/automation/"
    ).json()
    [part] = reply["audits"]
    assert (part["audited"], part["wrong"]) == (50, 0)
    assert part["low"] == 0
    assert part["high"] < 0.1
    assert reply["waiting"] == 0


def test_a_planted_drop_lowers_the_dial_and_asks_about_what_was_accepted() -> None:
    project, truth = raised()
    stood = automatic.accepted(project).count()
    # From here on the world is another: what was x is y.
    other = {"x": "y", "y": "x"}
    drifted = {pk: other[name] for pk, name in truth.items()}

    check(project, drifted, 50)
    accepting.consider(project.pk)

    project.refresh_from_db()
    assert project.automation == "assistance"
    assert not automatic.accepted(project).exists()
    call = make.Caller(make.manager_of(project).user)
    base = f"projects/{project.slug}/automation/"
    change = call("get", f"{base}changes/").json()["results"][0]
    assert (change["before"], change["after"], change["by"]) == (
        "full",
        "assistance",
        None,
    )
    assert change["reopened"] == stood
    assert "An audit has failed" in change["explanation"]
    evidence = DialChange.objects.latest("pk").evidence
    assert evidence is not None
    assert evidence["evidence"] >= evidence["limit"]
    assert evidence["wrong"] == sum(evidence["outcomes"])
    # What it rests on can be judged again from the row.
    again = audit.judge(evidence["outcomes"], evidence["risk"])
    assert again.is_broken
    # People get what was accepted, and nothing is accepted any more.
    ranking.rank(project)
    assert QueueEntry.objects.filter(is_first=True).count() >= stood
    assert call("post", f"{base}accept/").status_code == 409
    work(project)
    assert not automatic.accepted(project).exists()
    # Twice is once.
    assert audits.judge(project) is None
    assert DialChange.objects.filter(after="assistance").count() == 1
    # Whom it concerns can read each of them.
    rows = call("get", f"{base}audits/").json()["results"]
    assert len(rows) == 50
    assert sum(row["wrong"] for row in rows) == evidence["wrong"]


def test_open_audits_are_listed_to_nobody() -> None:
    project, _ = raised()

    call = make.Caller(make.manager_of(project).user)
    reply = call("get", f"projects/{project.slug}/automation/audits/")

    assert reply.json()["results"] == []
    assert AuditedItem.objects.count() == 50


def test_what_the_model_accepted_teaches_nothing_unless_the_policy_says_so() -> None:
    project, _ = raised()
    learned = snapshots.labels_now(project, "pool")
    accepted = set(automatic.accepted(project).values_list("item", flat=True))

    assert accepted
    assert not accepted & set(learned)
    LearningPolicy.objects.filter(project=project).update(weight_auto=0.2)
    assert accepted <= set(snapshots.labels_now(project, "pool"))
    # Never what models are judged on.
    held_out = Item.objects.filter(project=project, split="evaluation")
    assert not Resolution.objects.filter(item__in=held_out, source="auto").exists()


def test_where_the_models_own_vote_counted_the_audit_has_no_outcome() -> None:
    project, truth = raised()
    check(project, truth, 50)
    audited = AuditedItem.objects.first()
    assert audited is not None
    Resolution.objects.filter(item=audited.item, superseded_at=None).update(
        counted_model=1
    )

    audits.settle(project)

    audited.refresh_from_db()
    assert audited.settled_at is not None
    assert audited.is_wrong is None
