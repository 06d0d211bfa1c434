"""Which migrations the database has had, and which this Assay knows."""

from __future__ import annotations

from functools import cache
from typing import Final

from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

OURS: Final = ("labeling", "activelearn", "config")


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
