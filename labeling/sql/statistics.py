"""The planner's statistics of tables that grow faster than they are looked at.

PostgreSQL looks at a table again a minute after it has grown (autovacuum). Until then a
large import meets plans for a table with hardly any rows: it reads all of them for each
chunk (at 30,000 rows 25 ms instead of 5).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from django.db import connection
from psycopg import sql

from labeling.sql import statements

# Fewer are read in a moment, by any plan.
FEWEST: Final = 1000  # rows

SQL: Final = statements.load(Path(__file__).with_name("statistics.sql"))


def refresh(tables: Sequence[str], rows: int) -> None:
    """Look at tables again of whose rows the statistics know less than half.

    rows: how many have just been written, which may be fewer than there are.
    """
    if rows < FEWEST:
        return
    with connection.cursor() as cursor:
        cursor.execute(SQL["behind"], {"tables": list(tables), "rows": rows})
        if behind := [sql.Identifier(name) for (name,) in cursor.fetchall()]:
            names = sql.SQL(", ").join(behind)
            # Whoever holds a table looks at it too, or makes an index: nobody waits.
            cursor.execute(sql.SQL("ANALYZE (SKIP_LOCKED) {}").format(names))
