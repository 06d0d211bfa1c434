"""The lists of pages, with links to what comes before and after."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final, Generic

from django.db.models import QuerySet
from django.http import HttpRequest

from labeling import paging
from labeling.errors import NotFoundError
from labeling.models import Project
from labeling.paging import Cursor, ListedRow
from labeling.views.page.scope import whole

SIZE: Final = 50
# In an address: the key of the row that stands before the page, or after it.
NAMES: Final = ("before", "after")


@dataclass(frozen=True)
class Listing(Generic[ListedRow]):
    """Some rows, with the query strings of the pages before and after them."""

    rows: Sequence[ListedRow]
    back: str = ""
    more: str = ""


def listing(
    request: HttpRequest,
    rows: QuerySet[ListedRow],
    *,
    size: int = SIZE,
    project: Project | None = None,
    names: tuple[str, str] = NAMES,
) -> Listing[ListedRow]:
    """Return the page that an address names; the first where nothing is left there.

    ``project`` is for lists that are ordered by a value; a second list on one page has
    ``names`` of its own.
    """
    before, after = (whole(request.GET.get(name)) for name in names)
    cursor = Cursor(before or after, is_back=not before) if before or after else None
    page = _page(rows, size, cursor, project)
    return Listing(
        page.rows,
        back=_query(request, names, page.previous),
        more=_query(request, names, page.next),
    )


def _page(
    rows: QuerySet[ListedRow], size: int, cursor: Cursor | None, project: Project | None
) -> paging.RowsPage[ListedRow]:
    with suppress(NotFoundError):
        page = paging.page(rows, size, cursor, project=project)
        if page.rows or cursor is None:
            return page
    return paging.page(rows, size)


def _query(request: HttpRequest, names: Sequence[str], cursor: Cursor | None) -> str:
    """Return the query string of another page; empty where there is none."""
    if cursor is None:
        return ""
    query: Any = request.GET.copy()
    for name in names:
        query.pop(name, None)
    query[names[cursor.is_back]] = str(cursor.key)
    return f"?{query.urlencode()}"
