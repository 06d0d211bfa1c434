"""Rows of a table: typed values, pinned columns, long cells."""

from __future__ import annotations

from playwright.sync_api import Browser, Locator, Page, expect
from pytest_django.live_server_helper import LiveServer

from tests import make
from tests.e2e import browser as browsing
from tests.e2e.browser import log_in
from tests.e2e.looks import each_look, problems
from tests.labeling.experts.test_adjudicate import dispute

pytestmark = browsing.MARKS

ROW = {
    "id": "0049",
    "price": 1234.5,
    "paid": "true",
    "placed": "2026-11-21",
    "page": "https://example.org/a?b=c",
    "note": "It came late. " * 60 + "The seal was broken.",
    "parts": {"box": 2},
    "gone": None,
    **{f"feature {n:02d}": n / 7 for n in range(40)},
}


def open_table(page: Page, server: LiveServer) -> str:
    project = make.project(labels=("cat", "dog"), data_type="table")
    rows = [make.item(project, data={**ROW, "price": n}) for n in range(5)]
    make.ranked(project, rows)
    log_in(page, server.url, make.member(project).user.username)
    url = f"{server.url}/projects/{project.slug}/label/"
    page.goto(url)
    expect(page.locator("#item table")).to_be_visible()
    return url


def kind(page: Page, column: str) -> str:
    pin = page.get_by_role("button", name=f"Pin {column}", exact=True)
    row = page.locator("#item tr", has=pin)
    return row.locator("td").get_attribute("class") or ""


def test_values_are_shown_by_their_kind_and_links_open_beside_it(
    browser: Browser, live_server: LiveServer
) -> None:
    page = browser.new_page()
    open_table(page, live_server)

    kinds = {name: kind(page, name) for name in ROW if " " not in name}

    assert kinds == {
        "id": "text",
        "price": "number",
        "paid": "boolean true",
        "placed": "date",
        "page": "link",
        "note": "text long",
        "parts": "nested",
        "gone": "none",
    }
    price = page.locator("#item td.number div").first
    assert price.evaluate("d => getComputedStyle(d).textAlign") == "end"
    link = page.locator("#item td.link a")
    assert link.get_attribute("href") == ROW["page"]
    assert link.get_attribute("target") == "_blank"
    assert link.get_attribute("rel") == "noopener noreferrer nofollow"


def test_a_pinned_column_is_first_stays_in_view_and_is_remembered(
    browser: Browser, live_server: LiveServer
) -> None:
    page = browser.new_page()
    url = open_table(page, live_server)
    pin = page.get_by_role("button", name="Pin price")

    pin.focus()
    page.keyboard.press("Enter")
    expect(pin).to_be_focused()
    expect(pin).to_have_attribute("aria-pressed", "true")
    expect(page.locator("#item tr").first).to_contain_text("price")
    page.locator("#item").evaluate("place => { place.scrollTop = 1e6; }")
    expect(page.locator("#item tr").last).to_be_in_viewport()
    expect(pin).to_be_in_viewport()
    page.keyboard.press("1")
    expect(page.locator("#item tr").first).to_have_text("price 1")
    page.goto(url)
    expect(page.locator("#item tr").first).to_contain_text("price")
    pin.click()

    expect(pin).to_have_attribute("aria-pressed", "false")
    assert page.locator("#item tbody.pinned").count() == 0


def test_a_long_cell_opens_by_button_by_key_and_by_what_is_found_in_it(
    browser: Browser, live_server: LiveServer
) -> None:
    page = browser.new_page()
    open_table(page, live_server)
    more, less = (page.get_by_role("button", name=name) for name in ("more", "less"))

    more.focus()
    page.keyboard.press("Enter")
    expect(less).to_have_attribute("aria-expanded", "true")
    page.keyboard.press("m")
    expect(more).to_have_attribute("aria-expanded", "false")
    page.keyboard.press("s")
    page.keyboard.type("SEAL was")

    expect(page.locator("#search output")).to_have_text("1 of 1")
    expect(less).to_have_attribute("aria-expanded", "true")


def test_it_is_accessible_and_fits(page: Page, live_server: LiveServer) -> None:
    open_table(page, live_server)
    for column in ("price", "note"):
        page.get_by_role("button", name=f"Pin {column}").click()
    for where in (0, 500):
        page.locator("#item").evaluate(
            "(place, to) => { place.scrollTop = to; }", where
        )
        assert problems(page, f"table-{where}") == []


def opens_by_keyboard(page: Page, cell: Locator) -> None:
    """See that a long cell is a few lines until it is asked for more."""
    for word, is_short in (("more", True), ("less", False), ("more", True)):
        expect(cell.locator("summary")).to_have_text(word, use_inner_text=True)
        tall = cell.locator("> div").evaluate("words => words.clientHeight")
        assert (tall < 200) is is_short
        assert cell.locator("> div").inner_text().count("") > 20_000
        cell.locator("summary").focus()
        page.keyboard.press("Enter")
    page.keyboard.press("Enter")


def test_on_an_item_s_page_rows_are_shown_by_kind_too(
    page: Page, live_server: LiveServer
) -> None:
    project = make.project(labels=("cat", "dog"), data_type="table", overlap=2)
    row = {**ROW, "note": ("It came late. " * 1500)[:20_000]}
    source = {"source": "x" * 20_000}
    disagreement = dispute(project, ("cat",), ("dog",), data=row, metadata=source)
    expert = make.member(project, "expert").user
    log_in(page, live_server.url, expert.username)

    for name in (f"items/{disagreement.item_id}", "disagreements"):
        page.goto(f"{live_server.url}/projects/{project.slug}/{name}/")
        price = page.locator(".cells td.number div").first
        assert price.evaluate("d => getComputedStyle(d).textAlign") == "end"
        expect(page.locator(".cells td.boolean.true")).to_have_text("true")
        assert page.locator(".item-full td.link a").count() == 1
        name_of = page.locator(".cells th span", has_text="gone")
        for _ in each_look(page):
            assert name_of.evaluate("s => s.offsetWidth > s.offsetHeight")
            for long in page.locator(".cells td.long").all():
                opens_by_keyboard(page, long)
        assert problems(page, f"cells-{name.partition('/')[0]}") == []
