"""A browser for each test of this folder."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from django.db import connection
from playwright.sync_api import Browser, Page

from tests.e2e.browser import chromium


@pytest.fixture
def browser(
    monkeypatch: pytest.MonkeyPatch, transactional_db: None
) -> Iterator[Browser]:
    # Playwright's sync API runs inside an event loop, which Django's guard dislikes.
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
    # One for each test: Django has another connection inside Playwright's loop, and
    # tests of the same file that need no browser would meet the wrong one.
    with chromium() as started:
        yield started
        connection.close()
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
