"""Cells of a table that are not what their column is read as."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal, NamedTuple

from activelearn.core.cells import date_of, is_missing, number_of, text_of
from activelearn.core.columns import LARGEST

Spec = dict[str, Any]
Why = Literal["number", "large", "date", "boolean"]


class UnreadCell(NamedTuple):
    """A cell that counts as missing, or, where it is ``large``, as far out."""

    column: str
    value: str
    why: Why


def unread_cells(record: Mapping[str, object], spec: Spec) -> Iterator[UnreadCell]:
    """Yield the cells of a row that a specification of a table cannot read.

    A missing cell is none of them, and neither is a category that is new.
    """
    for column in spec["columns"]:
        value = record.get(column["name"])
        if not is_missing(value) and (why := _why(column, value)):
            yield UnreadCell(column["name"], text_of(value), why)


def _why(column: Spec, value: object) -> Why | None:
    kind = column["type"]
    if kind == "number":
        return _why_no_number(value)
    if kind == "date":
        return "date" if date_of(value, column["order"]) is None else None
    is_yes_or_no = kind != "boolean" or text_of(value).lower() in column["values"]
    return None if is_yes_or_no else "boolean"


def _why_no_number(value: object) -> Why | None:
    number = number_of(value)
    if number is None:
        return "number"
    return "large" if abs(number) > LARGEST else None
