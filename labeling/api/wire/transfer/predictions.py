"""Predictions from outside: what is sent and returned."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

from django.utils.translation import gettext_noop as noop
from msgspec import Meta

from labeling.api.http.fields import (
    Count,
    Moment,
    ReplyData,
    Share,
    about,
    one_of,
    text,
)
from labeling.api.wire.transfer.files import (
    FALSE,
    LONGEST_OPTION,
    TRUE,
    BadRow,
    FileLabel,
    PreviewedColumn,
    ReadingOptions,
)
from labeling.models.policy import MAX_SOURCE
from labeling.services.transfer.outside.rows import SourcePrediction
from labeling.services.transfer.outside.sources import SourceAgreement, SourceCounts
from labeling.services.transfer.predicting.look import NOBODY, PredictionsLook
from labeling.templatetags.localized import localized


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
    dry_run: Annotated[
        str,
        one_of(
            (*TRUE, *FALSE),
            "`1`: what the first rows would become, and nothing is written.",
            or_empty=True,
        ),
    ] = ""

    @classmethod
    def eased(cls, value: Mapping[str, Any]) -> dict[str, Any]:
        """Take yes and no in capitals, too, as programs write them."""
        folded = {
            name: str(value[name]).lower() for name in ("dry_run",) if name in value
        }
        return {**super().eased(value), **folded}


class PredictionForm(PredictionOptions, kw_only=True):
    """A file of predictions and how it is read."""

    file: Annotated[
        str,
        Meta(
            description="JSON lines, JSON, CSV, Excel or Parquet, each also in gzip.",
            extra_json_schema={"format": "binary"},
        ),
    ]


class ReadPrediction(ReplyData):
    """What a row says of its item."""

    source: Annotated[str, about("Who predicts; empty where nobody has said so yet.")]
    labels: Annotated[list[str], about("By the project's names.")]
    score: Annotated[float | None, about("How sure the source is, from 0 to 1.")]


class ReadRow(ReplyData):
    """A row of predictions as it would be kept."""

    row: Annotated[int, about("Its place in the file, counted from 1.")]
    external_id: Annotated[str, about("Of which item.")]
    known: Annotated[bool, about("Whether the project has that item.")]
    predictions: Annotated[list[ReadPrediction], about("One for each source.")]


class PredictionPreview(ReplyData):
    """A file of predictions as it would be read; nothing of it is kept."""

    format: Annotated[str, about("Like `csv`, `jsonl`, `json`, `xlsx`, `parquet`.")]
    columns: Annotated[list[PreviewedColumn], about("In the order of the file.")]
    rows: Annotated[list[ReadRow], about("The first ones that can be read.")]
    problems: Annotated[list[BadRow], about("The first ones that cannot.")]
    notes: Annotated[list[str], about("How it is read and what is not used, in words.")]
    labels: Annotated[list[FileLabel], about("Of the rows that were looked at.")]
    looked: Annotated[Count, about("How many rows were looked at: the first 5,000.")]
    kept: Annotated[Count, about("Of these, those that would be kept.")]
    unknown: Annotated[Count, about("Those whose item the project does not have.")]
    rejected: Annotated[Count, about("Those that cannot be read.")]


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


def preview_of(look: PredictionsLook) -> PredictionPreview:
    """Return what the first rows of a file would become."""
    return PredictionPreview(
        format=look.reading.format,
        columns=[PreviewedColumn(name, role) for name, role in look.roles.items()],
        rows=[
            ReadRow(
                row=row.number,
                external_id=row.external_id,
                known=row.is_known,
                predictions=[_read_of(each) for each in row.predicted],
            )
            for row in look.rows
        ],
        problems=[
            BadRow(row=problem["row"], reason=localized(problem["reason"]))
            for problem in look.problems
        ],
        notes=[localized(note) for note in look.notes],
        labels=[
            FileLabel(name=name, rows=rows, means=look.labels.meant[name])
            for name, rows in look.labels.rows.items()
        ],
        looked=look.looked_through,
        kept=look.kept,
        unknown=look.unknown,
        rejected=look.refused,
    )


def _read_of(predicted: SourcePrediction) -> ReadPrediction:
    return ReadPrediction(
        source="" if predicted.source == NOBODY else predicted.source,
        labels=[*predicted.labels],
        score=predicted.confidence,
    )


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
