"""Columns of our own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import models

from labeling.messages import Message, as_json, from_json

if TYPE_CHECKING:
    _JSON = models.JSONField[Message | None, Message | None]
else:
    _JSON = models.JSONField


class MessageField(_JSON):
    """A message as JSON; a plain string is refused, for nobody could translate it."""

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> Any:
        """Return the message that the column holds."""
        kept = super().from_db_value(value, expression, connection)
        return None if kept is None else from_json(kept)

    def get_prep_value(self, value: Any) -> Any:
        """Return the message as it is kept; raise TypeError for anything else."""
        if value is None or hasattr(value, "as_sql"):
            return value
        if not isinstance(value, Message):
            raise TypeError(f"{self.name} takes a message, not {value!r}")
        return as_json(value)

    def value_to_string(self, obj: models.Model) -> Any:
        """Return what a fixture holds of it."""
        return self.get_prep_value(self.value_from_object(obj))
