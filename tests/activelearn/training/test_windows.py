"""The window that a project learns from: labels, days, days left out; and trying windows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from activelearn.models import LearningPolicy, WindowTrial
from activelearn.services.labels import snapshots
from activelearn.services.training import back_tests, triggers
from labeling.models import Job, Project, Resolution
from labeling.services.projects import policy
from labeling.services.work import jobs
from tests import make
from tests.activelearn.training.test_runs import better_version_waits
from tests.test_pages import browser

pytestmark = pytest.mark.django_db
BEGIN = datetime(2026, 3, 1, tzinfo=UTC)


def labeled(count: int, **settings: Any) -> tuple[Project, list[int]]:
    """A project with a label of the pool on each of some days, from the first of March."""
    project = make.project(labels=("cat", "dog"), **settings)
    return project, label_days(project, range(count))


def label_days(project: Project, days: range, split: str = "pool") -> list[int]:
    items = []
    for day in days:
        name = "cat" if day % 2 else "dog"
        item = make.item(
            project,
            data={"text": f"{name} {day} {split}"},
            split=split,
            state="settled",
        )
        Resolution.objects.create(
            project=project,
            item=item,
            labels=[name],
            source="gold",
            confidence=1,
            label_set_id=project.label_set_pk,
            created_at=BEGIN + timedelta(days=day, hours=12),
        )
        items.append(item.pk)
    return items


def taught(project: Project, split: str = "pool") -> list[int]:
    return list(snapshots.labels_now(project, split))


def test_as_it_comes_all_labels_count() -> None:
    project, items = labeled(6)

    assert taught(project) == items


def test_the_newest_labels_alone_are_taught_and_judged_on() -> None:
    project, items = labeled(6, window="labels", window_size=2)
    old = label_days(project, range(2, 4), "evaluation")
    new = label_days(project, range(4, 7), "evaluation")

    assert taught(project) == items[-2:]
    # Held-out labels of the same time, however many these are.
    assert taught(project, "evaluation") == new
    assert not set(old) & set(taught(project, "evaluation"))


def test_a_window_of_days_ends_with_the_newest_label_and_not_today() -> None:
    project, items = labeled(6, window="days", window_size=2)

    assert taught(project) == items[-3:]


def test_days_that_are_left_out_count_for_nothing() -> None:
    project, items = labeled(6, left_out_days="2026-03-02..2026-03-04")

    assert taught(project) == [items[0], *items[4:]]


def test_another_window_is_another_experiment() -> None:
    project, _ = labeled(6)
    whole = snapshots.hash_now(project)

    policy.change(project, {"window": "labels", "window_size": 3})

    assert snapshots.hash_now(project) != whole


@pytest.mark.parametrize(
    "days",
    [
        "2026-03-02",
        "2026-03-04..2026-03-02",
        "..",
        "9999-12-31..9999-12-31",
        "2026-02-30..2026-03-01",
    ],
)
def test_days_that_are_none_are_refused_in_words(days: str) -> None:
    project = make.project()
    call = make.Caller(make.manager_of(project).user)

    reply = call("PATCH", f"projects/{project.slug}/", {"left_out_days": days})

    assert reply.status_code == 400
    assert "2026-03-01..2026-03-31" in str(reply.json()["errors"]["left_out_days"])
    assert LearningPolicy.of(project.pk).left_out_days == ""


def turned() -> Project:
    """A project in whose labels cat means dog after two thirds of the days."""
    project = make.project(labels=("cat", "dog"))
    for day in range(540):
        kind, split = day % 2, "evaluation" if day % 3 == 0 else "pool"
        word = "purrs" if kind else "barks"
        name = "cat" if bool(kind) == (day < 330) else "dog"
        item = make.item(
            project, data={"text": f"{word} on {day}"}, split=split, state="settled"
        )
        Resolution.objects.create(
            project=project,
            item=item,
            labels=[name],
            source="gold",
            confidence=1,
            label_set_id=project.label_set_pk,
            created_at=BEGIN + timedelta(days=day),
        )
    return project


def test_a_trial_says_which_window_would_have_been_better() -> None:
    project = turned()
    boss = make.manager_of(project).user
    call = make.Caller(boss)
    path = f"projects/{project.slug}/training-runs/windows/"
    assert call("GET", path).json()["tried_at"] is None

    asked = call("POST", path)
    again = call("POST", path)
    assert (asked.status_code, again.status_code) == (202, 202)
    assert asked.json()["id"] == again.json()["id"]
    jobs.run(asked.json()["id"])

    reply = call("GET", path).json()
    assert reply["tested"] == 108
    best = reply["windows"][reply["best"]]
    assert (best["kind"], best["window"]) == ("newest", "labels")
    assert best["accuracy"]["value"] > reply["windows"][0]["accuracy"]["value"] + 0.1
    assert reply["older_half"]["value"] < 0.5
    page = browser(boss).get(f"/projects/{project.slug}/models/").content.decode()
    page = " ".join(page.split())
    assert (
        f"This would have been better for sure: The newest {best['window_size']} labels."
        in page
    )
    assert "better for sure</span>" in page
    # The whole of it, whatever window is in force.
    policy.change(project, {"window": "labels", "window_size": best["window_size"]})
    jobs.run(call("POST", path).json()["id"])
    assert call("GET", path).json()["labels"] == reply["labels"] == 360
    page = browser(boss).get(f"/projects/{project.slug}/models/").content.decode()
    assert "in force</span>" in page


def test_with_few_labels_a_trial_says_that_they_are_too_few() -> None:
    project, _ = labeled(6)
    boss = make.manager_of(project).user

    sent = browser(boss).post(
        f"/projects/{project.slug}/models/", {"action": "try-windows"}, follow=True
    )
    assert "The windows are tried" in sent.content.decode()
    jobs.run(Job.objects.get(kind="learn.windows").pk)

    assert WindowTrial.objects.get().report is None
    page = browser(boss).get(f"/projects/{project.slug}/models/").content.decode()
    assert "Too few labels tell" in page
    assert back_tests.newest(project.pk) is not None


def test_only_engineers_have_windows_tried() -> None:
    project = make.project()
    annotator = make.Caller(make.member(project).user)

    reply = annotator("POST", f"projects/{project.slug}/training-runs/windows/")

    assert reply.status_code == 403
    assert not Job.objects.filter(kind="learn.windows").exists()


def test_held_out_items_whose_label_is_too_old_are_no_longer_waited_for() -> None:
    project, _, _ = better_version_waits(60)
    before = triggers.wait_of(project)
    assert before is not None
    held_out = Resolution.objects.filter(project=project, item__split="evaluation")
    old = list(held_out.values_list("pk", flat=True)[:7])
    Resolution.objects.filter(pk__in=old).update(created_at=BEGIN)

    policy.change(project, {"window": "days", "window_size": 30})

    after = triggers.wait_of(project)
    assert after is not None
    assert after.label_count == before.label_count - 7
    assert after.items == before.items - 7
