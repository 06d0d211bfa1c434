"""Whoever calls the server by its API and logs what it said."""

from __future__ import annotations

import contextlib
import http.client
import json
import random
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar

from tests.history.record import Log, Op, Outcome

SLUG = "p"


@dataclass
class Pace:
    """How many operations are wanted and how many are done, for all clients."""

    wanted: int
    done: int = 0
    is_over: threading.Event = field(default_factory=threading.Event)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def count(self) -> None:
        with self.lock:
            self.done += 1
            if self.done >= self.wanted:
                self.is_over.set()


class Caller(threading.Thread):
    """Takes step after step; ``cut`` takes its connection away at any moment.

    ``kept`` says what of an answer is logged, by the kind of call.
    """

    kept: ClassVar[dict[str, Callable[[dict[str, Any]], dict[str, Any]]]] = {}

    def __init__(
        self, port: int, person: tuple[str, str], log: Log, pace: Pace
    ) -> None:
        super().__init__(daemon=True)
        self.port, self.log, self.pace = port, log, pace
        self.user, self.token = person
        self.chance = random.Random(f"{self.user}{id(self)}")
        self.link: http.client.HTTPConnection | None = None
        self.error: BaseException | None = None

    def run(self) -> None:
        try:
            while not self.pace.is_over.is_set():
                self.step()
        except BaseException as error:  # noqa: BLE001 (told by the main thread)
            self.error = error
        finally:
            self.close()

    def step(self) -> None:
        """Do the next thing."""
        raise NotImplementedError

    def call(
        self,
        kind: str,
        method: str,
        path: str,
        body: object,
        sent: dict[str, Any] | None = None,
    ) -> Op:
        begun = time.time()
        version = (sent or {}).get("version")
        status, got = self.ask(method, path, body, version)
        keep = self.kept.get(kind)
        seen = keep(got) if keep and status in (200, 202) else {}
        op = Op(
            kind,
            self.user,
            begun,
            time.time(),
            outcome_of(status),
            status,
            sent or {},
            seen,
        )
        self.log.add(op)
        self.pace.count()
        if op.outcome == "unknown":
            time.sleep(self.chance.uniform(0.05, 0.3))
        return op

    def ask(
        self, method: str, path: str, body: object, version: int | None = None
    ) -> tuple[int, dict[str, Any]]:
        """Return status and answer; status 0 where no answer came."""
        headers = {
            "Authorization": f"Token {self.token}",
            "Content-Type": "application/json",
        }
        if version is not None:
            headers["If-Match"] = f'"{version}"'
        text = None if body is None else json.dumps(body)
        if self.link is None:
            self.link = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            self.link.request(method, f"/api/projects/{SLUG}/{path}", text, headers)
            answer = self.link.getresponse()
            raw = answer.read()
        except (OSError, http.client.HTTPException):
            self.close()
            return 0, {}
        try:
            got = json.loads(raw)
        except ValueError:
            got = {}
        return answer.status, got if isinstance(got, dict) else {}

    def cut(self) -> None:
        """Take the connection away, whatever is on its way; called from outside."""
        link = self.link
        if link is not None and link.sock is not None:
            with contextlib.suppress(OSError):
                link.sock.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        if self.link is not None:
            self.link.close()
            self.link = None


def outcome_of(status: int) -> Outcome:
    """An error of the server's says nothing of what it had done before."""
    if status == 0 or status >= 500:
        return "unknown"
    return "ok" if status < 300 else "refused"


def moment(text: str) -> float:
    """Return a time of the API in seconds."""
    return datetime.fromisoformat(text).timestamp()
