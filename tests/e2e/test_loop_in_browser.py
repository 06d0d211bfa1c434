"""The station in a real browser, on a real server: keys become votes, once each."""

from __future__ import annotations

from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from labeling.models import Annotation
from tests import make
from tests.e2e import browser as browsing
from tests.e2e.browser import log_in

pytestmark = browsing.MARKS


def test_keys_become_votes_and_undo_takes_one_back(
    page: Page, live_server: LiveServer
) -> None:
    project = make.project(labels=("cat", "dog"))
    hostile = "<img src=x onerror=alert(1)>"
    make.ranked(
        project, [make.item(project, data={"text": f"{hostile} {n}"}) for n in range(9)]
    )
    said = log_in(page, live_server.url, make.member(project).user.username)
    page.goto(f"{live_server.url}/projects/{project.slug}/label/")
    expect(page.locator("#item article")).to_have_text(f"{hostile} 0")

    for key in "121":
        page.keyboard.press(key)
    expect(page.locator("#item article")).to_have_text(f"{hostile} 3")
    page.keyboard.press("z")
    page.keyboard.press("2")
    expect(page.locator("#saved")).to_have_text("saved", timeout=10_000)

    votes = Annotation.votes.filter(undone_at=None).order_by("item")
    assert [vote.labels for vote in votes] == [["cat"], ["dog"], ["dog"]]
    assert not [text for text in said if "Content Security Policy" in text]
