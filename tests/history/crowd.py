"""Annotators who label over HTTP as fast as they can and log what they saw."""

from __future__ import annotations

import contextlib
import http.client
import json
import random
import socket
import threading
import time
import uuid
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tests.history.record import Log, Op, Outcome

SLUG = "p"
LABELS = ("x", "y", "z")


@dataclass
class Given:
    """A vote that was acknowledged."""

    id: int
    version: int
    body: dict[str, Any]
    item: int


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


class Client(threading.Thread):
    """One window of one annotator; ``cut`` takes its connection away at any moment."""

    def __init__(
        self, port: int, person: tuple[str, str], log: Log, pace: Pace
    ) -> None:
        super().__init__(daemon=True)
        self.port, self.log, self.pace = port, log, pace
        self.user, self.token = person
        self.chance = random.Random(f"{self.user}{id(self)}")
        self.link: http.client.HTTPConnection | None = None
        self.held: list[tuple[int, int]] = []
        self.given: list[Given] = []
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
        if not self.held:
            self.lease()
            return
        (act,) = self.chance.choices(
            (self.vote, self.vote_many, self.skip, self.release, self.flag, self.later),
            (60, 12, 4, 3, 1, 2),
        )
        act()
        if self.given and self.chance.random() < 0.15:
            (act,) = self.chance.choices(
                (self.edit, self.undo, self.replay, self.reuse), (4, 3, 4, 1)
            )
            act()

    def lease(self) -> None:
        count = self.chance.randint(1, 10)
        wanted = {"count": count}
        op = self.call("lease", "POST", "queue/lease/", wanted, wanted)
        items = op.got.get("items", [])
        self.held = [(one["assignment"], one["item"]) for one in items]
        if not items:
            time.sleep(0.2)

    def finish(self) -> bool:
        """Work until nothing is left for this person; return whether anything was."""
        wanted = {"count": 50}
        found = False
        deadline = time.monotonic() + 300
        while time.monotonic() < deadline:
            op = self.call("lease", "POST", "queue/lease/", wanted, wanted)
            items = op.got.get("items", [])
            if op.outcome == "ok" and not items:
                return found
            if items:
                self.submit([(one["assignment"], one["item"]) for one in items])
                found = True
        raise TimeoutError(f"{self.user} does not come to an end")

    def vote(self) -> None:
        self.submit([self.held.pop(0)])

    def vote_many(self) -> None:
        many, self.held = self.held[:5], self.held[5:]
        self.submit(many)

    def submit(self, loans: list[tuple[int, int]]) -> None:
        """Send votes until the server says what became of them."""
        votes = [
            {
                "assignment": assignment,
                "labels": [self._answer(item)],
                "client_id": str(uuid.uuid4()),
            }
            for assignment, item in loans
        ]
        items = dict(loans)
        while not self._sent(votes, items):
            if self.pace.is_over.is_set():
                return
            time.sleep(self.chance.uniform(0.05, 0.5))

    def _answer(self, item: int) -> str:
        right = LABELS[item % len(LABELS)]
        return right if self.chance.random() < 0.85 else self.chance.choice(LABELS)

    def _sent(self, votes: list[dict[str, Any]], items: dict[int, int]) -> bool:
        is_batch = len(votes) > 1
        begun = time.time()
        status, got = self.ask("POST", "annotations/", votes if is_batch else votes[0])
        ended = time.time()
        results = got.get("results") if is_batch else None
        is_told = status != 0 and status < 500
        for place, vote in enumerate(votes):
            code, row = status, got
            if results is not None:
                code = results[place]["status"]
                row = results[place].get("annotation", {})
            self.log.add(
                Op(
                    "submit",
                    self.user,
                    begun,
                    ended,
                    _outcome(code),
                    code,
                    {**vote, "item": items[vote["assignment"]]},
                    {"id": row["id"]} if code in (200, 201) else {},
                )
            )
            self.pace.count()
            if code in (200, 201):
                self.given.append(
                    Given(row["id"], row["version"], vote, items[vote["assignment"]])
                )
            is_told = is_told and code < 500
        return is_told

    def skip(self) -> None:
        self._give_back("skip")

    def release(self) -> None:
        self._give_back("release")

    def _give_back(self, how: str) -> None:
        assignment, item = self.held.pop(0)
        sent = {"assignment": assignment, "item": item}
        self.call(how, "POST", f"assignments/{assignment}/{how}/", {}, sent)

    def flag(self) -> None:
        assignment, item = self.held[0]
        sent = {"assignment": assignment, "item": item}
        self.call("flag", "POST", f"assignments/{assignment}/flag/", {}, sent)

    def later(self) -> None:
        """Leave the first one for later; its lease may end meanwhile."""
        self.held = self.held[1:] + self.held[:1]
        time.sleep(self.chance.uniform(0, 0.5))

    def edit(self) -> None:
        one = self.given.pop(self.chance.randrange(len(self.given)))
        label = self.chance.choice(LABELS)
        sent = {"annotation": one.id, "version": one.version, "labels": [label]}
        op = self.call(
            "edit", "PATCH", f"annotations/{one.id}/", {"labels": [label]}, sent
        )
        if op.outcome == "ok":
            self.given.append(Given(one.id, one.version + 1, one.body, one.item))

    def undo(self) -> None:
        one = self.given.pop(self.chance.randrange(len(self.given)))
        sent = {
            "annotation": one.id,
            "version": one.version,
            "assignment": one.body["assignment"],
            "item": one.item,
        }
        op = self.call("undo", "DELETE", f"annotations/{one.id}/", None, sent)
        if op.outcome == "ok":
            self.held.append((one.body["assignment"], one.item))

    def replay(self) -> None:
        one = self.chance.choice(self.given)
        self._sent([one.body], {one.body["assignment"]: one.item})
        self.given = self.given[-50:]

    def reuse(self) -> None:
        """Send another answer under a known ``client_id``: it must be refused."""
        one = self.chance.choice(self.given)
        body = {**one.body, "comment": "another answer"}
        self.call("mismatch", "POST", "annotations/", body, body)

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
        seen = _SEEN.get(kind, _nothing)(got) if status == 200 else {}
        op = Op(
            kind,
            self.user,
            begun,
            time.time(),
            _outcome(status),
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


def _outcome(status: int) -> Outcome:
    """An error of the server's says nothing of what it had done before."""
    if status == 0 or status >= 500:
        return "unknown"
    return "ok" if status < 300 else "refused"


def _nothing(got: dict[str, Any]) -> dict[str, Any]:
    return {}


def _state(got: dict[str, Any]) -> dict[str, Any]:
    return {"state": got["state"]}


def _lent(got: dict[str, Any]) -> dict[str, Any]:
    items = [
        {
            "assignment": one["assignment"],
            "item": one["item"]["id"],
            "expires_at": datetime.fromisoformat(one["expires_at"]).timestamp(),
        }
        for one in got["items"]
    ]
    return {"items": items, "reason": got["reason"]}


# What is kept of an answer, by the kind of call.
_SEEN = {"lease": _lent, "release": _state}
