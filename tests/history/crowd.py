"""Annotators who label over HTTP as fast as they can and log what they saw."""

from __future__ import annotations

import contextlib
import time
import uuid
from dataclasses import dataclass
from typing import Any, ClassVar

from tests.history.caller import Caller, moment, outcome_of
from tests.history.record import Op

LABELS = ("x", "y", "z")


@dataclass
class Given:
    """A vote that was acknowledged."""

    id: int
    version: int
    body: dict[str, Any]
    item: int


def _state(got: dict[str, Any]) -> dict[str, Any]:
    return {"state": got["state"]}


def _lent(got: dict[str, Any]) -> dict[str, Any]:
    items = [
        {
            "assignment": item["assignment"],
            "item": item["item"]["id"],
            "expires_at": moment(item["expires_at"]),
        }
        for item in got["items"]
    ]
    return {"items": items, "reason": got["reason"]}


class Client(Caller):
    """One window of one annotator."""

    kept: ClassVar = {"lease": _lent, "release": _state}

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.held: list[tuple[int, int]] = []
        self.given: list[Given] = []

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
        self.held = [(item["assignment"], item["item"]) for item in items]
        if not items:
            time.sleep(0.2)

    def work(self) -> int | None:
        """Answer the next 50 items; return how many there were, None if nobody says."""
        wanted = {"count": 50}
        op = self.call("lease", "POST", "queue/lease/", wanted, wanted)
        if op.outcome != "ok":
            return None
        items = [(item["assignment"], item["item"]) for item in op.got["items"]]
        if items:
            self.submit(items)
        return len(items)

    def finish(self) -> bool:
        """Work until nothing is left for this person; return whether anything was."""
        is_lent = False
        deadline = time.monotonic() + 300
        with contextlib.closing(self):
            while (count := self.work()) != 0:
                is_lent = is_lent or count is not None
                if time.monotonic() > deadline:
                    raise TimeoutError(f"{self.user} does not come to an end")
        return is_lent

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
                    outcome_of(code),
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
        vote = self.given.pop(self.chance.randrange(len(self.given)))
        label = self.chance.choice(LABELS)
        sent = {"annotation": vote.id, "version": vote.version, "labels": [label]}
        op = self.call(
            "edit", "PATCH", f"annotations/{vote.id}/", {"labels": [label]}, sent
        )
        if op.outcome == "ok":
            self.given.append(Given(vote.id, vote.version + 1, vote.body, vote.item))

    def undo(self) -> None:
        vote = self.given.pop(self.chance.randrange(len(self.given)))
        sent = {
            "annotation": vote.id,
            "version": vote.version,
            "assignment": vote.body["assignment"],
            "item": vote.item,
        }
        op = self.call("undo", "DELETE", f"annotations/{vote.id}/", None, sent)
        if op.outcome == "ok":
            self.held.append((vote.body["assignment"], vote.item))

    def replay(self) -> None:
        vote = self.chance.choice(self.given)
        self._sent([vote.body], {vote.body["assignment"]: vote.item})
        self.given = self.given[-50:]

    def reuse(self) -> None:
        """Send another answer under a known ``client_id``: it must be refused."""
        vote = self.chance.choice(self.given)
        body = {**vote.body, "comment": "another answer"}
        self.call("mismatch", "POST", "annotations/", body, body)
