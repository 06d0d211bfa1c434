"""The tables: made in one step where there are none, and what migrations are known."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Final

from django.db import connection, transaction
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

OURS: Final = ("labeling", "activelearn", "config")
START: Final = Path(__file__).with_name("start.sql")
# Any number will do that nothing else locks.
_LOCK: Final = "SELECT pg_advisory_xact_lock(20261130)"


def begin(start: Path = START) -> bool:
    """Make the tables of ``start`` where the database has none; return whether it had none.

    Django takes a tenth of a second for each migration, mostly for its own picture of
    all models. What they make together is written down (``make tables``).
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_LOCK)
        if connection.introspection.table_names(cursor, include_views=True):
            return False
        # Functions name tables that come further down.
        cursor.execute("SET LOCAL check_function_bodies = off")
        cursor.execute(start.read_text(encoding="utf-8"))
    return True


def unknown() -> list[str]:
    """Return our migrations that a newer Assay has applied.

    They are told by their numbers: what an older Assay has applied may have another name
    today, or be a part of another migration.
    """
    applied = MigrationRecorder(connection).applied_migrations()
    newest = {app: name[:4] for app, name in _leaves() if app in OURS}
    return sorted(
        f"{app}.{name}"
        for app, name in applied
        if app in newest and name[:4] > newest[app]
    )


def is_behind() -> bool:
    """Whether a migration is still to be applied."""
    applied = MigrationRecorder(connection).applied_migrations().keys()
    if _leaves() <= set(applied):
        return False
    executor = MigrationExecutor(connection)
    return bool(executor.migration_plan(executor.loader.graph.leaf_nodes()))


@cache
def _leaves() -> frozenset[tuple[str, str]]:
    return frozenset(MigrationLoader(None).graph.leaf_nodes())
