"""The station in a real browser, on a real server: keys become votes, once each."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator

import pytest
from django.db import connection
from playwright.sync_api import Page, expect, sync_playwright
from pytest_django.live_server_helper import LiveServer

from labeling.models import Annotation, User
from tests import make

CHROMIUM = (
    os.environ.get("CHROMIUM")
    or shutil.which("chromium")
    or shutil.which("google-chrome")
)
pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.xdist_group("browser"),
    pytest.mark.skipif(not CHROMIUM, reason="no Chromium: apt-get install chromium"),
]


@pytest.fixture
def page(monkeypatch: pytest.MonkeyPatch, transactional_db: None) -> Iterator[Page]:
    # Playwright's sync API runs inside an event loop, which Django's guard dislikes.
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
    with sync_playwright() as play:
        browser = play.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"]
        )
        yield browser.new_page()
        browser.close()
    # A kept-alive request of the page may still hold a session of the database.
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


def log_in(page: Page, server: LiveServer, who: User) -> list[str]:
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.goto(f"{server.url}/login/")
    page.fill("[name=username]", who.username)
    page.fill("[name=password]", "pw")
    page.click("main button")
    expect(page.get_by_role("heading", name="Projects")).to_be_visible()
    return said


def test_keys_become_votes_and_undo_takes_one_back(
    page: Page, live_server: LiveServer
) -> None:
    project = make.project(labels=("cat", "dog"))
    hostile = "<img src=x onerror=alert(1)>"
    make.ranked(
        project, [make.item(project, data={"text": f"{hostile} {n}"}) for n in range(9)]
    )
    said = log_in(page, live_server, make.member(project).user)
    page.goto(f"{live_server.url}/projects/{project.slug}/label/")
    expect(page.locator("#item article")).to_have_text(f"{hostile} 0")

    for key in "121":
        page.keyboard.press(key)
    expect(page.locator("#item article")).to_have_text(f"{hostile} 3")
    page.keyboard.press("z")
    page.keyboard.press("2")
    expect(page.locator("#saved")).to_have_text("saved", timeout=10_000)

    votes = Annotation.objects.filter(undone_at=None).order_by("item")
    assert [vote.labels for vote in votes] == [["cat"], ["dog"], ["dog"]]
    assert not [text for text in said if "Content Security Policy" in text]
