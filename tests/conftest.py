"""What every test may use."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.db.backends.postgresql.operations import DatabaseOperations
from django.utils import translation
from hypothesis import settings as hypothesis_settings
from pytest_django.fixtures import Settings

from labeling.services.votes import counts
from tests.running.machine import open_folder

SMALL = 64 * 1024
FILLED = """
    SELECT relname, pg_relation_size(oid), reltuples FROM pg_class
    WHERE oid::regclass::text = ANY(%s) AND pg_relation_size(oid) > 0
"""
LONG = ("running", "browser", "long")
# A property says what holds, not how fast: the first call may import scikit-learn.
hypothesis_settings.register_profile("assay", deadline=None)
hypothesis_settings.load_profile("assay")


def pytest_configure() -> None:
    """Let Django make its test database from one that is migrated already."""
    if template := os.environ.get("TEST_TEMPLATE"):
        database = django_settings.DATABASES["default"]
        database.setdefault("TEST", {})["TEMPLATE"] = template


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes long, so that no process is left alone with it."""
    items.sort(key=lambda item: not any(map(item.get_closest_marker, LONG)))


@pytest.fixture(autouse=True)
def own_files(settings: Settings, tmp_path: Path) -> None:
    """Keep media, features and models of a test in its own folder."""
    settings.MEDIA_ROOT = tmp_path / "media"
    settings.LEARN_ROOT = tmp_path / "learn"
    settings.STORAGES = {
        "default": {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": str(tmp_path / "media")},
        },
        "staticfiles": {
            "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        },
    }
    # At once, and by no thread of its own.
    settings.WATCH_SECONDS = 0.0
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture(autouse=True, scope="session")
def quick_flush() -> Iterator[None]:
    """Empty the few small tables that a test has filled, row by row.

    ``TRUNCATE`` makes the files of some fifty tables and their indexes anew: a second.
    It stays the way where a table is large or was analyzed, for the planner of the next
    test would go by what is left of it.
    """
    if "TEST_TEMPLATE" not in os.environ:
        # Another server may not let us put its rules aside.
        yield
        return
    truncated = DatabaseOperations.sql_flush

    def sql_flush(
        own: DatabaseOperations, style: Any, tables: list[str], **options: Any
    ) -> list[str]:
        with own.connection.cursor() as cursor:
            cursor.execute(FILLED, [list(tables)])
            filled = cursor.fetchall()
        if any(size > SMALL or rows > 0 for _, size, rows in filled):
            return truncated(own, style, tables, **options)
        # All of them at once: no order of the foreign keys is to be kept.
        replica = "SET LOCAL session_replication_role = replica"
        return [replica, *(f'DELETE FROM "{name}"' for name, *_ in filled)]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(DatabaseOperations, "sql_flush", sql_flush)
        yield


@pytest.fixture
def folder() -> Iterator[Path]:
    """Give a home to a server of this test."""
    with open_folder() as path:
        yield path


@pytest.fixture
def exact_counts(db: None) -> Iterator[None]:
    """See after a test that every counter says what counting says."""
    yield
    assert counts.reconcile_all() == 0


@pytest.fixture(autouse=True)
def own_language() -> Iterator[None]:
    """Let no request of a test decide the language of the next one."""
    yield
    translation.deactivate()
