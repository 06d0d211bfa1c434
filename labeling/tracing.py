"""What the answers and the log call the request that is worked on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

# Empty outside of a request.
REQUEST_ID: Final[ContextVar[str]] = ContextVar("request_id", default="")


@contextmanager
def caused_by(request_id: str) -> Iterator[None]:
    """Log what is done within under the name of the request that caused it."""
    token = REQUEST_ID.set(request_id)
    try:
        yield
    finally:
        REQUEST_ID.reset(token)
