"""The browser that the tests of this folder drive."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator

import pytest
from django.db import connection
from playwright.sync_api import Browser, Page

from tests.e2e.browser import chromium


@pytest.fixture(scope="session")
def kept() -> Iterator[tuple[Browser, asyncio.AbstractEventLoop]]:
    """Start one browser for all tests: three seconds of a processor that each saves.

    Playwright's sync API runs inside an event loop, where Django has another connection
    than outside of it. The loop is put aside between the tests that drive the browser,
    or the tests beside them would meet the wrong connection.
    """
    with chromium() as started:
        loop = asyncio.get_running_loop()
        asyncio._set_running_loop(None)
        yield started, loop
        asyncio._set_running_loop(loop)


@pytest.fixture
def browser(
    monkeypatch: pytest.MonkeyPatch,
    transactional_db: None,
    kept: tuple[Browser, asyncio.AbstractEventLoop],
) -> Iterator[Browser]:
    # Django's guard dislikes the event loop.
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
    started, loop = kept
    asyncio._set_running_loop(loop)
    try:
        yield started
        for context in started.contexts:
            context.close()
        connection.close()
    finally:
        asyncio._set_running_loop(None)
    # What a page asked for last is still being answered, under this test's settings.
    for thread in threading.enumerate():
        if "process_request_thread" in thread.name:
            thread.join(10)
    # A kept-alive request of a page may still hold a session of the database.
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


@pytest.fixture
def page(browser: Browser) -> Page:
    return browser.new_page()
