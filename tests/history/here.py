"""How things stand in the database of a test, as the history's checks want it."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import connection
from psycopg.rows import dict_row

from tests.history import ending
from tests.history.record import Final


def read_here() -> Final:
    """Read everything that the checks need, in the transaction of the test."""
    connection.ensure_connection()
    return ending.read_with(_rows, settings.LEARN_ROOT.parent)


def _rows(query: str) -> list[dict[str, Any]]:
    with connection.connection.cursor(row_factory=dict_row) as cursor:
        return list(cursor.execute(query).fetchall())
