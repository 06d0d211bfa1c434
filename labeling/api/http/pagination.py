"""Lists are read page by page, with a cursor that stays right while rows come."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Annotated, Any, Generic, TypeVar

import msgspec
from django.db.models import Q, QuerySet
from rest_framework.exceptions import NotFound
from rest_framework.pagination import Cursor
from rest_framework.pagination import CursorPagination as Base
from rest_framework.request import Request

from labeling.api.http.fields import Answer, about
from labeling.models import Project

Shown = TypeVar("Shown")


class Page(Answer, Generic[Shown]):
    """Some rows of a list, and where the others are."""

    next: Annotated[str | None, about("The address of the page after this one.")]
    previous: Annotated[str | None, about("The address of the page before this one.")]
    results: list[Shown]


class PageQuery(msgspec.Struct):
    """Which page of a list; the paginator reads it."""

    cursor: Annotated[str, about("From `next` or `previous` of a page.")] = ""
    limit: Annotated[int, msgspec.Meta(ge=1, le=1000, description="Rows per page.")] = (
        50
    )


class CursorPagination(Base):
    """Newest first; at most 1,000 rows a page."""

    page_size = 50
    page_size_query_param = "limit"
    max_page_size = 1000
    ordering = "-pk"

    def page_of(
        self, rows: Any, request: Request, shown: Callable[[Any], Shown]
    ) -> Page[Shown]:
        """Return the page of ``rows`` that a request asks for, each as ``shown``."""
        some: list[Any] = self.paginate_queryset(rows, request) or []
        return Page(
            next=self.get_next_link(),
            previous=self.get_previous_link(),
            results=[shown(row) for row in some],
        )

    def decode_cursor(self, request: Request) -> Cursor | None:
        """Return the cursor of an address; its position is always a key."""
        cursor = super().decode_cursor(request)
        place = cursor.position if cursor else None
        if place is not None and not re.fullmatch("[0-9]{1,18}", str(place)):
            raise NotFound(self.invalid_cursor_message)
        return cursor


class InOrder(CursorPagination):
    """Rows of a project by a value and then by key, however many share the value.

    The order is that of the rows. A cursor names the key alone: the value may be
    something that is not to be told.
    """

    def __init__(self, project: Project) -> None:
        self.project = project

    def paginate_queryset(
        self, queryset: Any, request: Request, view: object = None
    ) -> list[Any]:
        """Return a page, and keep which others there are."""
        self.base_url = request.build_absolute_uri()
        size = self.get_page_size(request) or self.page_size
        cursor = self.decode_cursor(request) or Cursor(0, reverse=False, position=None)
        if cursor.position is not None:
            queryset = queryset.filter(self._beyond(queryset, cursor))
        rows = queryset.reverse() if cursor.reverse else queryset
        page = list(rows[: size + 1])
        self.page = page[:size][:: -1 if cursor.reverse else 1]
        more = (len(page) > size, cursor.position is not None)
        self.has_next, self.has_previous = more[::-1] if cursor.reverse else more
        return self.page

    def _beyond(self, rows: QuerySet[Any], cursor: Cursor) -> Q:
        """Return which rows come after a row, or before it."""
        order = str(rows.query.order_by[0])
        path, is_falling = order.lstrip("-"), order.startswith("-") != cursor.reverse
        at = rows.model.objects.filter(pk=cursor.position, project=self.project)
        value = at.values_list(path, flat=True).first()
        if value is None:
            raise NotFound(self.invalid_cursor_message)
        further = Q((f"{path}__{'lt' if is_falling else 'gt'}", value))
        side = "lt" if cursor.reverse else "gt"
        return further | Q((path, value), (f"pk__{side}", cursor.position))

    def get_next_link(self) -> str | None:
        """Return the address of the page after this one."""
        return self._link(-1, reverse=False) if self.has_next else None

    def get_previous_link(self) -> str | None:
        """Return the address of the page before this one."""
        return self._link(0, reverse=True) if self.has_previous else None

    def _link(self, at: int, *, reverse: bool) -> str | None:
        if not self.page:
            return None
        return self.encode_cursor(Cursor(0, reverse, self.page[at].pk))
