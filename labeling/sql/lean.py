"""Rows by hand-written SQL, as models: for the calls that people wait for.

Building a query by the ORM costs more processor time than running it does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import psycopg
from django.db import DEFAULT_DB_ALIAS, connections, models
from django.db.models.base import ModelState

LeanRow = tuple[Any, ...]
Named = tuple[str, type[models.Model]]


@lru_cache(maxsize=64)
def columns(*named: Named) -> str:
    """Return the columns of some models, each under its table's name in the query."""
    return ", ".join(
        f'{name}."{field.column}"'
        for name, model in named
        for field in model._meta.concrete_fields
    )


def with_columns(query: str, *named: Named) -> str:
    """Return a query with each ``t.*`` replaced by the columns of the model named ``t``.

    A prepared statement fails when ``*`` means more columns than before, and a table may
    have them in another order than its model. So a file says ``*``, and a new column is
    written in one place, the model.
    """
    for name, model in named:
        query = query.replace(f"{name}.*", columns((name, model)))
    return query


def fetch(query: str, values: Mapping[str, Any], *named: Named) -> list[LeanRow]:
    """Run ``query``, which selects ``columns(*named)``; return a tuple of models a row.

    A model whose primary key is null is None, as from an outer join. Other columns that
    follow are returned as they are.
    """
    link = connections[DEFAULT_DB_ALIAS]
    # Django's cursor() would do these two; the quick cursor goes around it. Without
    # them the first call after a restart of the database meets a dead connection.
    link.close_if_health_check_failed()
    link.ensure_connection()
    with link.wrap_database_errors:
        rows = _rows(link, query, values)
    return [tuple(_models(row, named, link)) for row in rows]


def _rows(link: Any, query: str, values: Mapping[str, Any]) -> list[LeanRow]:
    """Run a query: where plans are kept, by the connection's own quick cursor."""
    quick: psycopg.Cursor | None = getattr(link, "quick", None)
    # A cursor belongs to one connection: one from before a reconnect is dead.
    if quick is not None and quick.connection is link.connection:
        return quick.execute(query, values).fetchall()
    with link.cursor() as cursor:
        cursor.execute(query, values)
        rows: list[LeanRow] = cursor.fetchall()
    return rows


def _models(row: Sequence[Any], named: Sequence[Named], link: Any) -> list[Any]:
    """Return the models of a row, then what follows their columns."""
    made: list[Any] = []
    start = 0
    for _, model in named:
        # By place, not by name: a statement lists all columns of a model in the order
        # of its fields, as ``columns`` does.
        names, readers, key = _shape(model)
        values = list(row[start : start + len(names)])
        start += len(names)
        if values[key] is None:
            made.append(None)
            continue
        for place, read in readers:
            values[place] = read(values[place], None, link)
        made.append(_made(model, dict(zip(names, values, strict=True)), link.alias))
    return [*made, *row[start:]]


def _made(
    model: type[models.Model], values: dict[str, Any], database: str
) -> models.Model:
    """Return a row as unpickling would: without ``__init__`` and signals of it."""
    state = ModelState()
    state.adding, state.db = False, database
    row = model.__new__(model)
    row.__dict__.update(values, _state=state)
    return row


@lru_cache(maxsize=64)
def _shape(model: type[models.Model]) -> tuple[list[str], list[tuple[int, Any]], int]:
    """Return a model's attributes, how values of some are read, and the key's place."""
    fields = model._meta.concrete_fields
    readers = [
        (place, read)
        for place, field in enumerate(fields)
        for read in field.get_db_converters(connections[DEFAULT_DB_ALIAS])
    ]
    key = next(place for place, field in enumerate(fields) if field.primary_key)
    return [field.attname for field in fields], readers, key
