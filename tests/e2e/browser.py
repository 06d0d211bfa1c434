"""A browser and the people who use it; shared by the browser tests."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

CHROMIUM = (
    os.environ.get("CHROMIUM")
    or shutil.which("chromium")
    or shutil.which("google-chrome")
)
# How fast a page answers is for the bench: here a busy machine has time.
expect.set_options(timeout=20_000)
MARKS = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(not CHROMIUM, reason="no Chromium: apt-get install chromium"),
]


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start the browser that the tests drive."""
    with sync_playwright() as play:
        started = play.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"]
        )
        yield started
        started.close()


def log_in(page: Page, url: str, name: str, password: str = "pw") -> list[str]:
    """Log a person in; return the list that the console's messages go to."""
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.goto(f"{url}/login/")
    page.fill("[name=username]", name)
    page.fill("[name=password]", password)
    page.click("main button")
    expect(page.get_by_role("heading", name="Projects")).to_be_visible()
    return said


@contextmanager
def person(browser: Browser, url: str, name: str) -> Iterator[Page]:
    """Give somebody a window of their own, logged in."""
    context = browser.new_context()
    page = context.new_page()
    said = log_in(page, url, name)
    yield page
    context.close()
    assert not [text for text in said if "Content Security Policy" in text]


# Milliseconds between keys: sooner than that the station takes one for a bounce.
PACE = 40
# The item of a station that is ready: it comes with the page, before the scripts.
READY = "#item:not([aria-busy])"
# What the station shows, or nothing while it shows no item.
SHOWN = f"""() => {{
  const image = document.querySelector("{READY} img");
  if (image) return new URL(image.src).pathname;
  return document.querySelector("{READY} article")?.textContent ?? null;
}}"""
CHANGED = f"before => ({SHOWN})() !== before"


def label_by_keyboard(page: Page, key_of: Callable[[str], str], most: int) -> int:
    """Press the right key for each item until none is left; return how many."""
    pressed = 0
    page.wait_for_function(
        f"() => ({SHOWN})() !== null || document.querySelector('#item.empty')"
    )
    while pressed < most and (shown := page.evaluate(SHOWN)) is not None:
        page.wait_for_timeout(PACE)
        page.keyboard.press(key_of(shown))
        page.wait_for_function(CHANGED, arg=shown)
        pressed += 1
        if page.evaluate(SHOWN) is None:
            page.wait_for_timeout(300)
    expect(page.locator("#saved")).to_have_text("saved", timeout=15_000)
    return pressed
