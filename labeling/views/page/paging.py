"""Lists of pages: one query each, whatever the length of the list."""

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
    """Return a page by key, which stays right while rows come in."""
    before = whole(request.GET.get("before"))
    rows = rows.order_by("-pk")
    found = list((rows.filter(pk__lt=before) if before else rows)[: size + 1])
    more = _query(request, before=found[size - 1].pk) if len(found) > size else ""
    return Listing(found[:size], _query(request, before="") if before else "", more)


def by_page(
    request: HttpRequest, rows: QuerySet[Row], *, size: int = SIZE
) -> Listing[Row]:
    """Return a page by number, for short lists in an order of their own."""
    number = min(whole(request.GET.get("page")), 10**6) or 1
    found = list(rows[(number - 1) * size : number * size + 1])
    more = _query(request, page=number + 1) if len(found) > size else ""
    back = _query(request, page=number - 1) if number > 1 else ""
    return Listing(found[:size], back, more)


def _query(request: HttpRequest, **changes: Any) -> str:
    """Return the address's query with some of it changed; empty values go."""
    query = request.GET.copy()
    for name, value in changes.items():
        query[name] = str(value)
        if value == "":
            del query[name]
    return f"?{query.urlencode()}"
