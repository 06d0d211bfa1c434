"""Labels whose names are paths: grouped for the eye, the same for the keys."""

from __future__ import annotations

from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from labeling.models import Annotation, Project
from tests import make
from tests.e2e import browser as browsing
from tests.e2e.browser import READY, log_in, person
from tests.e2e.looks import problems
from tests.labeling.experts.test_adjudicate import dispute, text

pytestmark = browsing.MARKS

NAMES = (
    *("Animal / Cat", "Vehicle / Car", "Animal / Dog", "other", "Vehicle / Bus"),
    *("Plant / Tree / Oak", "Plant / Tree / Elm", "N/A", "Animal / Bird"),
    *("Vehicle / Heavy goods vehicle with a trailer", "Plant / Rose", "Plant / Fern"),
)


def prepare() -> Project:
    project = make.project(labels=NAMES, overlap=2)
    make.ranked(project, make.items(project, 5))
    return project


def go(page: Page, server: LiveServer, project: Project) -> None:
    page.goto(f"{server.url}/projects/{project.slug}/label/")
    expect(page.locator(f"{READY} article")).to_be_visible()


def test_keys_stay_and_every_level_is_found(
    browser: Browser, live_server: LiveServer
) -> None:
    project = prepare()
    with person(browser, live_server.url, make.member(project).user.username) as page:
        go(page, live_server, project)
        dog = page.get_by_role("group", name="Animal").get_by_text("Dog")
        expect(dog.locator("kbd")).to_have_text("13")
        page.keyboard.press("1")
        page.keyboard.press("3")
        page.wait_for_timeout(browsing.PACE)
        page.keyboard.press("/")
        page.keyboard.type("tree")
        expect(page.locator(".family:visible")).to_have_count(1)
        page.keyboard.type(" elm")
        page.keyboard.press("Enter")
        expect(page.locator("#saved")).to_have_text("saved")

    given = Annotation.votes.order_by("pk").values_list("labels", flat=True)
    assert list(given) == [["Animal / Dog"], ["Plant / Tree / Elm"]]


def test_experts_have_the_same_keys(browser: Browser, live_server: LiveServer) -> None:
    project = make.project(labels=("A / x", "other", "A / y"), overlap=2)
    row = dispute(project, ("A / x",), ("other",), **text("beast"))
    expert = make.member(project, "expert").user.username
    with person(browser, live_server.url, expert) as page:
        page.goto(f"{live_server.url}/projects/{project.slug}/disagreements/")
        expect(page.get_by_text("other").locator("kbd")).to_have_text("2")
        for _ in range(2):
            with page.expect_navigation():
                page.keyboard.press("3")

    row.refresh_from_db()
    assert row.resolution is not None
    assert row.resolution.labels == ["A / y"]


def test_it_is_accessible_and_fits(page: Page, live_server: LiveServer) -> None:
    project = prepare()
    log_in(page, live_server.url, make.member(project).user.username)
    go(page, live_server, project)

    assert problems(page, "families") == []
