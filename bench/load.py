"""Clients over HTTP, as light as they can be: the server is on the same machine."""

from __future__ import annotations

import asyncio
import json
import time
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4


@dataclass
class Client:
    """One connection that is kept open, with a person's token."""

    port: int
    token: str = ""
    host: str = "127.0.0.1"
    _streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def call(self, method: str, path: str, body: object = None) -> Any:
        """Send one request and return its JSON; any refusal is an error."""
        data = b"" if body is None else json.dumps(body).encode()
        head = (
            f"{method} {path} HTTP/1.1\r\nHost: {self.host}\r\n"
            f"Authorization: Token {self.token}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(data)}\r\n\r\n"
        )
        try:
            return await self._exchange(head.encode() + data)
        except (ConnectionError, asyncio.IncompleteReadError):
            self._streams = None  # the server had closed the idle connection
            return await self._exchange(head.encode() + data)

    async def _exchange(self, message: bytes) -> Any:
        if self._streams is None:
            self._streams = await asyncio.open_connection(self.host, self.port)
        reader, writer = self._streams
        writer.write(message)
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        length = int(head.split("content-length:")[1].split("\r\n")[0])
        body = await reader.readexactly(length)
        status = int(head.split(" ", 2)[1])
        if status >= 300:
            raise RuntimeError(f"{status}: {body[:300]!r}")
        if "connection: close" in head:
            writer.close()
            self._streams = None
        return json.loads(body)

    def close(self) -> None:
        """Hang up."""
        if self._streams is not None:
            self._streams[1].close()


@dataclass
class Times:
    """How long calls took, in seconds, by kind."""

    taken: dict[str, list[float]] = field(default_factory=dict)

    async def of(self, kind: str, call: Awaitable[Any]) -> Any:
        """Wait for a call and keep how long it took."""
        start = time.perf_counter()
        answer = await call
        self.taken.setdefault(kind, []).append(time.perf_counter() - start)
        return answer

    def percentile(self, share: float, *kinds: str) -> float:
        """Return a percentile in milliseconds."""
        known = sorted(t for kind in kinds for t in self.taken.get(kind, []))
        return 1000 * known[min(len(known) - 1, int(share * len(known)))]


def vote_for(lease: dict[str, Any], label: str) -> dict[str, Any]:
    """Return an answer to a lease."""
    return {
        "assignment": lease["assignment"],
        "labels": [label],
        "client_id": str(uuid4()),
        "seconds": 1.5,
    }


async def closed_loop(
    clients: Sequence[Client], seconds: float, once: Callable[[Client], Awaitable[None]]
) -> float:
    """Let every client repeat ``once``; return how many were done per second."""
    done = 0
    start = time.perf_counter()

    async def work(client: Client) -> None:
        nonlocal done
        while time.perf_counter() < start + seconds:
            await once(client)
            done += 1
        client.close()

    await asyncio.gather(*(work(client) for client in clients))
    return done / (time.perf_counter() - start)


async def open_loop(
    clients: Sequence[Client],
    moments: Sequence[float],
    once: Callable[[Client, float], Awaitable[None]],
) -> None:
    """Start ``once`` at each moment, whether or not the earlier ones have ended."""
    start = time.perf_counter()
    free = deque(clients)

    async def work(moment: float) -> None:
        due = start + moment
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        client = free.popleft()
        try:
            await once(client, due)
        finally:
            free.append(client)

    await asyncio.gather(*(work(moment) for moment in moments))
    for client in clients:
        client.close()
