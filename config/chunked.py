"""Bodies that come in chunks, without a declared length, as programs stream them.

Django takes a body without a length for none at all. Short ones are read here and get
their length; the file of an import stays a stream, which is counted as it comes.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterable
from typing import IO, Any, Final

from django.conf import settings
from gunicorn.http.errors import ParseException

CALLS: Final = "/api/"
IMPORT_CALL: Final = re.compile(r"^/api/projects/[^/]+/(?:imports|predictions)/$")
# What a form of somebody who has not logged in may have: names, passwords, an invitation.
STRANGERS: Final = 2**16

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class Chunks:
    """The file of an import; chunks that are none, or do not end, are an OSError."""

    def __init__(self, chunks: IO[bytes]) -> None:
        self._chunks = chunks

    def read(self, size: int) -> bytes:
        """Return the next bytes, fewer only at the end; raises OSError."""
        try:
            return self._chunks.read(size)
        except ParseException as error:
            raise OSError(str(error)) from error


def with_length(application: Application) -> Application:
    """Give requests in chunks a length, where the server knows the end of the body."""

    def served(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        is_open = "HTTP_TRANSFER_ENCODING" in environ
        if is_open and environ.get("wsgi.input_terminated"):
            _measure(environ)
        return application(environ, start)

    return served


def _measure(environ: dict[str, Any]) -> None:
    path, chunks = environ.get("PATH_INFO", ""), environ["wsgi.input"]
    if IMPORT_CALL.match(path):
        environ["wsgi.input"] = Chunks(chunks)
        return
    is_call = path.startswith(CALLS)
    most = settings.DATA_UPLOAD_MAX_MEMORY_SIZE if is_call else STRANGERS
    # One byte more is refused for its length, in words, like any other long body.
    body = chunks.read(most + 1)
    environ["CONTENT_LENGTH"] = str(len(body))
    environ["wsgi.input"] = io.BytesIO(body)
