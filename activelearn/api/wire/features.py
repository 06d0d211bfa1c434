"""How the next model reads the data."""

from __future__ import annotations

from typing import Annotated

import msgspec

from activelearn.services.features.reading import Reading
from labeling.api.http.fields import Moment, ReplyData, about, one_of


class ReadColumn(ReplyData):
    """A column of the data, and what the sample showed of it."""

    name: Annotated[str, about("As in the data.")]
    read_as: Annotated[
        str,
        one_of(
            ["number", "boolean", "date", "category", "text", "image"],
            "Empty where it is not used.",
            or_empty=True,
        ),
    ]
    unused: Annotated[
        str,
        one_of(
            ["empty", "constant", "identifier"],
            "Why it is not used; empty where it is.",
            or_empty=True,
        ),
    ]
    missing: Annotated[int, about("Sampled rows without a value.")]
    distinct: Annotated[int, about("Different values in the sample.")]
    low: Annotated[str, about("The smallest number or the first date.")]
    high: Annotated[str, about("The largest number or the last date.")]
    values: Annotated[
        list[str],
        about(
            "Categories with a feature each, the commonest first; or what is constant."
        ),
    ]
    others: Annotated[int, about("Further categories, which share features.")]


class Features(ReplyData):
    """How the next model reads the data."""

    kind: Annotated[
        str,
        one_of(
            ["text", "image", "table"],
            "Empty for a table of which no row has been looked at.",
            or_empty=True,
        ),
    ]
    version: Annotated[int, about("Of the way in which this kind is read.")]
    sha256: Annotated[str, about("Of the specification.")]
    rows: Annotated[int, about("Rows of the table that were sampled.")]
    there: Annotated[int, about("Rows that the sample was drawn from.")]
    created_at: Annotated[Moment | None, about("When the sample was drawn.")]
    columns: Annotated[
        list[ReadColumn], about("All of a table; a text or a picture is one.")
    ]
    unread: Annotated[int, about("Items not read whole: see `items/?unread=yes`.")] = 0


def features_of(reading: Reading | None) -> Features:
    """Return how the data are read; empty before anybody has looked at them."""
    if reading is None:
        return Features("", 0, "", 0, 0, None, [])
    return Features(
        kind=reading.spec["kind"],
        version=reading.spec["version"],
        sha256=reading.sha256,
        rows=reading.rows,
        there=reading.there,
        created_at=reading.created_at,
        columns=[
            msgspec.convert(column, ReadColumn, from_attributes=True)
            for column in reading.columns
        ],
        unread=reading.unread,
    )
