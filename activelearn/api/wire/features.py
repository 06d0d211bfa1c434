"""How the next model reads the data, and by which representation."""

from __future__ import annotations

from typing import Annotated, ClassVar

import msgspec

from activelearn.api.wire.judging.figures import Estimate
from activelearn.core import representations
from activelearn.models import RepresentationChoice
from activelearn.services.features import choices
from activelearn.services.features.offers import Offer, OfferState
from activelearn.services.features.reading import Reading
from labeling.api.http.fields import (
    Body,
    Moment,
    ReplyData,
    about,
    literals,
    one_of,
    text,
)
from labeling.models.policy import MAX_SOURCE


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


class ChosenBody(Body):
    """By what the items are to be read."""

    name: Annotated[
        str,
        text(
            20,
            f"Of a representation that is ready, or `{choices.BY_ACCURACY}`: the comparisons choose.",
        ),
    ]


class AddedBody(Body):
    """An encoder to add."""

    or_nothing: ClassVar = frozenset({"source"})

    name: Annotated[str, text(20, "Of a representation that is offered.")]
    source: (
        Annotated[
            str,
            text(
                MAX_SOURCE,
                "Of `vectors`: the source of predictions with embeddings; left out, those of the items. Of `program` and `folder`: its name.",
            ),
        ]
        | None
    ) = None


class AddressBody(Body):
    """An address that makes vectors of texts."""

    or_nothing: ClassVar = frozenset({"key"})

    url: Annotated[
        str,
        text(500, "As `https://api.example.com/v1`: `/embeddings` is asked below it."),
    ]
    model: Annotated[str, text(200, "The name of the model there.")]
    key: (
        Annotated[str, text(500, "Its key: encrypted, and never told again.")] | None
    ) = None


class Representation(ReplyData):
    """A way to read a project's items."""

    name: Annotated[str, about("Its name.")]
    state: Annotated[
        str,
        one_of(
            literals(OfferState),
            "Ready to be chosen, offered to be added, waiting for its encoder to see items, or missing its file on the server.",
        ),
    ]
    is_in_force: Annotated[bool, about("The next order and version read by it.")]
    is_chosen: Annotated[
        bool, about("It is in force once its encoder has seen enough items.")
    ]
    is_added: Annotated[bool, about("Somebody has added its encoder.")]
    columns: Annotated[int, about("Of a row; 0 until it is known.")]
    accuracy: Annotated[Estimate | None, about("In the last comparison.")]
    seen: Annotated[
        int | None,
        about("Items that a slow encoder has seen, or that have a vector; else null."),
    ]
    per_second: Annotated[
        int, about("Short texts or pictures that a processor reads in a second.")
    ]
    source: Annotated[
        str,
        about(
            "Of vectors: the source that they came with; of a program or a table: its name."
        ),
    ]
    megabytes: Annotated[float, about("Of its file.")]
    license: Annotated[str, about("Of its encoder.")]


class Representations(ReplyData):
    """The representations of a project, and what was compared last."""

    is_by_hand: Annotated[bool, about("Somebody has chosen: comparisons do not.")]
    labels: Annotated[int, about("That the last comparison was made on.")]
    due: Annotated[int, about("Confident labels that cause the next comparison.")]
    items: Annotated[int, about("Of the project.")]
    representations: Annotated[list[Representation], about("None of a table.")]


def representations_of(
    offers: list[Offer], last: RepresentationChoice | None
) -> Representations:
    """Return offers as the API returns them."""
    least = 2 * last.label_count if last else 0
    return Representations(
        is_by_hand=last is not None and last.is_by_hand,
        labels=last.items if last and last.compared else 0,
        due=max(representations.FEWEST, least),
        items=offers[0].total if offers else 0,
        representations=[_representation_of(offer) for offer in offers],
    )


def _representation_of(offer: Offer) -> Representation:
    accuracy = None
    if offer.accuracy:
        accuracy = msgspec.convert(offer.accuracy, Estimate, from_attributes=True)
    return Representation(
        name=offer.name,
        state=offer.state,
        is_in_force=offer.is_in_force,
        is_chosen=offer.is_chosen,
        is_added=offer.is_added,
        columns=offer.columns,
        accuracy=accuracy,
        seen=offer.seen,
        per_second=offer.costs.per_second,
        source=offer.source,
        megabytes=offer.costs.megabytes,
        license=offer.costs.license,
    )
