"""A crowd, a nemesis, and a judge of what they leave."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tests.history import ending
from tests.history.caller import SLUG, Caller, Pace
from tests.history.checker import check, summary
from tests.history.crowd import LABELS, Client
from tests.history.engineer import Engineer
from tests.history.nemesis import Nemesis
from tests.history.record import Log
from tests.history.watcher import Watcher
from tests.running.machine import Machine, until

POLICY = {
    "overlap": 3,
    "min_votes": 2,
    "confidence": 0.9,
    "lease_minutes": 1,
    # The judge counts votes; it does not know how often the people are right.
    "settled_by": "share",
}

PROJECT = f"/api/projects/{SLUG}/"
# Each may end with votes that do not agree, so that one more is wanted.
ROUNDS = 20


@dataclass(frozen=True)
class Report:
    """What happened and what was wrong with it."""

    violations: list[str]
    operations: int
    done: Counter[str]
    faults: dict[str, int]
    seconds: float
    words: str


def play(
    folder: Path, *, operations: int, faults: int, people: int = 8, items: int = 0
) -> Report:
    """Let ``people``, each in two windows, label while things go wrong; judge it."""
    machine = Machine(folder / "home")
    log = Log(folder / "history.jsonl")
    try:
        machine.start()
        engineer, *tokens = _set_up(machine, folder, people, items or operations)
        pace = Pace(operations)
        crowd = [
            Client(machine.port, token, log, pace) for token in tokens for _ in "ab"
        ]
        engineers = [Engineer(machine.port, engineer, log, pace) for _ in "ab"]
        nemesis = Nemesis(machine, [*crowd, *engineers], log, pace, faults)
        watcher = Watcher(machine, log)
        watcher.start()
        _learn_first(machine, crowd[:4:2])
        begun = time.monotonic()
        threads: list[Caller | Nemesis] = [*crowd, *engineers, nemesis]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
            if thread.error is not None:
                raise thread.error
        seconds = time.monotonic() - begun
        sent_home = _finish(machine, crowd[::2])
        ending.let_go(machine)
        ending.come_to_rest(machine)
        watcher.stop()
        final = ending.read(machine, sent_home)
        machine.stop()
    except Exception as error:
        error.add_note(ending.told_of(machine))
        raise
    finally:
        machine.kill_all()
        log.close()
    return Report(
        violations=check(log.ops, final),
        operations=len(log.ops),
        done=Counter(op.kind for op in log.ops if op.outcome == "ok"),
        faults=dict(nemesis.done),
        seconds=seconds,
        words=summary(log.ops),
    )


def _finish(machine: Machine, people: Sequence[Client]) -> list[str]:
    """Let people work until each is told that nothing is left; return who was.

    Nothing happens in the last round, so what they are told must be so in the end.
    """
    with ThreadPoolExecutor(len(people)) as pool:
        for _ in range(ROUNDS):
            ending.await_settled(machine)
            if not any(list(pool.map(Client.finish, people))):
                return [client.user for client in people]
    return []


def _set_up(
    machine: Machine, folder: Path, people: int, items: int
) -> list[tuple[str, str]]:
    """Make the project; return name and token of an engineer and of each person."""
    names = ["engineer", *(f"p{number}" for number in range(people))]
    machine.run("user", "create", "boss", "--manager")
    machine.run("user", "create", *names)
    said = machine.run("token", "boss", *names).split()
    machine.token, tokens = said[1], said[3::2]
    draft = {"name": SLUG, "slug": SLUG, "data_type": "text", "task_type": "single"}
    labels = [{"name": name} for name in LABELS]
    machine.sure("POST", "/api/projects/", {**draft, "labels": labels, **POLICY})
    for name in names:
        role = "engineer" if name == "engineer" else "annotator"
        machine.sure("POST", f"{PROJECT}members/", {"user": name, "role": role})
    file = folder / "rows.jsonl"
    with file.open("w", encoding="utf-8") as rows:
        for number in range(items):
            text = f"{LABELS[number % len(LABELS)]} says number {number}"
            rows.write(json.dumps({"external_id": str(number), "text": text}) + "\n")
    machine.run("import", SLUG, str(file))
    return list(zip(names, tokens, strict=True))


def _learn_first(machine: Machine, people: Sequence[Client]) -> None:
    """Let people label enough for two versions: one of them can be promoted."""

    def is_enough(versions: int) -> bool:
        machine.sure("POST", f"{PROJECT}training-runs/", {"reason": "to begin"})
        return len(machine.sure("GET", f"{PROJECT}models/")["results"]) >= versions

    def has_worked(client: Client) -> bool:
        # The server has closed a connection that stood idle: then nobody says.
        return client.work() is not None

    # Between two runs something is labeled: nobody learns twice from the same labels.
    for versions in (1, 2):
        for client in people:
            until(partial(has_worked, client))
        ending.await_settled(machine)
        until(partial(is_enough, versions))
