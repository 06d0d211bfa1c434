"""Credentials at rest: unreadable without the key, and that is said in words."""

from __future__ import annotations

import base64

import pytest
from pytest_django.fixtures import Settings

from labeling.services.transfer.sources import sealing
from labeling.services.transfer.sources.sealing import SealError

VALUES = {"id": "AKID", "secret": "a very secret secret"}


def test_what_is_sealed_is_read_again_and_seen_by_nobody() -> None:
    first, second = sealing.seal(VALUES, "7"), sealing.seal(VALUES, "7")

    assert sealing.opened(first, "7") == sealing.opened(second, "7") == VALUES
    assert first != second
    for kept in (first.encode(), base64.b64decode(first)):
        assert b"secret" not in kept
        assert b"AKID" not in kept


def test_another_project_cannot_read_it() -> None:
    with pytest.raises(SealError):
        sealing.opened(sealing.seal(VALUES, "7"), "8")


@pytest.mark.parametrize("place", [0, 20, 30, -1])
def test_what_was_changed_is_not_read(place: int) -> None:
    kept = bytearray(base64.b64decode(sealing.seal(VALUES, "7")))
    kept[place] ^= 1

    with pytest.raises(SealError):
        sealing.opened(base64.b64encode(kept).decode(), "7")


def test_that_the_key_is_another_one_is_said(settings: Settings) -> None:
    kept = sealing.seal(VALUES, "7")
    settings.SECRET_KEY = "another one"

    with pytest.raises(SealError, match="SECRET_KEY is another one than when"):
        sealing.opened(kept, "7")


def test_a_key_of_before_still_reads(settings: Settings) -> None:
    kept = sealing.seal(VALUES, "7")
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another one"

    assert sealing.opened(kept, "7") == VALUES


@pytest.mark.parametrize("kept", ["", "x", "AAAA", "?" * 200])
def test_nonsense_is_refused(kept: str) -> None:
    with pytest.raises(SealError):
        sealing.opened(kept, "7")
