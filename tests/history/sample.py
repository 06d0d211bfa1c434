"""A small history that is sound, and how to make it otherwise."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from tests.history.checks.order import APART
from tests.history.record import (
    Event,
    Final,
    Item,
    Loan,
    Op,
    Promotion,
    Retrains,
    Run,
    Version,
    Vote,
)

History = list[Op]
Change = Callable[[History, Final], tuple[History, Final]]


def op(kind: str, user: str, at: float, **more: Any) -> Op:
    values: dict[str, Any] = {"outcome": "ok", "status": 200, "sent": {}, "got": {}}
    return Op(kind, user, at, at + 0.1, **{**values, **more})


def lease(user: str, at: float, assignment: int, item: int) -> Op:
    lent = {"assignment": assignment, "item": item, "expires_at": at + 60}
    return op("lease", user, at, sent={"count": 1}, got={"items": [lent]})


def submit(user: str, at: float, number: int, item: int, label: str = "x") -> Op:
    sent = {
        "client_id": f"c{number}",
        "assignment": number,
        "item": item,
        "labels": [label],
    }
    return op("submit", user, at, status=201, sent=sent, got={"id": number})


def act(kind: str, at: float, number: int = 4, item: int = 3, **more: Any) -> Op:
    sent = {"assignment": number, "item": item}
    got = {"state": "released"} if kind == "release" else {}
    return op(kind, "cleo", at, sent=sent, got=got, **more)


def told_nothing(user: str, at: float) -> Op:
    got = {"items": [], "reason": "all_lent"}
    return op("lease", user, at, sent={"count": 1}, got=got)


def look(at: float, *head: tuple[int, int, bool, float], **seen: int) -> Op:
    counts = {
        "fired": 0,
        "labels": 0,
        "runs": 0,
        "waiting": 0,
        "running": 0,
        "champions": 0,
    }
    return op("look", "watcher", at, got={**counts, "head": list(head), **seen})


def models(at: float, *champions: tuple[int, float]) -> Op:
    rows = [{"number": n, "stage": "champion", "at": since} for n, since in champions]
    return op("models", "eve", at, got={"versions": [1, 2], "champions": rows})


def change(how: str, at: float, number: int, serves: int, since: float) -> Op:
    got = {"number": serves, "stage": "champion", "at": since}
    return op(how, "eve", at, sent={"number": number}, got=got)


def sound() -> tuple[History, Final]:
    """Ada and Ben answer item 1 alike; Ada answers item 2 and edits that.

    Cleo flags item 3, gives it back, gets it anew and skips it. Version 1 is promoted
    by the gate, version 2 by Eve, who takes it back.
    """
    history = [
        lease("ada", 1, 1, 1),
        submit("ada", 2, 1, 1),
        lease("ben", 2, 2, 1),
        submit("ben", 3, 2, 1),
        lease("ada", 4, 3, 2),
        submit("ada", 5, 3, 2),
        op("edit", "ada", 6, sent={"annotation": 3, "version": 1, "labels": ["y"]}),
        lease("cleo", 3, 4, 3),
        act("flag", 3.2),
        act("release", 3.4),
        lease("cleo", 3.6, 4, 3),
        act("skip", 3.8),
        models(7, (1, 6.5)),
        change("promote", 8, 2, 2, 8.05),
        change("rollback", 9, 2, 1, 9.05),
        op("train", "eve", 10, got={"run": 2}),
    ]
    final = Final(
        overlap=2,
        min_votes=2,
        confidence=0.9,
        known=0,
        votes=(
            Vote(1, "c1", 1, "ada", 1, ("x",), 1, False),
            Vote(2, "c2", 1, "ben", 2, ("x",), 1, False),
            Vote(3, "c3", 2, "ada", 3, ("y",), 2, False),
        ),
        loans=(
            Loan(1, 1, "ada", 0, "answered", 1, 1.0, 1),
            Loan(2, 1, "ben", 1, "answered", 2, 1.0, 1),
            Loan(3, 2, "ada", 0, "answered", 4, 2.0, 1),
            Loan(4, 3, "cleo", 0, "skipped", 3.6, 3.0, 1),
        ),
        items=(
            Item(1, "settled", 2, 2, label=("x",), was_labeled=True),
            Item(2, "open", 1, 2),
            Item(3, "open", 0, 2, flags=1),
        ),
        counters={"votes": 3, "skips": 1, "flags": 1, "confident": 1, "corrected": 0},
        events=(
            Event("voted", 1, 1, 1),
            Event("voted", 1, 2, 2),
            Event("voted", 2, 3, 3),
            Event("edited", 2, 3, 3),
            Event("flagged", 3, 4),
            Event("released", 3, 4),
            Event("skipped", 3, 4),
        ),
        retrains=Retrains(first=1, growth=0.2, fired=1, labels=1, runs=((1, 1),)),
        runs=(
            Run(1, "done", 6.0, "promote", "promote", judged_bytes="a"),
            Run(2, "done", 7.0, "not better", "not better"),
        ),
        versions=(
            Version(1, 1, "champion", 9.05, by_person=True, judged="promote"),
            Version(2, 2, "archived", 8.05, by_person=True, judged="not better"),
        ),
        promotions=(
            Promotion(1, None, "a", run=1),
            Promotion(2, 1, "b"),
            Promotion(1, 2, "a"),
        ),
        scored_by=(1,),
    )
    return history, final


def of(final: Final, name: str, place: int, **changes: Any) -> Final:
    rows = list(getattr(final, name))
    rows[place] = replace(rows[place], **changes)
    changed: dict[str, Any] = {name: tuple(rows)}
    return replace(final, **changed)


def without(final: Final, kind: str) -> Final:
    kept = [event for event in final.events if event.kind != kind]
    return replace(final, events=tuple(kept))


def plus(final: Final, *events: Event) -> Final:
    return replace(final, events=(*final.events, *events))


def but(final: Final, **changes: Any) -> Final:
    return replace(final, **changes)


def passed_over(
    history: History, final: Final, user: str = "ben", *, rank: float = 9.0
) -> tuple[History, Final]:
    """Let item 8 stand at the head for 20 seconds while ``user`` gets others."""
    head = (8, 0, True, 5.0 - APART)
    looks = [look(at, head, runs=1, fired=1, labels=1) for at in range(20, 41, 2)]
    others = [
        Loan(100 + n, 100 + n, user, 0, "expired", 20.5 + n, rank - APART, 1)
        for n in range(20)
    ]
    return [*history, *looks], but(final, loans=(*final.loans, *others))
