"""Lists are read page by page, with a cursor that stays right while rows come."""

from __future__ import annotations

from rest_framework.pagination import CursorPagination as Base


class CursorPagination(Base):
    """Newest first; at most 1,000 rows a page."""

    page_size = 50
    page_size_query_param = "limit"
    max_page_size = 1000
    ordering = "-pk"
