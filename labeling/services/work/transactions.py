"""What a transaction waits for, and what it sees."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum
from typing import Final

from django.db import InterfaceError, OperationalError, connection, transaction
from psycopg.errors import IdleInTransactionSessionTimeout

from labeling.errors import no_project
from labeling.models import Project


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


# Seconds that an import may leave the database without a word within a transaction: its
# machine stands still, and whoever takes the import over waits for its turn.
STANDSTILL: Final = 180


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


# What the driver raises where the database is away.
AWAY: Final = (InterfaceError, OperationalError)


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
