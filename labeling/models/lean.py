"""Rows by hand-written SQL, as models: for the calls that people wait for.

Building a query by the ORM costs more processor time than running it does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from django.db import connection, models

Row = tuple[Any, ...]
Named = tuple[str, type[models.Model]]


@lru_cache(maxsize=64)
def columns(*named: Named) -> str:
    """Return the columns of some models, each under its table's name in the query."""
    return ", ".join(
        f'{name}."{field.column}"'
        for name, model in named
        for field in model._meta.concrete_fields  # noqa: SLF001 (Django's documented API)
    )


def fetch(query: str, values: Mapping[str, Any], *named: Named) -> list[Row]:
    """Run ``query``, which selects ``columns(*named)``; return a tuple of models a row.

    A model whose primary key is null is None, as from an outer join. Nothing is
    prepared: a plan that was made while the tables were empty scans them whole.
    """
    with connection.cursor() as cursor:
        cursor.execute(query, values)
        rows = cursor.fetchall()
    return [tuple(_models(row, named)) for row in rows]


def _models(row: Sequence[Any], named: Sequence[Named]) -> list[models.Model | None]:
    found: list[models.Model | None] = []
    start = 0
    for _, model in named:
        names, readers, key = _shape(model)
        values = list(row[start : start + len(names)])
        start += len(names)
        if values[key] is None:
            found.append(None)
            continue
        for place, read in readers:
            values[place] = read(values[place], None, connection)
        found.append(model.from_db(connection.alias, names, values))
    return found


@lru_cache(maxsize=64)
def _shape(model: type[models.Model]) -> tuple[list[str], list[tuple[int, Any]], int]:
    """Return a model's attributes, how values of some are read, and the key's place."""
    fields = model._meta.concrete_fields  # noqa: SLF001 (Django's documented API)
    readers = [
        (place, read)
        for place, field in enumerate(fields)
        for read in field.get_db_converters(connection)
    ]
    key = next(place for place, field in enumerate(fields) if field.primary_key)
    return [field.attname for field in fields], readers, key
