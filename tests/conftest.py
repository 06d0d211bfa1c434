"""What every test may use."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from django.utils import translation
from hypothesis import settings as hypothesis_settings
from pytest_django.fixtures import Settings

from labeling.services.votes import counts
from tests.running.machine import open_folder

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
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


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
