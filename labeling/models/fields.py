"""Columns of our own."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from django.db import models
from django.db.models.fields.json import KeyTransformFactory
from django.db.models.functions import Cast
from psycopg.types.json import Json

from labeling.messages import Message, as_json, from_json

if TYPE_CHECKING:
    _JSON = models.JSONField[Message | None, Message | None]
    _Objects = models.JSONField[Any, Any]
    _Condition = models.Lookup[bool]
else:
    _JSON = _Objects = models.JSONField
    _Condition = models.Lookup


# As PostgreSQL writes JSON: only what has to be is escaped, so that words are found in it.
as_json_text: Final = partial(json.dumps, ensure_ascii=False)


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


class OrderedJSONField(_Objects):
    """An object whose keys stay in their order: PostgreSQL keeps the text as it is.

    ``jsonb``, which Django uses, sorts keys by their length.
    """

    def db_type(self, *_: Any, **__: Any) -> str:
        """Return PostgreSQL's type."""
        return "json"

    def get_db_converters(self, *_: Any, **__: Any) -> list[Any]:
        """Return nothing to be done: psycopg reads it."""
        return []

    def get_db_prep_value(self, value: Any, *_: Any, **__: Any) -> Any:
        """Return the object as psycopg writes it."""
        if value is None or hasattr(value, "as_sql"):
            return value
        return Json(value, dumps=as_json_text)

    def get_transform(self, lookup_name: str) -> Any:
        """Return how one key is looked up: by what compares, which ``json`` does not."""
        if known := models.Field.get_transform(self, lookup_name):
            return known
        look_up = KeyTransformFactory(lookup_name)
        return lambda column, *rest: look_up(Cast(column, models.JSONField()), *rest)


@OrderedJSONField.register_lookup
class Says(_Condition):
    """Whether one of the values has some words, in any case; the names of keys do not count."""

    lookup_name = "says"

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        """Return the condition: first what is quick and may be true of a key, too."""
        column, given = self.process_lhs(compiler, connection)
        like = connection.ops.prep_for_like_query
        inside = f"%{like(as_json_text(self.rhs)[1:-1])}%"
        quick = f"upper({column}::text) LIKE upper(%s)"
        return (
            f"({quick} AND labeling_says({column}, upper(%s)))",
            (*given, inside, *given, f"%{like(self.rhs)}%"),
        )


@OrderedJSONField.register_lookup
class Same(_Condition):
    """Whether it is the same object, in whatever order its keys are."""

    lookup_name = "exact"

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        """Return the condition by the type that compares."""
        column, given = self.process_lhs(compiler, connection)
        return f"{column}::jsonb = %s::jsonb", (*given, as_json_text(self.rhs))
