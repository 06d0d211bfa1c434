"""What a transaction waits for, and what it sees."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum
from pathlib import Path
from typing import Final

from django.db import InterfaceError, OperationalError, connection, transaction
from psycopg.errors import IdleInTransactionSessionTimeout

from labeling.errors import no_project
from labeling.models import Project
from labeling.sql import statements


class Turn(IntEnum):
    """What only one transaction at a time does: a namespace of advisory locks for each."""

    # Put entries into a project's queue.
    ORDER = 7001
    # Import into a project: the same rows in another order would deadlock.
    IMPORTS = 7002
    # Write a project's predictions, or let items go that one could be about.
    PREDICTIONS = 7003
    # Delete pictures, of all projects; imports share it to wait for that.
    PICTURES = 7004
    # Compute the features of a project's items that have none yet.
    FEATURES = 7005
    # Score a part of a project's pool.
    SCORES = 7006


# Seconds that an import may leave the database without a word within a transaction: its
# machine stands still, and whoever takes the import over waits for its turn.
STANDSTILL: Final = 180
# Seconds that whoever scores a part of a pool may leave it so; the part takes seconds.
IDLE: Final = 600
_SQL: Final = statements.load(Path(__file__).with_suffix(".sql"))
# Seconds between two looks whether a turn that is held has become free.
PAUSE: Final = 0.1


def await_turn(turn: Turn, project_id: int = 0, *, is_shared: bool = False) -> None:
    """Take an advisory lock until the commit: alone, or shared with others.

    The database ends the transaction of an import that stands still.
    """
    # A lock of the transaction: whatever ends it, a crash too, gives the lock back.
    lock = "pg_advisory_xact_lock" + ("_shared" if is_shared else "")
    with connection.cursor() as cursor:
        if turn is Turn.IMPORTS:
            limit = "SET LOCAL idle_in_transaction_session_timeout"
            cursor.execute(f"{limit} = '{STANDSTILL}s'")
        cursor.execute(f"SELECT {lock}(%s, %s)", [turn, project_id])


def end_standstills(seconds: float = STANDSTILL, idle: float = IDLE) -> int:
    """End sessions that stand still and that others wait for; return how many.

    seconds: of imports amid their rows. The limit of ``await_turn`` counts while the
    database waits for a statement, and not while it waits for the rows of one, of which
    those of a chunk come within a second. Whoever takes such an import over, and every
    other import of its project, waits for its turn until then. idle: of whoever scores a
    part of a pool, for which whoever publishes the scores waits.
    """
    with connection.cursor() as cursor:
        turns = {"imports": Turn.IMPORTS, "scores": Turn.SCORES}
        values = {"seconds": seconds, "idle": idle, **turns}
        cursor.execute(_SQL["end_standstills"], values)
        return len(cursor.fetchall())


def flush_later() -> None:
    """Let the commit not wait for the disk: for a part of a job.

    The log is written in order: the commits that wait, as the job's end and each vote,
    bring those before them to the disk too. Where a crash takes parts of a job that has
    not ended, the job runs again (PostgreSQL's documentation, Asynchronous Commit).
    """
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL synchronous_commit = off")


# What the driver raises where the database is away.
AWAY: Final = (InterfaceError, OperationalError)


@contextmanager
def held(turn: Turn, project_id: int) -> Iterator[None]:
    """Have a turn to oneself while the body runs, in no transaction.

    For what takes minutes: vacuum waits for the end of each transaction, also of one
    that only waits for its turn. Whoever loses the connection loses the turn, too, and
    another one begins: what is written then is looked at anew behind ``await_turn``.
    """
    while not _asked("pg_try_advisory_lock", turn, project_id):
        time.sleep(PAUSE)
    try:
        yield
    finally:
        _asked("pg_advisory_unlock", turn, project_id)


@contextmanager
def held_if_free(turn: Turn, number: int) -> Iterator[bool]:
    """Have a turn to oneself while the body runs, as ``held``; False: another has it."""
    # A lock takes 32 bits. Two numbers that share one wait for each other, no more.
    key = number % 2**31
    is_own = _asked("pg_try_advisory_lock", turn, key)
    try:
        yield is_own
    finally:
        if is_own:
            _asked("pg_advisory_unlock", turn, key)


def _asked(function: str, turn: Turn, project_id: int) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {function}(%s, %s)", [turn, project_id])
        return bool(cursor.fetchone()[0])


def is_cut_off(error: Exception) -> bool:
    """Whether the database was away, or has ended what stood still."""
    return isinstance(error, AWAY) or isinstance(
        error.__cause__, IdleInTransactionSessionTimeout
    )


def keep_project(project_id: int) -> Project | None:
    """Lock the project until the commit, so that nobody deletes it; None: it is gone."""
    # Not plain FOR UPDATE: each vote refers to the project, and the check of that
    # reference would wait for it.
    projects = Project.objects.select_for_update(no_key=True)
    return projects.filter(pk=project_id).first()


def lock_project(project_id: int) -> Project:
    """Lock the project until the commit and return it; raises NotFoundError if gone."""
    if (project := keep_project(project_id)) is None:
        raise no_project()
    return project


@contextmanager
def one_moment() -> Iterator[None]:
    """Read only, and all of it as of one moment.

    Durable: within another transaction the snapshot would outlive the reading.
    """
    with transaction.atomic(durable=True), connection.cursor() as cursor:
        # The transaction that a test is wrapped in has begun already.
        if not connection.savepoint_ids:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        yield
