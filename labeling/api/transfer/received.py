"""What a call sends that is read as it comes: a form's file, or a body of JSON lines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from django.utils.translation import gettext as _
from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser
from rest_framework.request import Request

from labeling.api.http.parsers import value_of
from labeling.errors import InvalidInputError


class LinesParser(BaseParser):
    """Leave a body of JSON lines unread: it is streamed to a file."""

    media_type = "application/x-ndjson"

    def parse(
        self,
        stream: Any,
        media_type: str | None = None,
        parser_context: Any = None,
    ) -> dict[str, Any]:
        """Return the stream as the file."""
        return {"stream": stream}


def _pieces(stream: Any, declared: str) -> Iterator[bytes]:
    """Yield a body as it comes; raise InvalidInputError where it ends too early.

    A connection that was cut looks like the end of the body: half a file would be
    imported as a whole one.
    """
    read = 0
    while piece := _piece(stream):
        read += len(piece)
        yield piece
    # Without a length the last chunk says that it is the last one.
    if declared.isdecimal() and read < int(declared):
        raise InvalidInputError(
            errors={
                "file": [
                    _("Only %(read)s of %(declared)s bytes came: send it again.")
                    % {"read": read, "declared": int(declared)}
                ]
            }
        )


def _piece(stream: Any) -> bytes:
    try:
        return bytes(stream.read(2**16))
    # The connection ended or was too slow, or what came are no chunks.
    except OSError as error:
        why = _("The file did not come whole: send it again.")
        raise InvalidInputError(errors={"file": [why]}) from error


def _chunks(request: Request) -> Any:
    """Return a body without a length, which the framework takes for none."""
    kind = request.content_type.partition(";")[0].strip()
    if kind != LinesParser.media_type:
        why = _("Send a form with its Content-Length, or a body of JSON lines.")
        raise InvalidInputError(errors={"file": [why]})
    return request.META["wsgi.input"]


def file_of(
    request: Request, body: Mapping[str, Any], name: str = "items.jsonl"
) -> tuple[str, Iterator[bytes]]:
    """Return the name and the bytes of what was sent: a form's file, or lines.

    Raises InvalidInputError where no file was sent.
    """
    stream = body.get("stream")
    length = request.META.get("CONTENT_LENGTH") or ""
    # Lines come as a stream; a form may have a text field of that name.
    if stream is not None and not isinstance(stream, str):
        return name, _pieces(stream, length)
    if request.META.get("wsgi.input_terminated") and not length:
        return name, _pieces(_chunks(request), length)
    file = body.get("file")
    if file is None or isinstance(file, str):
        raise InvalidInputError(errors={"file": [_("Send a file.")]})
    return file.name, file.chunks()


def object_of(raw: str, name: str, why: str) -> dict[str, Any]:
    """Return an option that is a JSON object. Raises InvalidInputError for another."""
    try:
        value = value_of(raw.encode())
    except (ParseError, UnicodeEncodeError):
        value = None
    if not isinstance(value, dict):
        raise InvalidInputError(errors={name: [why]})
    return value
