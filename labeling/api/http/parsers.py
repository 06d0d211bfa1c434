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
_DOUBTFUL: Final = re.compile(rb"\\u0000|[0-9]{16}")


def value_of(raw: bytes) -> Any:
    """Return the value of a JSON text in UTF-8.

    Raises ParseError for what would later be an error of ours.
    """
    try:
        value = _decoder.decode(raw)
        problem = storable(value) if _is_doubtful(raw) else ""
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
