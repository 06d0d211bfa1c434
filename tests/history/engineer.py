"""An engineer who has models trained, promotes them and takes them back, all the time."""

from __future__ import annotations

import time
from typing import Any, ClassVar

from tests.history.caller import Caller, moment


def _serving(got: dict[str, Any]) -> dict[str, Any]:
    at = moment(got["promoted_at"]) if got["promoted_at"] else None
    return {"number": got["number"], "stage": got["stage"], "at": at}


def _models(got: dict[str, Any]) -> dict[str, Any]:
    rows = [_serving(row) for row in got["results"]]
    champions = [row for row in rows if row["stage"] == "champion"]
    return {"versions": [row["number"] for row in rows], "champions": champions}


def _run(got: dict[str, Any]) -> dict[str, Any]:
    return {"run": got["id"]}


class Engineer(Caller):
    """One window of an engineer, who knows the models seen last."""

    kept: ClassVar = {
        "models": _models,
        "promote": _serving,
        "rollback": _serving,
        "train": _run,
    }
    known: tuple[int, ...] = ()

    def step(self) -> None:
        acts = [(self.look, 6), (self.train, 1)]
        if self.known:
            acts += [(self.promote, 3), (self.roll_back, 2)]
        (act,) = self.chance.choices(*zip(*acts, strict=True))
        act()
        time.sleep(self.chance.uniform(0.1, 0.4))

    def look(self) -> None:
        op = self.call("models", "GET", "models/?limit=1000", None)
        self.known = tuple(op.got.get("versions", self.known))

    def promote(self) -> None:
        self._change("promote")

    def roll_back(self) -> None:
        self._change("rollback")

    def _change(self, how: str) -> None:
        number = self.chance.choice(self.known)
        self.call(how, "POST", f"models/{number}/{how}/", {}, {"number": number})

    def train(self) -> None:
        self.call("train", "POST", "training-runs/", {"reason": "to see"})
