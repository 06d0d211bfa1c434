"""Objects are read a little before their turn, by several connections at once.

Most of the time that an object takes is the way to its server and back.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from queue import SimpleQueue
from typing import Final, Self

from labeling.services.transfer.sources import store
from labeling.services.transfer.sources.store import Listed, Store

# Connections, and objects that are in memory before their turn.
READERS: Final = 4
AHEAD: Final = 8


class ReadAhead:
    """Reads numbered objects in their order; a store is opened for each connection."""

    def __init__(self, open_store: Callable[[], Store]) -> None:
        self._pool = ThreadPoolExecutor(READERS, "objects")
        self._free: SimpleQueue[Store] = SimpleQueue()
        self._stores = [open_store() for _ in range(READERS)]
        for each in self._stores:
            self._free.put(each)
        self._waiting: deque[tuple[int, Listed]] = deque()
        self._begun: dict[int, Future[bytes]] = {}
        self._most = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        # What nobody asks for any more is not begun; what is begun has to end.
        self._pool.shutdown(cancel_futures=True)
        for each in self._stores:
            each.close()

    def begin(self, some: Sequence[tuple[int, Listed]], most: int) -> None:
        """Read these next, each up to ``most`` bytes; they are asked for in this order."""
        self._waiting, self._begun, self._most = deque(some), {}, most

    def content(self, number: int) -> bytes:
        """Return the bytes of an object, once.

        Raises ObjectChangedError where it is not the one that was listed, PlaceError
        where the server does not answer or refuses.
        """
        while self._waiting and (number not in self._begun or self._has_room()):
            next_number, listed = self._waiting.popleft()
            self._begun[next_number] = self._pool.submit(self._read, listed)
        return self._begun.pop(number).result()

    def _has_room(self) -> bool:
        return len(self._begun) < AHEAD

    def _read(self, listed: Listed) -> bytes:
        # As many stores as threads: one is always free.
        own = self._free.get()
        try:
            return store.content(own, listed, self._most)
        finally:
            self._free.put(own)
