"""config/database/start.sql: all tables as the migrations make them, in one step.

``python -m tools.tables`` writes it; a test compares.
"""

from __future__ import annotations

import os
import re
import subprocess
from typing import Final

HEAD: Final = """-- What all migrations make of an empty database, in one step. Written by `make tables`.
"""
_NAMES: Final = (
    "COPY (SELECT app, name FROM django_migrations ORDER BY id) TO STDOUT CSV"
)
# Statements about the connection that wrote it, not about tables.
_OWN: Final = re.compile(
    r"--|\\(un)?restrict|SELECT pg_catalog\.set_config|"
    r"SET (\w+_timeout|client_\w+|default_table\w+|check_function_bodies|row_security|"
    r"standard_conforming_strings|xmloption) = "
)


def tables(address: str) -> str:
    """Return the statements that make a database like the one at ``address``.

    They name no schema: the tables come to be where the connection makes them.
    PostgreSQL words a view again that it has read from its own words, so what is returned
    is what it says after a second reading.
    Raises CalledProcessError where the database cannot be read or made again.
    """
    again = f"{address}_again"
    name = again.rpartition("/")[2]
    _output_of(
        "psql", "--command", f'CREATE DATABASE "{name}" TEMPLATE template0', address
    )
    try:
        late = "SET check_function_bodies = off;"
        _output_of(
            "psql", "--set=ON_ERROR_STOP=1", again, words=late + _statements(address)
        )
        return _statements(again)
    finally:
        _output_of("psql", "--command", f'DROP DATABASE "{name}"', address)


def _statements(address: str) -> str:
    whole = _output_of(
        "pg_dump", "--schema-only", "--no-owner", "--no-privileges", address
    )
    kept = [line for line in whole.splitlines() if not _OWN.match(line)]
    statements = re.sub(r"\n{2,}", "\n\n", "\n".join(kept)).strip()
    applied = ",\n".join(
        "    ('{}', '{}', now())".format(*row.split(","))
        for row in _output_of("psql", "--quiet", "--command", _NAMES, address).split()
    )
    return (
        f"{HEAD}\n{statements.replace('public.', '')}\n\n"
        f"INSERT INTO django_migrations (app, name, applied) VALUES\n{applied};\n"
    )


def _output_of(name: str, *options: str, words: str = "") -> str:
    from running.embedded.postgres import program

    done = subprocess.run(  # noqa: S603 (our own binary)
        [program(name), *options],
        input=words,
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout


def main() -> None:
    """Write what migrations make: the tests' own server has them."""
    from tests import cluster

    try:
        from config.database import schema

        migrated = f"{os.environ['DATABASE_URL'].rpartition('/')[0]}/{cluster.TEMPLATE}"
        schema.START.write_text(tables(migrated), encoding="utf-8")
    finally:
        cluster.pytest_unconfigure()


if __name__ == "__main__":
    main()
