"""Page through rows in an order: a page costs one query, however long the list is.

A page begins beyond a row that is named by its key alone, since the value by which the
list is ordered may be secret. Rows that come or go between two pages shift nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

from django.db.models import Model, Q, QuerySet

from labeling.errors import NotFoundError
from labeling.messages import sentence as _
from labeling.models import Project

ListedRow = TypeVar("ListedRow", bound=Model)
_NOTHING: Final = Q(pk__in=[])


@dataclass(frozen=True)
class Cursor:
    """The row that a page begins beyond: it follows it, or precedes it if ``is_back``."""

    key: int
    is_back: bool = False


@dataclass(frozen=True)
class RowsPage(Generic[ListedRow]):
    """Some rows, and where the pages after and before them begin."""

    rows: Sequence[ListedRow]
    next: Cursor | None
    previous: Cursor | None


def page(
    rows: QuerySet[ListedRow],
    size: int,
    cursor: Cursor | None = None,
    *,
    project: Project | None = None,
) -> RowsPage[ListedRow]:
    """Return at most ``size`` rows in their order, the newest first where they have none.

    A list that is ordered by a value takes one more query for a cursor, and names its
    ``project``. Raises NotFoundError where the row of such a cursor is gone or is of
    another project.
    """
    order = _order(rows)
    rows = rows.order_by(*order)
    is_back = cursor is not None and cursor.is_back
    if is_back:
        rows, order = rows.reverse(), [_turned(name) for name in order]
    if cursor:
        rows = rows.filter(_beyond(rows, order, cursor.key, project))
    some = list(rows[: size + 1])
    shown = some[:size][:: -1 if is_back else 1]
    is_more = (len(some) > size, cursor is not None)
    has_next, has_previous = is_more[::-1] if is_back else is_more
    keys = [row.pk for row in shown] or [cursor.key if cursor else 0]
    return RowsPage(
        shown,
        next=Cursor(keys[-1]) if has_next else None,
        previous=Cursor(keys[0], is_back=True) if has_previous else None,
    )


def _order(rows: QuerySet[Any]) -> list[str]:
    """Return the order of the rows, which ends with the key: it parts equal values."""
    order = [str(name) for name in rows.query.order_by] or ["-pk"]
    return order if order[-1].endswith("pk") else [*order, "pk"]


def _turned(name: str) -> str:
    return name.removeprefix("-") if name.startswith("-") else f"-{name}"


def _beyond(
    rows: QuerySet[Any], order: Sequence[str], key: int, project: Project | None
) -> Q:
    """Return which rows come after the row ``key`` in an order."""
    values: Sequence[Any] | None = (key,)
    if len(order) > 1:
        at = rows.model._default_manager.filter(pk=key, project=project)
        values = at.values_list(*(name.lstrip("-") for name in order)).first()
    if values is None:
        raise NotFoundError(_("There is no such page of this list."))
    beyond = _NOTHING
    for name, value in reversed(list(zip(order, values, strict=True))):
        beyond = _further(name, value) | (_same(name, value) & beyond)
    return beyond


def _same(name: str, value: object) -> Q:
    path = name.lstrip("-")
    return Q((f"{path}__isnull", True)) if value is None else Q((path, value))


def _further(name: str, value: object) -> Q:
    """Return which values come after one: PostgreSQL takes null for the greatest."""
    path, is_falling = name.lstrip("-"), name.startswith("-")
    if value is None:
        return Q((f"{path}__isnull", False)) if is_falling else _NOTHING
    return Q((f"{path}__lt", value)) if is_falling else ~Q((f"{path}__lte", value))
