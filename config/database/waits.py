"""How long the web waits for the database, and the database for a worker."""

from __future__ import annotations

from typing import Any, Final

from django.conf import settings
from django.db.backends.signals import connection_created

# Seconds. Longer than any step of a job computes within a transaction.
STANDSTILL: Final = 180


def limit_waits() -> None:
    """Let no statement of the web hold a thread for long, from the next connection on.

    A statement that is ended, or a lock that is not had in time, is answered by 503. An
    export sets a limit of its own.
    """
    connection_created.connect(_limit_waits, dispatch_uid="waits")


def end_standstills() -> None:
    """Let the database end what a worker has begun and left, from the next connection on.

    A worker that stands still within a transaction (its machine is paused) keeps the locks
    of its job: whoever takes the job over would wait for them as long as it does.
    """
    connection_created.connect(_end_standstills, dispatch_uid="standstills")


def _limit_waits(connection: Any, **_: Any) -> None:
    _set_limits(
        connection,
        statement_timeout=settings.WEB_STATEMENT_SECONDS,
        lock_timeout=settings.WEB_LOCK_SECONDS,
    )


def _end_standstills(connection: Any, **_: Any) -> None:
    _set_limits(connection, idle_in_transaction_session_timeout=STANDSTILL)


def _set_limits(connection: Any, **seconds: int) -> None:
    with connection.cursor() as cursor:
        for name, limit in seconds.items():
            cursor.execute(
                "SELECT set_config(%s, %s, false)", [name, f"{limit * 1000:d}"]
            )
