"""Words that speak for a suggestion: off until asked for, never on blind items."""

from __future__ import annotations

import itertools

from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from labeling import rules
from labeling.models import Project
from labeling.services.queue import order
from tests import make
from tests.e2e import browser as browsing
from tests.e2e.browser import READY, log_in
from tests.e2e.test_search import MARKED

pytestmark = browsing.MARKS

TEXT = "The refund is late. REFUND me, no refunds."


def open_station(page: Page, server: LiveServer, project: Project) -> None:
    log_in(page, server.url, make.member(project).user.username)
    page.goto(f"{server.url}/projects/{project.slug}/label/")
    expect(page.locator(f"{READY} article")).to_be_visible()


def test_they_are_marked_by_key_and_only_where_a_suggestion_is_shown(
    browser: Browser, live_server: LiveServer
) -> None:
    project = make.project(suggestion_mode="assist")
    rows = [make.item(project, data={"text": TEXT}) for _ in range(12)]
    none_stays_blind = next(
        seed
        for seed in itertools.count()
        if all(rules.draw(seed, f"blind:{row.pk}") > 0.1 for row in rows[:3])
    )
    Project.objects.filter(pk=project.pk).update(seed=none_stays_blind)
    told = {"label": "x", "confidence": 0.9, "model": 1, "words": ["refund", "late"]}
    reasons = ["model", "evaluation", *["model"] * 10]
    order.swap(
        project.pk,
        [
            order.Entry(item.pk, 0, True, float(place), why, suggestion=told)
            for place, (item, why) in enumerate(zip(rows, reasons, strict=True))
        ],
    )
    page = browser.new_page()
    open_station(page, live_server, project)

    assert page.evaluate(MARKED, "words") == []
    page.keyboard.press("h")
    why = page.get_by_role("button", name="Why")
    expect(why).to_have_attribute("aria-pressed", "true")
    seen = []
    for _ in range(3):
        page.wait_for_timeout(200)
        is_told = page.locator("#item small").count() == 1
        seen.append((is_told, page.evaluate(MARKED, "words")))
        page.keyboard.press("x")
    page.wait_for_timeout(browsing.PACE)
    page.keyboard.press("h")
    expect(why).to_have_attribute("aria-pressed", "false")

    marked = ["refund", "late", "REFUND"]
    assert seen == [(True, marked), (False, []), (True, marked)]
    assert page.evaluate(MARKED, "words") == []


def test_where_nothing_is_suggested_there_is_no_such_key(
    browser: Browser, live_server: LiveServer
) -> None:
    project = make.project(suggestion_mode="reveal_after")
    make.ranked(project, make.items(project, 3))
    page = browser.new_page()
    open_station(page, live_server, project)

    page.keyboard.press("h")

    assert page.get_by_role("button", name="Why").count() == 0
    assert page.locator("#help input[data-key=words]").count() == 0
