"""Search in the item: places are marked, counted and stepped through by keyboard."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from labeling.models import Annotation
from tests import make
from tests.e2e import browser as browsing
from tests.e2e.browser import READY, log_in
from tests.e2e.looks import problems

pytestmark = browsing.MARKS

# What is marked: all places, and the one that is shown.
MARKED = """(name) => [...(CSS.highlights.get(name) ?? [])].map(String)"""
IN_VIEW = """() => {
  const [range] = CSS.highlights.get("place");
  const box = document.querySelector("#item").getBoundingClientRect();
  const { top, bottom } = range.getBoundingClientRect();
  return top >= box.top && bottom <= box.bottom;
}"""


def open_with(
    page: Page, server: LiveServer, *texts: str, **data: Any
) -> tuple[str, Any]:
    project = make.project(labels=("cat", "dog"), **data)
    ranked = [make.item(project, data={"text": text}) for text in texts]
    make.ranked(project, ranked)
    who = make.member(project).user.username
    log_in(page, server.url, who)
    page.goto(f"{server.url}/projects/{project.slug}/label/")
    expect(page.locator(f"{READY} article")).to_be_visible()
    return who, project


def test_places_are_marked_counted_and_stepped_through(
    browser: Browser, live_server: LiveServer
) -> None:
    words = "Crème fraîche. " + "\n".join(f"line {n}" for n in range(400))
    text = f"{words}\nA cre\u0301me, and no CREME."
    page = browser.new_page()
    open_with(page, live_server, text, "next: a crème", "nothing there")
    before = page.locator("#item article").text_content()
    count, field = page.locator("#search output"), page.locator("#search input")

    page.keyboard.press("s")
    expect(field).to_be_focused()
    page.keyboard.type("creme")
    expect(count).to_have_text("1 of 3")
    assert page.evaluate(MARKED, "places") == ["Crème", "cre\u0301me", "CREME"]
    assert page.evaluate(IN_VIEW)
    page.keyboard.press("Enter")
    expect(field).not_to_be_focused()
    page.keyboard.press("n")
    expect(count).to_have_text("2 of 3")
    assert page.evaluate(MARKED, "place") == ["cre\u0301me"]
    assert page.evaluate(IN_VIEW)
    for _ in range(2):
        page.wait_for_timeout(browsing.PACE)
        page.keyboard.press("Shift+N")
    expect(count).to_have_text("3 of 3")
    page.get_by_role("button", name="The next place").click()
    expect(count).to_have_text("1 of 3")
    assert page.locator("#item article").text_content() == before
    assert page.locator("#item article").evaluate("a => a.childNodes.length") == 1

    # The keys are the labels' again, and the next item is searched too.
    page.keyboard.press("1")
    expect(count).to_have_text("1 of 1")
    page.wait_for_timeout(browsing.PACE)
    page.keyboard.press("1")
    expect(count).to_have_text("No match")
    page.keyboard.press("Escape")
    expect(page.locator("#search")).to_be_hidden()
    assert page.evaluate(MARKED, "places") == []
    page.wait_for_timeout(browsing.PACE)
    page.keyboard.press("1")
    expect(page.locator("#saved")).to_have_text("saved")
    assert Annotation.votes.count() == 3


def test_the_search_has_another_key_where_one_is_chosen(
    browser: Browser, live_server: LiveServer
) -> None:
    page = browser.new_page()
    open_with(page, live_server, "some words", "others")
    page.keyboard.press("?")
    page.fill("#help input[data-key=search]", "q")
    page.get_by_role("button", name="Keep").last.click()

    page.keyboard.press("s")
    expect(page.locator("#search")).to_be_hidden()
    page.keyboard.press("q")
    page.keyboard.type("1 word")
    expect(page.locator("#search output")).to_have_text("No match")
    page.keyboard.press("Escape")
    expect(page.locator("#item article")).to_have_text("some words")
    assert not Annotation.votes.exists()


def test_a_megabyte_is_searched(browser: Browser, live_server: LiveServer) -> None:
    page = browser.new_page()
    line = "Le cœur déçu mais l’âme plutôt naïve, Louÿs rêva de crapaüter 😀.\n"
    open_with(page, live_server, line * 15_000 + "Zürich\n", "next")
    page.keyboard.press("s")

    for words, said in (("naive", "1 of 15000"), ("zurich", "1 of 1")):
        page.fill("#search input", words)
        expect(page.locator("#search output")).to_have_text(said)
        page.wait_for_function(IN_VIEW)


def test_it_is_accessible_and_fits(page: Page, live_server: LiveServer) -> None:
    open_with(page, live_server, "A searched text is searched again. " * 40, "next")
    page.keyboard.press("s")
    page.keyboard.type("search")
    expect(page.locator("#search output")).to_have_text("1 of 80")

    assert problems(page, "search") == []
