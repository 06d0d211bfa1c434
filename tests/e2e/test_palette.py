"""The command palette: everything that can be done here, by name and by keyboard."""

from __future__ import annotations

import os
from pathlib import Path

from playwright.sync_api import Browser, Page, Route, expect
from pytest_django.live_server_helper import LiveServer

from labeling.models import Annotation, Membership
from tests import make
from tests.e2e import browser as browsing
from tests.e2e.browser import READY, log_in, person
from tests.e2e.looks import each_look, keep_picture, problems
from tests.labeling.experts.test_adjudicate import dispute, text

pytestmark = browsing.MARKS
OPEN = "Control+k"


def prepare(role: str = "annotator") -> Membership:
    project = make.project(labels=("business", "sport", "Crème"))
    make.ranked(project, make.items(project, 6))
    member = make.member(project, role)
    make.member(make.project(), "annotator", who=member.user)
    return member


def go(page: Page, server: LiveServer, member: Membership, where: str = "") -> None:
    page.goto(f"{server.url}/projects/{member.project.slug}/{where}")
    if where == "label/":
        expect(page.locator(f"{READY} article")).to_be_visible()


def load_slowly(page: Page) -> None:
    """Let what lists the commands come later than the first keys."""

    def slow(route: Route) -> None:
        page.wait_for_timeout(200)
        route.continue_()

    page.route("**/js/lib/palette*.js", slow)


def chosen(page: Page) -> str:
    """Return what a screen reader hears of the option that Enter takes."""
    field = page.get_by_role("combobox", name="Command")
    expect(field).to_be_focused()
    active = field.get_attribute("aria-activedescendant")
    return page.locator(f"#{active}[aria-selected=true] span").inner_text()


def test_a_label_is_given_by_name_and_no_letter_reaches_the_station(
    browser: Browser, live_server: LiveServer
) -> None:
    member = prepare()
    with person(browser, live_server.url, member.user.username) as page:
        go(page, live_server, member, "label/")
        load_slowly(page)

        page.keyboard.press(OPEN)
        page.keyboard.type("creme 1u")
        expect(page.get_by_role("dialog")).to_contain_text("Nothing here is called so.")
        for _ in range(3):
            page.keyboard.press("Backspace")
        expect(page.get_by_role("option")).to_have_count(1)
        assert chosen(page) == "Crème"
        page.keyboard.press("Enter")
        expect(page.get_by_role("dialog")).to_have_count(0)
        page.wait_for_timeout(60)
        page.keyboard.press("1")
        expect(page.locator("#saved")).to_have_text("saved")

    votes = Annotation.votes.order_by("pk").values_list("labels", "is_unsure")
    assert list(votes) == [(["Crème"], False), (["business"], False)]


def test_it_lists_what_is_here_and_nothing_else(
    browser: Browser, live_server: LiveServer
) -> None:
    member = prepare()
    with person(browser, live_server.url, member.user.username) as page:
        go(page, live_server, member, "label/")
        page.get_by_role("button", name="Go to").click()

        groups = page.locator("#palette [role=group]")
        expect(groups).to_have_count(4)
        said = {
            group.get_attribute("aria-label"): group.locator("span").all_inner_texts()
            for group in groups.all()
        }
        page.keyboard.press("ArrowUp")
        last = chosen(page)
        page.keyboard.press("ArrowDown")
        first = chosen(page)
        page.keyboard.press("Escape")
        expect(page.get_by_role("dialog")).to_have_count(0)
        expect(page.get_by_role("button", name="Go to")).to_be_focused()

    assert said["Labels"] == ["business", "sport", "Crème"]
    actions = ["Guide", "Keys", "Skip", "Unsure", "Flag", "Comment", "Undo", "Search"]
    assert said["On this page"] == actions
    assert "Members" not in said["Pages"]
    assert "My work" in said["Pages"]
    others = Membership.objects.filter(user=member.user).exclude(pk=member.pk)
    assert said["Other projects"] == [others.get().project.name]
    assert (first, last) == ("Guide", said["Other projects"][0])


def test_pages_and_projects_are_reached_from_any_page(
    browser: Browser, live_server: LiveServer
) -> None:
    member = prepare("manager")
    other = Membership.objects.filter(user=member.user).exclude(pk=member.pk).get()
    with person(browser, live_server.url, member.user.username) as page:
        go(page, live_server, member, "guideline/")
        load_slowly(page)
        page.keyboard.press(OPEN)
        page.keyboard.type("data imp")
        with page.expect_navigation():
            page.keyboard.press("Enter")
        assert page.url.endswith(f"/{member.project.slug}/import/")
        page.keyboard.press(OPEN)
        page.get_by_role("option", name=other.project.name).click()
        page.wait_for_url(f"**/projects/{other.project.slug}/")


def test_at_a_disagreement_it_decides_and_a_note_is_written(
    browser: Browser, live_server: LiveServer
) -> None:
    project = make.project(labels=("cat", "dog"), overlap=2)
    row = dispute(project, ("cat",), ("dog",), **text("beast"))
    member = make.member(project, "expert")
    with person(browser, live_server.url, member.user.username) as page:
        go(page, live_server, member, "disagreements/")
        for words in ("cat", "not valid"):
            page.keyboard.press(OPEN)
            page.keyboard.type(words)
            with page.expect_navigation():
                page.keyboard.press("Enter")

    row.refresh_from_db()
    assert row.outcome == "invalid"


def test_where_the_server_is_away_the_rest_is_still_there(
    browser: Browser, live_server: LiveServer
) -> None:
    member = prepare()
    with person(browser, live_server.url, member.user.username) as page:
        go(page, live_server, member)
        page.route("**/api/projects/?*", lambda route: route.abort())
        page.keyboard.press(OPEN)

        expect(page.locator("#palette [role=status]")).to_contain_text(
            "does not answer"
        )
        page.keyboard.type("my work")
        with page.expect_navigation():
            page.keyboard.press("Enter")
        assert page.url.endswith("/my-work/")


def test_it_is_accessible_and_fits(page: Page, live_server: LiveServer) -> None:
    member = prepare("manager")
    log_in(page, live_server.url, member.user.username)
    for where in ("label/", ""):
        go(page, live_server, member, where)
        for look in each_look(page):
            keep_picture(page, f"bar-{where[:-1]}-{look}")
        page.keyboard.press(OPEN)
        expect(page.get_by_role("option", name="Project ").last).to_be_visible()
        assert problems(page, f"palette-{where[:-1]}") == []


def test_on_a_phone_it_opens_and_chooses_by_touch(
    browser: Browser, live_server: LiveServer
) -> None:
    member = prepare()
    phone = browser.new_context(
        viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True
    )
    page = phone.new_page()
    log_in(page, live_server.url, member.user.username)
    go(page, live_server, member, "label/")

    way = page.get_by_role("button", name="Go to")
    box = way.bounding_box()
    assert box is not None
    assert min(box["width"], box["height"]) >= 24
    assert box["x"] + box["width"] <= 390
    way.tap()
    page.get_by_role("option", name="sport").tap()

    expect(page.locator("#saved")).to_have_text("saved")
    assert Annotation.votes.get().labels == ["sport"]
    go(page, live_server, member)
    expect(way).to_be_visible()
    assert page.evaluate("() => document.documentElement.scrollWidth") == 390
    if folder := os.environ.get("ASSAY_SCREENSHOTS"):
        way.tap()
        expect(page.get_by_role("option", name="My work")).to_be_visible()
        page.screenshot(path=Path(folder) / "palette-phone.png")
    phone.close()
