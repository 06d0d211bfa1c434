"""Lists are read page by page, with a cursor that stays right while rows come."""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from collections.abc import Callable
from typing import Annotated, Any, Final, Generic, TypeVar

import msgspec
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from rest_framework.request import Request
from rest_framework.utils.urls import replace_query_param

from labeling import paging
from labeling.api.http.bodies import query_of
from labeling.api.http.fields import Body, ReplyData, about
from labeling.errors import NotFoundError
from labeling.models import Project
from labeling.paging import Cursor

Shown = TypeVar("Shown")
SIZE: Final = 50
MOST: Final = 1000
# What a cursor says in Base64: it reads towards the start, and beyond which key.
_CURSOR: Final = re.compile(r"(?P<back>r=1&)?p=(?P<key>[0-9]{1,18})")


class Page(ReplyData, Generic[Shown]):
    """Some rows of a list, and where the others are."""

    next: Annotated[str | None, about("The address of the page after this one.")]
    previous: Annotated[str | None, about("The address of the page before this one.")]
    results: Annotated[
        list[Shown], about("At most `limit` rows, in the order of the list.")
    ]


class PageQuery(Body):
    """Which page of a list; the paginator reads it."""

    cursor: Annotated[str, about("From `next` or `previous` of a page.")] = ""
    limit: Annotated[int, msgspec.Meta(ge=1, le=MOST, description="Rows per page.")] = (
        SIZE
    )


def page_of(
    rows: QuerySet[Any],
    request: Request,
    shown: Callable[[Any], Shown],
    *,
    project: Project | None = None,
) -> Page[Shown]:
    """Return the page of ``rows`` that a request asks for, each as ``shown``.

    ``project`` is for lists that are ordered by a value. Raises NotFoundError for a
    cursor that is none of the list, and InvalidInputError for a ``limit`` out of range.
    """
    asked = query_of(request.query_params, PageQuery)
    page = paging.page(rows, asked.limit, _cursor(asked.cursor), project=project)
    return Page(
        next=_link(request, page.next),
        previous=_link(request, page.previous),
        results=[shown(row) for row in page.rows],
    )


def _cursor(raw: str) -> Cursor | None:
    """Read a cursor; nothing at all is the first page."""
    try:
        text = b64decode(raw).decode("ascii")
    except ValueError:
        text = raw
    if not text:
        return None
    if (parts := _CURSOR.fullmatch(text)) is None:
        raise NotFoundError(_("There is no such page of this list."))
    return Cursor(int(parts["key"]), is_back=parts["back"] is not None)


def _link(request: Request, cursor: Cursor | None) -> str | None:
    if cursor is None:
        return None
    text = f"{'r=1&' if cursor.is_back else ''}p={cursor.key}"
    encoded = b64encode(text.encode()).decode()
    return replace_query_param(request.build_absolute_uri(), "cursor", encoded)
