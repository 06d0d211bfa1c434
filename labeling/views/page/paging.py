"""Page through lists: each page costs one query, however long the list is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

from django.db.models import Model, QuerySet
from django.http import HttpRequest

from labeling.views.page.scope import whole

SIZE: Final = 50
Row = TypeVar("Row", bound=Model)


@dataclass(frozen=True)
class Listing(Generic[Row]):
    """Some rows, with the query strings of the pages before and after them."""

    rows: Sequence[Row]
    back: str = ""
    more: str = ""


def newest_first(
    request: HttpRequest, rows: QuerySet[Row], *, size: int = SIZE
) -> Listing[Row]:
    """Return a page by key; rows that come in meanwhile do not shift it."""
    before = whole(request.GET.get("before"))
    rows = rows.order_by("-pk")
    page, has_more = _sliced(rows.filter(pk__lt=before) if before else rows, 0, size)
    back = _query(request, before="") if before else ""
    more = _query(request, before=page[-1].pk) if has_more else ""
    return Listing(page, back, more)


def by_page(
    request: HttpRequest, rows: QuerySet[Row], *, size: int = SIZE
) -> Listing[Row]:
    """Return a page by number: for short lists that have an order other than the key's."""
    number = min(whole(request.GET.get("page")), 10**6) or 1
    page, has_more = _sliced(rows, (number - 1) * size, size)
    back = _query(request, page=number - 1) if number > 1 else ""
    more = _query(request, page=number + 1) if has_more else ""
    return Listing(page, back, more)


def _sliced(rows: QuerySet[Row], start: int, size: int) -> tuple[list[Row], bool]:
    """Return ``size`` rows from ``start`` on, and whether others follow."""
    some = list(rows[start : start + size + 1])
    return some[:size], len(some) > size


def _query(request: HttpRequest, **changes: Any) -> str:
    """Return the query string with these changes; an empty value removes its name."""
    query = request.GET.copy()
    for name, value in changes.items():
        query[name] = str(value)
        if value == "":
            del query[name]
    return f"?{query.urlencode()}"
