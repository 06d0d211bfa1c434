"""JSON that the database can hold: no NUL, no lone surrogate, no deep nesting."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser

from labeling.rules import storable


class StrictJSONParser(JSONParser):
    """Refuse with a 400 what would later be a 500."""

    def parse(
        self,
        stream: Any,
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        """Return the body's value."""
        try:
            value = super().parse(stream, media_type, parser_context)
            problem = storable(value)
        except RecursionError as error:
            raise ParseError("The JSON is nested too deeply.") from error
        if problem:
            raise ParseError(problem)
        return value
