"""Likely labels first: the others stay a click, a key or a name away."""

from __future__ import annotations

from playwright.sync_api import Browser, expect
from pytest_django.live_server_helper import LiveServer

from labeling.models import Annotation, Project
from labeling.services.queue import order
from tests import make
from tests.e2e import browser as browsing
from tests.e2e.browser import READY, log_in

pytestmark = browsing.MARKS

NAMES = tuple(
    f"{family} / {number}" for family in ("A", "B", "C") for number in range(8)
)
LIKELY = ["B / 3", "A / 1"]


def prepare() -> Project:
    """Return a project whose items name likely labels, but for the second one."""
    project = make.project(labels=NAMES, suggestion_mode="assist")
    rows = make.items(project, 8)
    make.suggestible(project, rows)
    told = {"label": "B / 3", "confidence": 0.9, "model": 1, "likely": LIKELY}
    entries = [
        order.Entry(
            row.pk, 0, True, float(place),
            "evaluation" if place == 1 else "model",
            suggestion=None if place == 1 else told,
        )
        for place, row in enumerate(rows)
    ]  # fmt: skip
    order.swap(project.pk, entries)
    return project


def test_likely_labels_come_first_and_all_others_are_at_hand(
    browser: Browser, live_server: LiveServer
) -> None:
    project = prepare()
    page = browser.new_page()
    log_in(page, live_server.url, make.member(project).user.username)
    page.goto(f"{live_server.url}/projects/{project.slug}/label/")
    expect(page.locator(f"{READY} article")).to_be_visible()
    labels = page.locator(".keys .label:visible")
    every = page.get_by_role("button", name="All 24 labels")

    # The likely ones, in their places, and no empty family.
    expect(labels).to_have_count(2)
    assert labels.all_text_contents() == sorted(
        labels.all_text_contents(), key=lambda name: "1" not in name
    )
    expect(page.locator(".family:visible")).to_have_count(2)
    # Whoever types a key means a label, shown or not: its beginning shows what it may mean.
    page.keyboard.press("2")
    expect(labels).to_have_count(11)
    page.keyboard.press("4")
    page.wait_for_timeout(browsing.PACE)

    # What is answered blind shows all.
    expect(labels).to_have_count(24)
    expect(every).to_be_hidden()
    page.keyboard.press("1")
    page.keyboard.press("1")
    page.wait_for_timeout(browsing.PACE)

    expect(labels).to_have_count(2)
    every.click()
    expect(labels).to_have_count(24)
    labels.last.click()
    page.wait_for_timeout(browsing.PACE)

    # The next item shows its own few; the key of the search shows all.
    expect(labels).to_have_count(2)
    page.keyboard.press("/")
    expect(labels).to_have_count(24)
    page.keyboard.type("c / 5")
    expect(labels).to_have_count(1)
    page.keyboard.press("Enter")
    expect(labels).to_have_count(2)
    labels.first.click()
    expect(page.locator("#saved")).to_have_text("saved")

    given = Annotation.votes.order_by("pk").values_list("labels", flat=True)
    assert list(given) == [["B / 5"], ["A / 0"], ["C / 7"], ["C / 5"], ["A / 1"]]
    seen = Annotation.votes.order_by("pk").values_list("suggestion_shown", flat=True)
    assert [dict(told or {}).get("likely") for told in seen] == [
        LIKELY, None, LIKELY, LIKELY, LIKELY,
    ]  # fmt: skip
