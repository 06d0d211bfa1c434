"""A browser for each test of this folder."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from django.db import connection
from playwright.sync_api import Browser, Page

from tests.e2e.browser import chromium


@pytest.fixture(scope="module")
def one_chromium() -> Iterator[Browser]:
    """Start a browser once for the tests of a file: each has contexts of its own."""
    with pytest.MonkeyPatch.context() as patch, chromium() as started:
        # Playwright's sync API runs inside an event loop, which Django's guard dislikes.
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        yield started
        # Inside Playwright's loop Django has a connection of its own.
        connection.close()


@pytest.fixture
def browser(one_chromium: Browser, transactional_db: None) -> Iterator[Browser]:
    yield one_chromium
    for context in one_chromium.contexts:
        context.close()
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
