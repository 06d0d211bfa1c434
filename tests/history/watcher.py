"""Looks at the head of the queue and at the learning, about once a second."""

from __future__ import annotations

import threading
import time
from typing import Any, Final

import psycopg

from tests.history.ending import link_to
from tests.history.record import Log, Op
from tests.running.machine import Machine

PAUSE: Final = 1.0
# Of first votes and of further votes each: a look at the head, not at the whole queue.
HEAD: Final = 60
_QUEUE = f"""
SELECT item_id, slot, is_first, rank FROM (
    (SELECT * FROM labeling_queueentry WHERE is_first ORDER BY rank, id LIMIT {HEAD})
    UNION ALL
    (SELECT * FROM labeling_queueentry WHERE NOT is_first ORDER BY rank, id LIMIT {HEAD})
) head
"""
_LEARNING = """
SELECT coalesce((SELECT fired FROM activelearn_retraintrigger), 0) AS fired,
       coalesce((SELECT label_count FROM activelearn_retraintrigger), 0) AS labels,
       (SELECT count(*) FROM activelearn_trainingrun WHERE trigger = 'labels') AS runs,
       (SELECT coalesce(sum(confident + corrected), 0)::int
        FROM labeling_projectcounter) AS counted,
       (SELECT count(*) FROM labeling_job
        WHERE kind = 'learn.train' AND state = 'queued') AS waiting,
       (SELECT count(*) FROM labeling_job
        WHERE kind = 'learn.train' AND state = 'running') AS running,
       (SELECT count(*) FROM activelearn_modelversion
        WHERE stage = 'champion') AS champions
"""


class Watcher(threading.Thread):
    """Logs what it sees until it is told to stop; a database that is away is not seen."""

    def __init__(self, machine: Machine, log: Log) -> None:
        super().__init__(daemon=True)
        self.machine, self.log = machine, log
        self.is_over = threading.Event()
        self.error: BaseException | None = None

    def run(self) -> None:
        try:
            while not self.is_over.wait(PAUSE):
                self.look()
        except BaseException as error:  # noqa: BLE001 (told by the main thread)
            self.error = error

    def look(self) -> None:
        begun = time.time()
        try:
            with link_to(self.machine) as link, link.transaction():
                link.execute(
                    "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY"
                )
                (seen,) = link.execute(_LEARNING).fetchall()
                head = [list(row.values()) for row in link.execute(_QUEUE)]
        except psycopg.OperationalError:
            return
        got: dict[str, Any] = {**seen, "head": head}
        self.log.add(Op("look", "watcher", begun, time.time(), "ok", 200, {}, got))

    def stop(self) -> None:
        """Stop, and say what went wrong."""
        self.is_over.set()
        self.join()
        if self.error is not None:
            raise self.error
