"""Plans that are kept: each query is planned once per connection."""

from __future__ import annotations

from typing import Any

import psycopg
from django.db.backends.signals import connection_created
from psycopg.types.datetime import TimestamptzLoader


def keep_plans() -> None:
    """Plan each query once per connection, from the next connection on; for the web.

    A plan that is kept must not read a whole table because the table was small when
    the plan was made: such a process looks up by index, always.
    """
    connection_created.connect(_keep_plans, dispatch_uid="lean")


def _keep_plans(connection: Any, **_: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SET enable_seqscan TO off; SET plan_cache_mode TO force_generic_plan"
        )
    # Prepare at the first run; psycopg waits for the fifth.
    connection.connection.prepare_threshold = 0
    # Django's own cursor writes the values into the text: each call would be another
    # statement, and no plan would ever be met again.
    # Values are sent apart from the query, and moments are read by compiled code.
    connection.quick = psycopg.Cursor(connection.connection)
    connection.quick.adapters.register_loader("timestamptz", TimestamptzLoader)
