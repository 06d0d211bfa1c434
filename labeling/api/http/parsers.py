"""JSON that the database can hold: no NUL, no lone surrogate, no deep nesting."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

import msgspec
from django.utils.translation import gettext as _
from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser

from labeling.rules import MAX_DEPTH, storable

_decoder: Final = msgspec.json.Decoder()
# The decoder refuses all else that is no JSON, or no character, or no number.
# Lists, objects and values that are looked through one by one: a tenth of a second.
MOST_PARTS: Final = 100_000
_DOUBTFUL: Final = re.compile(rb"\\u0000|[0-9]{16}")


class TooManyPartsError(ParseError):
    """JSON of more parts than a call needs."""

    status_code = 413
    default_code = "too_large"

    def __init__(self) -> None:
        super().__init__(_("The JSON has too many parts."))


def value_of(raw: bytes) -> Any:
    """Return the value of a JSON text in UTF-8.

    Raises ParseError for what would later be an error of ours, a kind of it with 413 for
    more parts than can be looked through.
    """
    is_doubtful = _is_doubtful(raw)
    if is_doubtful and sum(map(raw.count, (b"[", b"{", b","))) > MOST_PARTS:
        raise TooManyPartsError
    try:
        value = _decoder.decode(raw)
        problem = storable(value) if is_doubtful else ""
    except RecursionError as error:
        raise ParseError(_("The JSON is nested too deeply.")) from error
    except (msgspec.MsgspecError, ValueError) as error:
        raise ParseError(_("This is not JSON: %(why)s") % {"why": error}) from error
    if problem:
        raise ParseError(str(problem))
    return value


def _is_doubtful(raw: bytes) -> bool:
    """Whether a value must be looked through: it takes far longer than to decode it."""
    is_deep = raw.count(b"[") + raw.count(b"{") > MAX_DEPTH
    return is_deep or _DOUBTFUL.search(raw) is not None


class StrictJSONParser(JSONParser):
    """Refuse with a 400 what would later be a 500."""

    def parse(
        self,
        stream: Any,
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        """Return the body's value."""
        return value_of(stream.read())
