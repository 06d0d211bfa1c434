"""Further columns beside the item at the station: links, times, long cells, any screen."""

from __future__ import annotations

import re

from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from labeling.models import Item
from labeling.services.queue import order
from tests import make
from tests.e2e import browser as browsing
from tests.e2e.browser import log_in
from tests.e2e.looks import problems

pytestmark = browsing.MARKS


def prepare(**data: object) -> str:
    """Make a project whose items show three columns; return its path."""
    names = ["question", "url", "asked"]
    project = make.project(labels=("cat", "dog"), beside=names)
    items = [
        make.item(
            project,
            data={
                "text": f"Yes it is {number}",
                "question": f"Is it blue? {number}",
                "url": "https://example.org/a?b=c",
                "asked": "2026-11-21T10:00:00Z",
                **data,
            },
        )
        for number in range(3)
    ]
    make.ranked(project, items)
    make.member(project, who=make.user("ada"))
    return f"/projects/{project.slug}/label/"


def test_columns_go_with_their_item_and_times_are_the_readers(
    browser: Browser, live_server: LiveServer
) -> None:
    path = prepare()
    page = browser.new_page(timezone_id="America/New_York", locale="en-US")
    log_in(page, live_server.url, "ada")
    # A script has told the zone, in time for what the server draws.
    page.wait_for_function("() => document.cookie.includes('zone=')")
    page.goto(live_server.url + path)

    for number in range(2):
        # The first one comes with the page, the second one is drawn by the script.
        beside = page.locator("#item .beside")
        expect(beside).to_contain_text(f"Is it blue? {number}")
        expect(page.locator("#item article")).to_have_text(f"Yes it is {number}")
        link = beside.get_by_role("link")
        assert link.get_attribute("href") == "https://example.org/a?b=c"
        assert link.get_attribute("rel") == "noopener noreferrer nofollow"
        time = beside.locator("time")
        assert time.get_attribute("title") == "2026-11-21T10:00:00Z"
        day, hour, zone = time.inner_text().partition(", 05:00 ")
        assert (day, hour) == ("21 Nov 2026", ", 05:00 ")
        assert zone in ("EST", "GMT-5")
        page.keyboard.press("1")


def test_a_long_cell_opens_by_its_button_and_by_its_key(
    browser: Browser, live_server: LiveServer
) -> None:
    path = prepare(question="Is it blue? " * 100)
    page = browser.new_page()
    log_in(page, live_server.url, "ada")
    page.goto(live_server.url + path)
    more = page.locator("#item .beside button.more")

    more.click()
    expect(more).to_have_attribute("aria-expanded", "true")
    page.keyboard.press("m")
    expect(more).to_have_attribute("aria-expanded", "false")


def test_it_is_accessible_and_fits(page: Page, live_server: LiveServer) -> None:
    path = prepare()
    log_in(page, live_server.url, "ada")
    page.goto(live_server.url + path)
    expect(page.locator("#item .beside")).to_be_visible()

    assert problems(page, "beside") == []


def test_the_grid_shows_them_as_words(
    browser: Browser, live_server: LiveServer
) -> None:
    station = prepare()
    items = Item.objects.order_by("pk")
    project = items[0].project
    project.suggestion_mode = "assist"
    project.save()
    thought = {"label": "cat", "confidence": 0.9, "model": 1}
    order.swap(
        project.pk,
        [
            order.Entry(
                item.pk, 0, is_first=True, rank=n, reason="model", suggestion=thought
            )
            for n, item in enumerate(items)
        ],
    )
    page = browser.new_page(timezone_id="America/New_York", locale="en-US")
    log_in(page, live_server.url, "ada")
    page.goto(live_server.url + station.replace("/label/", "/grid/"))

    for number in range(3):
        beside = page.locator(".cell .columns").nth(number)
        lines = beside.inner_text().split("\n")
        assert lines[:2] == [
            f"question: Is it blue? {number}",
            "url: https://example.org/a?b=c",
        ]
        assert lines[2].startswith("asked: 21 Nov 2026, 05:00 ")
    expect(page.locator(".cell").first).to_have_accessible_description(
        re.compile("^Yes it is 0 question: Is it blue")
    )
    # A cell is a choice: nothing in it can be pressed by itself.
    assert page.locator(".cell a").count() == 0
    assert problems(page, "grid beside") == []
