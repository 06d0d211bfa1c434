"""How long the web waits for the database before it says so."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db.backends.signals import connection_created


def limit_waits() -> None:
    """Let no statement of the web hold a thread for long, from the next connection on.

    A statement that is ended, or a lock that is not had in time, is answered by 503. An
    export sets a limit of its own.
    """
    connection_created.connect(_limit_waits, dispatch_uid="waits")


def _limit_waits(connection: Any, **_: Any) -> None:
    seconds = {
        "statement_timeout": settings.WEB_STATEMENT_SECONDS,
        "lock_timeout": settings.WEB_LOCK_SECONDS,
    }
    with connection.cursor() as cursor:
        for name, limit in seconds.items():
            cursor.execute(
                "SELECT set_config(%s, %s, false)", [name, f"{limit * 1000:d}"]
            )
