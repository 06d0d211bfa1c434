"""Objects are read before their turn: in order, at once, and never too many."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import IO

import pytest

from labeling.services.transfer.sources import ahead as reading
from labeling.services.transfer.sources.ahead import ReadAhead
from labeling.services.transfer.sources.store import (
    Listed,
    ObjectChangedError,
    Tell,
    changed,
)

SOME = [(number, Listed(str(number), "", 9, None)) for number in range(20)]


class SlowStore:
    """A store that takes its time, and counts who is in it."""

    lock = threading.Lock()
    inside = most_inside = begun = closed = 0

    def pages(self, after: str = "") -> Iterator[list[Listed]]:
        yield []

    def pieces(self, listed: Listed) -> Iterator[bytes]:
        kind = SlowStore
        with self.lock:
            kind.begun += 1
            kind.inside += 1
            kind.most_inside = max(kind.most_inside, kind.inside)
        time.sleep(0.02)
        with self.lock:
            kind.inside -= 1
        if listed.key == "7":
            raise changed(listed.key)
        yield listed.key.encode()

    def write(
        self, key: str, file: IO[bytes], size: int, sha256: str, tell: Tell
    ) -> None:
        raise NotImplementedError

    def close(self) -> None:
        SlowStore.closed += 1


@pytest.fixture(autouse=True)
def fresh() -> None:
    SlowStore.inside = SlowStore.most_inside = SlowStore.begun = SlowStore.closed = 0


def test_each_object_is_what_it_is_and_several_are_read_at_once() -> None:
    with ReadAhead(SlowStore) as ahead:
        ahead.begin(SOME[:7], 9)
        contents = [ahead.content(number) for number, _listed in SOME[:7]]

    assert contents == [listed.key.encode() for _number, listed in SOME[:7]]
    assert 1 < SlowStore.most_inside <= reading.READERS
    assert SlowStore.closed == reading.READERS


def test_no_more_is_read_than_fits() -> None:
    with ReadAhead(SlowStore) as ahead:
        ahead.begin(SOME, 9)
        ahead.content(0)
        time.sleep(0.2)

        assert SlowStore.begun == reading.AHEAD


def test_what_cannot_be_read_says_so_in_its_turn() -> None:
    with ReadAhead(SlowStore) as ahead:
        ahead.begin(SOME[6:9], 9)

        assert ahead.content(6) == b"6"
        with pytest.raises(ObjectChangedError):
            ahead.content(7)
        assert ahead.content(8) == b"8"


def test_what_is_passed_over_is_no_hindrance() -> None:
    with ReadAhead(SlowStore) as ahead:
        ahead.begin(SOME, 9)

        assert ahead.content(15) == b"15"


def test_what_nobody_asks_for_any_more_is_not_begun() -> None:
    with ReadAhead(SlowStore) as ahead:
        ahead.begin(SOME, 9)
        ahead.content(0)

    assert SlowStore.begun <= reading.AHEAD
