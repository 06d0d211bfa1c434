"""Predictions from outside: what is sent and returned."""

from __future__ import annotations

from typing import Annotated, ClassVar

from django.utils.translation import gettext_noop as noop
from msgspec import Meta

from labeling.api.http.fields import (
    Count,
    Moment,
    ReplyData,
    Share,
    about,
    text,
)
from labeling.api.wire.transfer.files import LONGEST_OPTION, ReadingOptions
from labeling.models.policy import MAX_SOURCE
from labeling.services.transfer.outside.sources import SourceAgreement, SourceCounts


class PredictionOptions(ReadingOptions, forbid_unknown_fields=True):
    """How a file of predictions is read."""

    unknown: ClassVar = noop("This is no option of predictions.")
    may_be_wrong_empty: ClassVar = frozenset({"map", "label_map"})

    source: Annotated[
        str,
        text(
            MAX_SOURCE,
            "Who predicts where a row does not say: the name of a model or a tool.",
        ),
    ] = ""
    map: Annotated[
        str,
        text(
            LONGEST_OPTION,
            "A JSON object, in a form also as a part of `application/json`: column → role "
            "(`external_id`, `label`, `probabilities`, "
            "`score`, `source`, `embedding`, `predictions` or `ignore`).",
        ),
    ] = "{}"
    label_map: Annotated[
        str,
        text(
            LONGEST_OPTION,
            "A JSON object, as of `map`: label of the file → label of the project.",
        ),
    ] = "{}"


class PredictionForm(PredictionOptions, kw_only=True):
    """A file of predictions and how it is read."""

    file: Annotated[
        str,
        Meta(
            description="JSON lines, JSON, CSV, Excel or Parquet, each also in gzip.",
            extra_json_schema={"format": "binary"},
        ),
    ]


class OutsideAgreement(ReplyData):
    """How often a source says what people say."""

    items: Annotated[
        Count, about("Labeled items that it predicts, and that were answered blind.")
    ]
    same: Annotated[Count, about("Of these, those on which it says the same.")]
    share: Annotated[Share | None, about("`same / items`; null without items.")]
    interval: Annotated[
        list[Share] | None,
        about("The 95 % interval of the share, its two ends; null without items."),
    ]


class OutsideSource(ReplyData):
    """An outside model or tool whose predictions the project has."""

    id: Annotated[int, about("As in `predictions/{id}/`.")]
    name: Annotated[str, about("As its rows call it.")]
    items: Annotated[Count, about("How many items it predicts.")]
    brought_at: Annotated[Moment, about("When rows of it came last.")]
    held_out: Annotated[
        OutsideAgreement,
        about("On held-out items: a random sample, which people label blind."),
    ]
    others: Annotated[
        OutsideAgreement,
        about("On other labeled items, which are no random sample."),
    ]


class SourceDeleted(ReplyData):
    """A source that was deleted."""

    id: Annotated[int, about("As it was.")]
    predictions: Annotated[Count, about("How many of its predictions went with it.")]


def agreement_of(agreed: SourceAgreement) -> OutsideAgreement:
    """Return how often a source says what people say."""
    interval = agreed.interval
    return OutsideAgreement(
        items=agreed.items,
        same=agreed.same,
        share=agreed.share,
        interval=None if interval is None else [*interval],
    )


def source_of(counts: SourceCounts) -> OutsideSource:
    """Return a source with its counts."""
    return OutsideSource(
        id=counts.source.pk,
        name=counts.source.name,
        items=counts.items,
        brought_at=counts.source.brought_at,
        held_out=agreement_of(counts.held_out),
        others=agreement_of(counts.others),
    )
