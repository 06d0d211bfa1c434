"""Kinds of fields that bodies and replies share, each with its limits.

A field's type says what is allowed and what it means: it is decoded by it, refused by
it, and the schema is made from it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Annotated, Any, ClassVar, Final, Literal, Self, get_args, get_origin

import msgspec
from django.utils.translation import gettext_noop as noop
from msgspec import Meta

MOST_NAMES: Final = 1000
# As long as the longest name that is stored: an item's external id.
LONGEST_NAME: Final = 200


class Body(msgspec.Struct):
    """What is sent; unless a body forbids them, unknown fields are ignored.

    ``unknown`` says of such a field what is wrong with it. ``is_lax``: numbers and
    booleans may be in quotes. ``or_nothing`` names fields in which 0, false and what is
    empty stand for null, and ``may_be_wrong_empty`` parameters of an address that are
    not left out where they are empty.
    """

    unknown: ClassVar[str] = noop("Not something to change here.")
    is_lax: ClassVar[bool] = False
    or_nothing: ClassVar[frozenset[str]] = frozenset()
    may_be_wrong_empty: ClassVar[frozenset[str]] = frozenset()

    @classmethod
    def eased(cls, value: Mapping[str, Any]) -> dict[str, Any]:
        """Return, as its fields want it, what is not written so and accepted too.

        It is asked for only where a body does not fit: what fits costs nothing more.
        """
        return {
            name: None if name in cls.or_nothing and not sent else sent
            for name, sent in value.items()
        }

    @classmethod
    def declared(cls) -> type[Self]:
        """Return the type with all its fields; some are declared elsewhere."""
        return cls


class ReplyData(msgspec.Struct):
    """The body of a reply."""

    @classmethod
    def declared(cls) -> type[Self]:
        """Return the type with all its fields; some are declared elsewhere."""
        return cls


def one_of(values: Iterable[str], about: str = "", *, or_empty: bool = False) -> Meta:
    """Return what a text field needs that takes one of ``values``, or is empty."""
    listed = [*([""] if or_empty else []), *map(str, values)]
    return Meta(
        pattern=rf"\A(?:{'|'.join(map(re.escape, listed))})\Z",
        description=about or None,
        extra_json_schema={"enum": listed},
        extra={"one_of": ", ".join(filter(None, listed))},
    )


def literals(kind: Any) -> list[str]:
    """Return the values of a type made of literals, without the empty one."""
    if get_origin(kind) is Literal:
        return [value for value in get_args(kind) if value]
    return [value for part in get_args(kind) for value in literals(part)]


def text(most: int, about: str = "") -> Meta:
    """Return what a text field needs: its length in characters, and what it means."""
    return Meta(max_length=most, description=about or None)


def about(words: str) -> Meta:
    """Return what a field means, for the schema."""
    return Meta(description=words)


def checked_later(least: int, most: int, about: str = "") -> Meta:
    """Return the limits of a number that a service checks, in words of its own."""
    return Meta(
        description=about or None,
        extra_json_schema={"minimum": least, "maximum": most},
    )


Key = Annotated[int, Meta(ge=1, le=2**63 - 1, extra={"words": noop("An id.")})]
Text = Annotated[str, text(5000)]
SentName = Annotated[str, Meta(max_length=LONGEST_NAME)]
Names = Annotated[list[SentName], Meta(max_length=MOST_NAMES)]
Share = Annotated[float, Meta(ge=0, le=1)]
# With its zone; without one msgspec tells no `date-time` in the schema.
Moment = Annotated[datetime, Meta(tz=True)]
Count = Annotated[int, Meta(ge=0)]
# Whatever an import brought: of a text ``{text, …}``, of a picture ``{image, …}``, of a
# table its columns.
Columns = Annotated[
    dict[str, Any],
    about("Free: `{text, …}`, `{image, …}` or the columns of a table's row."),
]

# What many replies name, each described once.
ItemId = Annotated[int, about("The server's number of an item, as in `items/{id}/`.")]
LabelName = Annotated[str, about("A label, by its name in the label set in force.")]
LabelNames = Annotated[
    list[str],
    about("Labels by name; empty: the item has none, or none of the set fits it."),
]
AccountName = Annotated[str, about("The name that a person logs in with.")]
VersionNumber = Annotated[int, about("Counted from 1 in each project.")]
Added = Annotated[Moment, about("When it was made or asked for.")]
Started = Annotated[
    Moment | None, about("When a worker took it up; null while it waits.")
]
Finished = Annotated[Moment | None, about("When it ended; null until then.")]
