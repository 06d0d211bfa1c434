"""JSON that the database can hold: no NUL, no lone surrogate, no deep nesting."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Never

from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser

from labeling.rules import storable


def value_of(raw: bytes) -> Any:
    """Return the value of a JSON text in UTF-8; refuse what would later be a 500."""
    try:
        value = json.loads(raw.decode(), parse_constant=_refuse)
        problem = storable(value)
    except RecursionError as error:
        raise ParseError("The JSON is nested too deeply.") from error
    except ValueError as error:
        raise ParseError(f"This is not JSON: {error}") from error
    if problem:
        raise ParseError(problem)
    return value


def _refuse(constant: str) -> Never:
    raise ValueError(f"{constant} is no JSON number")


class StrictJSONParser(JSONParser):
    """Refuse with a 400 what would later be a 500."""

    def parse(
        self,
        stream: Any,
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        """Return the body's value."""
        del media_type, parser_context
        return value_of(stream.read())
