"""F17: the server is updated while somebody has the station open."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.browser import CHANGED, CHROMIUM, PACE, SHOWN, chromium, log_in
from tests.running.machine import until
from tests.running.test_installed import installed_earlier, update

pytestmark = [
    pytest.mark.running,
    pytest.mark.browser,
    pytest.mark.soak,
    pytest.mark.skipif(not CHROMIUM, reason="no Chromium: apt-get install chromium"),
]
COLD = 90_000


def answer(page: Page, times: int) -> None:
    for _ in range(times):
        page.wait_for_function(f"() => ({SHOWN})() !== null", timeout=COLD)
        shown = page.evaluate(SHOWN)
        # Sooner, and the station takes it for a key that was held too long.
        page.wait_for_timeout(PACE)
        page.keyboard.press("7")
        page.wait_for_function(CHANGED, arg=shown, timeout=COLD)


def test_f17_a_page_of_the_release_before_goes_on_with_the_new_one(
    folder: Path,
) -> None:
    person = installed_earlier(folder)
    with chromium() as browser:
        with person.running("up", folder=folder / "alone"):
            log = person.log.read_text()
            password = re.search(r"log in as ada with (\S+)", log)
            assert password is not None, log
            page = browser.new_page()
            url = f"http://127.0.0.1:{person.port}"
            log_in(page, url, "ada", password[1])
            page.goto(f"{url}/projects/digits/label/")
            answer(page, 2)
            until(lambda: person.votes("digits") == 2)
            page.evaluate("() => { window.isTheSame = true; }")
        # Nobody is there now: what is answered waits in the page.
        answer(page, 2)
        update(person, folder)
        with person.running():
            expect(page.locator("#saved")).to_have_text("saved", timeout=COLD)
            answer(page, 12)
            expect(page.locator("#saved")).to_have_text("saved", timeout=COLD)
            assert page.evaluate("() => window.isTheSame")
            until(lambda: person.votes("digits") == 16)
            page.reload()
            answer(page, 1)
            until(lambda: person.votes("digits") == 17)
