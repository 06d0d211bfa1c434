"""What a history is made of: operations as clients saw them, and how things ended."""

from __future__ import annotations

import json
import math
import threading
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Any, Literal

# A lease may pass an entry that another one holds locked; a paused or killed
# process holds its locks until it goes on, or until its connection is seen to end.
SLACK = 15.0

Outcome = Literal["ok", "refused", "unknown"]


@dataclass(frozen=True)
class Op:
    """One operation; ``unknown`` means that no answer came, or none that says."""

    kind: str
    user: str
    begun: float
    ended: float
    outcome: Outcome
    status: int = 0
    sent: dict[str, Any] = field(default_factory=dict)
    got: dict[str, Any] = field(default_factory=dict)


def of(history: Iterable[Op], kind: str, *outcomes: Outcome) -> Iterator[Op]:
    """Return the operations of a kind that ended so."""
    return (op for op in history if op.kind == kind and op.outcome in outcomes)


def grants(history: Iterable[Op]) -> dict[int, list[Op]]:
    """Return for each assignment the leases that lent it, or lent it anew."""
    granted: dict[int, list[Op]] = defaultdict(list)
    for op in of(history, "lease", "ok"):
        for item in op.got["items"]:
            granted[item["assignment"]].append(op)
    return granted


@dataclass(frozen=True)
class Vote:
    """An annotation as the database has it in the end."""

    id: int
    client_id: str
    item: int
    user: str
    assignment: int
    labels: tuple[str, ...]
    version: int
    is_undone: bool


@dataclass(frozen=True)
class Loan:
    """An assignment as the database has it in the end."""

    id: int
    item: int
    user: str
    slot: int
    state: str
    leased_at: float = 0.0
    rank: float | None = None
    generation: int = 0


@dataclass(frozen=True)
class Item:
    """An item as the database has it in the end; ``label`` is its current label."""

    id: int
    state: str
    votes: int
    wanted: int = 1
    flags: int = 0
    is_unsettled: bool = False
    label: tuple[str, ...] | None = None
    # Whether it ever got a label that counts toward a retrain.
    was_labeled: bool = False
    # How often its label was changed to another one, which counts as well.
    corrections: int = 0
    is_held_out: bool = False

    @property
    def wants_votes(self) -> bool:
        """Whether people may be asked for it: held-out ones also after they are settled."""
        is_checked = self.is_held_out and self.state == "settled" and self.votes > 0
        return self.state == "open" or is_checked


@dataclass(frozen=True)
class Event:
    """A fact of an item's history; ``client_id`` is that of an answer come too late."""

    kind: str
    item: int
    assignment: int | None
    annotation: int | None = None
    client_id: str = ""


@dataclass(frozen=True)
class Retrains:
    """The retraining: its policy, how often it fired, at which counts, and the runs."""

    first: int
    growth: float
    fired: int
    labels: int
    # (new confident labels, how many were due) of each run that labels started, in order
    runs: tuple[tuple[int, int], ...] = ()

    def due_after(self, labels: int) -> int:
        """Return how many labels fire it next, when it fired last at ``labels``."""
        if labels == 0:
            return self.first
        return labels + max(10, math.ceil(labels * self.growth))


@dataclass(frozen=True)
class Run:
    """A training run: what its row says came of it, and what its job says."""

    id: int
    state: str
    started_at: float = 0.0
    verdict: str = ""
    told: str = ""
    # The hash of the bytes that its gate judged, and the number of the champion then.
    judged_bytes: str = ""
    judged_against: int | None = None
    # The number of the version that it judged again; none where it trained one.
    judges: int | None = None


@dataclass(frozen=True)
class Promotion:
    """A change of what serves, by the gate of a run or, without one, by a person."""

    number: int
    before: int | None
    sha256: str
    run: int | None = None


@dataclass(frozen=True)
class Version:
    """A model as the registry has it; ``judged`` is what its evaluation says."""

    number: int
    run: int
    stage: str
    promoted_at: float | None = None
    by_person: bool = False
    judged: str = ""
    # Whether its file is there and is what it was.
    is_whole: bool = True


@dataclass(frozen=True)
class Final:
    """How things stood when all was quiet again."""

    overlap: int
    min_votes: int
    confidence: float
    # How many labels there are where a confidence is how likely one is, else 0.
    known: int
    votes: tuple[Vote, ...]
    loans: tuple[Loan, ...]
    items: tuple[Item, ...]
    counters: dict[str, int]
    events: tuple[Event, ...]
    retrains: Retrains
    runs: tuple[Run, ...] = ()
    versions: tuple[Version, ...] = ()
    # In their order.
    promotions: tuple[Promotion, ...] = ()
    # The versions that the items' scores come from.
    scored_by: tuple[int, ...] = ()
    # How many people answer a held-out item.
    evaluation_votes: int = 1
    open_jobs: tuple[str, ...] = ()
    # (kind, why) of those that failed.
    failed_jobs: tuple[tuple[str, str], ...] = ()
    # (item, slot) of what waits in the queue.
    queued: tuple[tuple[int, int], ...] = ()
    # Who was told in the very end that nothing is left, when nothing was to come.
    sent_home: tuple[str, ...] = ()


class Log:
    """Operations in memory and, a line each, in a file."""

    def __init__(self, path: Path) -> None:
        self.ops: list[Op] = []
        self._file: IO[str] = path.open("w", encoding="utf-8")
        self._lock = threading.Lock()

    def add(self, op: Op) -> None:
        with self._lock:
            self.ops.append(op)
            self._file.write(json.dumps(asdict(op)) + "\n")

    def close(self) -> None:
        self._file.close()
