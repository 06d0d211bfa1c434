"""What goes wrong while people label: something is killed, paused, cut or expires."""

from __future__ import annotations

import itertools
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence

import psycopg

from tests.history.caller import Caller, Pace
from tests.history.ending import link_to
from tests.history.processes import children_of, command_of, paused, send
from tests.history.record import Log, Op
from tests.history.takeover import TakeOver
from tests.running.machine import PARTS, Machine

_EXPIRE = """
UPDATE labeling_assignment SET expires_at = now() - interval '1 second'
WHERE id IN (SELECT id FROM labeling_assignment WHERE state = 'leased'
             AND expires_at > now() ORDER BY random() LIMIT 20)
RETURNING id
"""


class Nemesis(threading.Thread):
    """Spreads ``faults`` evenly over the operations of a crowd."""

    def __init__(
        self,
        machine: Machine,
        crowd: Sequence[Caller],
        log: Log,
        pace: Pace,
        faults: int,
    ) -> None:
        super().__init__(daemon=True)
        self.machine, self.crowd, self.log, self.pace = machine, crowd, log, pace
        self.faults = faults
        self.done: Counter[str] = Counter()
        self.error: BaseException | None = None
        self.chance = random.Random(7)
        self.take_over = TakeOver(machine, self.chance)
        self.kinds: list[Callable[[], str]] = [
            *(self._killer(part) for part in PARTS),
            self.kill_web_process,
            self.pause_web_process,
            self.pause_database_process,
            self.take_over,
            self.cut,
            self.expire,
        ]

    def run(self) -> None:
        try:
            made = 0
            for number in itertools.count():
                due = (made + 1) * self.pace.wanted / (self.faults + 1)
                while self.pace.done < due:
                    if self.pace.is_over.wait(0.02):
                        return
                said = self._kind(number)()
                self.done[said] += 1
                # What was gone already, by an earlier fault, does not count.
                made += not said.startswith("none")
        except BaseException as error:  # noqa: BLE001 (told by the main thread)
            self.error = error
        finally:
            self.take_over.close()

    def _kind(self, number: int) -> Callable[[], str]:
        """Every kind once a round, in another order each time."""
        place = number % len(self.kinds)
        if place == 0:
            self.chance.shuffle(self.kinds)
        return self.kinds[place]

    def _killer(self, part: str) -> Callable[[], str]:
        return lambda: _kill(self.machine.pid_of(part), part)

    def kill_web_process(self) -> str:
        return _kill(self._web_process(), "a web process")

    def pause_web_process(self) -> str:
        return self._pause(self._web_process(), "a web process")

    def _web_process(self) -> int:
        return self.chance.choice(children_of(self.machine.pid_of("web")) or [0])

    def pause_database_process(self) -> str:
        """Stop one that serves a connection: its transaction stays open meanwhile."""
        server = self.machine.pid_of("database")
        serving = [
            pid for pid in children_of(server) if "assay [local]" in command_of(pid)
        ]
        return self._pause(self.chance.choice(serving or [0]), "a backend")

    def _pause(self, pid: int, what: str) -> str:
        with paused([pid]) as is_there:
            if is_there:
                time.sleep(self.chance.uniform(0.5, 3))
        return f"pause {what}" if is_there else f"none: {what} to pause is not there"

    def cut(self) -> str:
        for client in self.crowd:
            if self.chance.random() < 0.5:
                client.cut()
        return "cut connections"

    def expire(self) -> str:
        """End leases early; while the database is away nothing can be ended."""
        begun = time.time()
        try:
            with link_to(self.machine) as link:
                rows = link.execute(_EXPIRE).fetchall()
        except psycopg.OperationalError:
            return "none: no database to expire leases in"
        ended = [row["id"] for row in rows]
        seen = {"expired": ended}
        op = Op("expire", "nemesis", begun, time.time(), "ok", 200, {}, seen)
        self.log.add(op)
        return "expire leases"


def _kill(pid: int, what: str) -> str:
    return (
        f"kill {what}"
        if send(pid, signal.SIGKILL)
        else f"none: {what} to kill is not there"
    )
