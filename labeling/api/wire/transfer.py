"""Files in and out: what is sent and returned."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

from msgspec import UNSET, Meta, UnsetType

from labeling import models
from labeling.api.http.bodies import body_of
from labeling.api.http.fields import Body, ReplyData, Share, about, one_of
from labeling.api.wire.queue import ItemState, Split
from labeling.api.wire.work import JobState, Progress
from labeling.services.transfer import exporting, pictures
from labeling.templatetags.localized import localized

Item = models.Item
ImportId = Annotated[int, about("As in `imports/{id}/`.")]
TRUE = ("1", "true", "on")


class ImportOptions(Body):
    """How a file is read."""

    may_be_wrong_empty: ClassVar = frozenset({"mapping"})

    mapping: Annotated[
        str,
        about(
            "A JSON object: column → role (`text`, `image`, `external_id`, `label`, "
            "`votes`, `tags`, `metadata`, `group`, `ignore` or the column's name)."
        ),
    ] = "{}"
    gold: Annotated[
        str, about("`1`, `true` or `on`: its labels are known answers.")
    ] = ""


class ImportForm(ImportOptions, kw_only=True):
    """A file and how it is read."""

    file: Annotated[
        str,
        Meta(
            description="JSON lines, CSV, Parquet, or pictures in a ZIP.",
            extra_json_schema={"format": "binary"},
        ),
    ]


class ImportAsked(ReplyData):
    """An import that was asked for, and where its progress is."""

    id: ImportId
    state: JobState
    url: Progress


class BadRow(ReplyData):
    """A row that was not taken."""

    row: Annotated[int, about("Its place in the file, counted from 1.")]
    reason: Annotated[str, about("What is wrong with it, in the caller's language.")]


class Import(ReplyData):
    """An import with its counts, which add up to what the file holds, and bad rows."""

    id: ImportId
    state: JobState
    file: Annotated[str, about("Its name, as it was sent.")]
    received: Annotated[
        int, about("Rows or pictures of the file that were read so far.")
    ]
    created: Annotated[int, about("Rows that became new items.")]
    duplicates: Annotated[int, about("Rows whose item is there already; no harm.")]
    rejected: Annotated[int, about("Rows that were not taken; `errors` says why.")]
    errors: Annotated[list[BadRow], about("The first 1,000.")]
    error: Annotated[str, about("Why it failed, in the caller's language.")]
    evaluation_share: Annotated[
        Share | None,
        about("The share of new groups set aside; null until rows are written."),
    ]


class ExportQuery(Body):
    """What is exported, and how it is written."""

    may_be_wrong_empty: ClassVar = frozenset({"format"})

    format: Annotated[str, one_of(exporting.FORMATS)] = "jsonl"
    split: Split | UnsetType = UNSET
    state: ItemState | UnsetType = UNSET
    raw: Annotated[str, about("`1`: CSV cells stay as they are, formulas too.")] = ""

    def filters(self) -> dict[str, str]:
        """Return the filters that are set."""
        named = {"split": self.split, "state": self.state}
        return {name: value for name, value in named.items() if value is not UNSET}


class PictureQuery(Body):
    """How large a picture is wanted."""

    size: (
        Annotated[
            str,
            one_of(pictures.SIZES, "Pixels of the longer side; left out: as it came."),
        ]
        | UnsetType
    ) = UNSET


def options_of(query: ImportOptions, form: Mapping[str, Any]) -> ImportOptions:
    """Return how a file is read, by its form before its address."""
    fields = {name: value for name, value in form.items() if isinstance(value, str)}
    options = body_of(fields, ImportOptions)
    return ImportOptions(
        mapping=options.mapping if "mapping" in fields else query.mapping,
        gold=options.gold if "gold" in fields else query.gold,
    )


def import_of(run: models.ImportRun) -> Import:
    """Return an import with its counts and bad rows."""
    return Import(
        id=run.pk,
        state=run.job.state,
        file=run.file_name,
        received=run.received,
        created=run.created,
        duplicates=run.duplicates,
        rejected=run.rejected,
        errors=[
            BadRow(row=refused.row, reason=localized(refused.reason))
            for refused in run.refusals
        ],
        error=localized(run.job.error),
        evaluation_share=run.options.get("evaluation_share"),
    )
