"""Cells of a table by their kind, as `cells.js` shows them in the station.

Both are tested with the same cases: tests/cells.json, cells-shown.json and cells-long.json.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from django import template

from labeling.models import Item, Membership, Project
from labeling.services.queue import naming

# What JavaScript takes for white space; Python knows some more.
_SPACE: Final = r"\t-\r \u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff"
_FORMS: Final = {
    # Not what begins with a zero: that is a code of something.
    "number": r"[+-]?(0|[1-9]\d*|[1-9]\d{0,2}(,\d{3})+)?(\.\d+)?(?<=\d)(e[+-]?\d+)?",
    "boolean": r"true|false",
    "date": r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?)?",
    "link": rf"https?://[^{_SPACE}]+",
}
_KINDS: Final = [
    (kind, re.compile(form, re.ASCII if kind == "date" else re.ASCII | re.IGNORECASE))
    for kind, form in _FORMS.items()
]
# From here on JavaScript writes numbers with an exponent.
_LARGE: Final = 1e21
_SMALL: Final = 1e-6
# How many characters or lines a cell shows before a button shows the rest.
_LETTERS: Final = 480
_LINES: Final = 6
register = template.Library()


@dataclass(frozen=True)
class Cell:
    """A column with its value: in words, and what kind of value it is."""

    name: str
    words: str
    kind: str
    is_true: bool = False
    is_long: bool = False
    # Where it names its zone; the page shows it in the reader's.
    moment: datetime | None = None


def kind_of(value: object) -> str:
    """Return what a value is; files without types have all of them as text."""
    if value is None or value == "":
        return "none"
    if isinstance(value, dict | list):
        return "nested"
    words = value_in_words(value)
    return next((kind for kind, form in _KINDS if form.fullmatch(words)), "text")


def value_in_words(value: object) -> str:
    """Return a value in words, none of them ours."""
    if value is None or value == "":
        return "–"
    if isinstance(value, str):
        return value
    if isinstance(value, float):
        return _number(value)
    return json.dumps(_plain(value), ensure_ascii=False, indent=2)


def _number(value: float) -> str:
    """Return a number as JavaScript writes it."""
    if value.is_integer() and abs(value) < _LARGE:
        return str(int(value))
    if _SMALL <= abs(value) < _LARGE:
        return format(Decimal(repr(value)), "f")
    return re.sub(r"e([+-])0*", r"e\1", repr(value))


def _plain(value: object) -> object:
    """Return a value without the decimals that say nothing, such as those of 2.0."""
    if isinstance(value, dict):
        return {name: _plain(part) for name, part in value.items()}
    if isinstance(value, list):
        return [_plain(part) for part in value]
    is_whole = isinstance(value, float) and value.is_integer() and abs(value) < _LARGE
    return int(value) if is_whole and isinstance(value, float) else value


def _is_long(words: str) -> bool:
    # JavaScript counts a character beyond the first 65,536 as two.
    letters = len(words.encode("utf-16-le")) // 2
    return letters > _LETTERS or words.count("\n") >= _LINES


def _moment(words: str) -> datetime | None:
    """Return the moment that a date names, if it names its zone."""
    try:
        moment = datetime.fromisoformat(words)
    except ValueError:
        # No such day, or no such hour: it is shown as it stands.
        return None
    return moment if moment.tzinfo else None


@register.filter
def cells(row: dict[str, Any]) -> list[Cell]:
    """Return the cells of a row in the order of the data."""
    return [
        Cell(
            name,
            words,
            kind,
            is_true=words.lower() == "true",
            is_long=_is_long(words),
            moment=_moment(words) if kind == "date" else None,
        )
        for name, value in row.items()
        for words, kind in [(value_in_words(value), kind_of(value))]
    ]


@register.filter
def beside(item: Item, project: Project) -> dict[str, Any]:
    """Return what the project wants to be seen beside an item, in its order.

    A column of the data comes before one of the metadata that is called the same; what
    the item does not have is left out, and so is what a table shows anyway.
    """
    is_table = project.data_type == Project.DataType.TABLE
    further = item.metadata if is_table else {**item.metadata, **item.data}
    return {
        name: further[name]
        for name in project.beside
        if further.get(name) not in (None, "") and not (is_table and name in item.data)
    }


@register.filter
def name_for(item: Item, member: Membership) -> str:
    """Return what an item is called for a member who has to answer it."""
    return naming.name_of(member, item)
