"""Files in and out: what is sent and returned."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Final, TypeVar

from django.core.files.uploadedfile import UploadedFile
from django.urls import get_script_prefix
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as noop
from msgspec import Meta

from labeling import models
from labeling.api.http.bodies import body_of
from labeling.api.http.fields import (
    Body,
    Columns,
    ReplyData,
    Share,
    about,
    one_of,
    text,
)
from labeling.api.wire.work import JobState, Progress
from labeling.errors import InvalidInputError
from labeling.services.transfer import importing
from labeling.services.transfer.foreign import INCOMING
from labeling.templatetags.localized import localized

Item = models.Item
ImportId = Annotated[int, about("As in `imports/{id}/`.")]
TRUE: Final = ("1", "true", "on", "yes")
FALSE: Final = ("0", "false", "off", "no")
# A thousand labels or columns of the longest names fit, in characters.
LONGEST_OPTION: Final = 1_000_000
Options = TypeVar("Options", bound=Body)


class ReadingOptions(Body, forbid_unknown_fields=True):
    """How a file is read, where that is not to be found in the file."""

    encoding: Annotated[
        str, text(40, "Such as `utf-8` or `cp1252`; left out, it is found in the file.")
    ] = ""
    delimiter: Annotated[
        str,
        text(
            10,
            "What stands between the cells of a CSV: one character, `tab`, or `none` "
            "where each line is one cell; left out, it is found in the file.",
        ),
    ] = ""
    header: Annotated[
        str,
        text(10, "`yes` or `no`: whether the first row of a CSV names its columns."),
    ] = ""
    sheet: Annotated[
        str, text(200, "The sheet of an Excel workbook; left out, the first with rows.")
    ] = ""
    tool: Annotated[
        str,
        one_of(
            ("none", *INCOMING),
            "Whose export it is; left out, it is found in the file. `none`: nobody's.",
            or_empty=True,
        ),
    ] = ""


class ImportOptions(ReadingOptions, forbid_unknown_fields=True):
    """How a file is imported."""

    unknown: ClassVar = noop("This is no option of an import.")
    may_be_wrong_empty: ClassVar = frozenset({"mapping", "map", "label_map"})

    map: Annotated[
        str,
        text(
            LONGEST_OPTION,
            "A JSON object, in a form also as a part of `application/json`: column → role "
            "(`text`, `image`, `external_id`, `label`, "
            "`votes`, `predictions`, `tags`, `metadata`, `group`, `ignore` or `data`).",
        ),
    ] = "{}"
    mapping: Annotated[str, text(LONGEST_OPTION, "The same as `map`.")] = "{}"
    labels_are: Annotated[
        str,
        one_of(
            importing.LABELS_ARE[1:],
            "`gold`: the labels are known answers; `votes`: they are votes of "
            "`labels_by`; `predictions`: `labels_by` predicts them; `data`: they are a "
            "column of the data. Left out, they are not used.",
            or_empty=True,
        ),
    ] = ""
    labels_by: Annotated[
        str,
        text(
            150,
            "Whose votes the labels are, a name that no member has; or who predicts them.",
        ),
    ] = ""
    label_map: Annotated[
        str,
        text(
            LONGEST_OPTION,
            "A JSON object, as of `map`: label of the file → label of the project, or an "
            "empty text for none.",
        ),
    ] = "{}"
    unknown_labels: Annotated[
        str,
        one_of(
            importing.UNKNOWN_LABELS,
            "Rows with a label that the project does not have are refused, or the label "
            "is added to the project, which managers may do.",
            or_empty=True,
        ),
    ] = ""
    known_answers: Annotated[
        str,
        one_of(
            importing.KNOWN_ANSWERS,
            "Where a content is known with another answer: `keep` refuses the row, "
            "`take` takes its answer over, `vote` makes it a vote of `labels_by`.",
            or_empty=True,
        ),
    ] = ""
    same_id: Annotated[
        str,
        one_of(
            importing.SAME_ID,
            "Where an id is that of another item: `refuse` refuses the row, `new` keeps "
            "it under an id that `remarks` says.",
            or_empty=True,
        ),
    ] = ""
    dialect: Annotated[
        str,
        text(
            LONGEST_OPTION,
            "A JSON object, as of `map`: `delimiter` and `header`, as below.",
        ),
    ] = "{}"
    dry_run: Annotated[
        str,
        one_of(
            (*TRUE, *FALSE),
            "`1`: the first rows as they would be read, and nothing is written.",
            or_empty=True,
        ),
    ] = ""
    gold: Annotated[
        str,
        one_of((*TRUE, *FALSE), "`1`: the same as `labels_are=gold`.", or_empty=True),
    ] = ""

    @classmethod
    def eased(cls, value: Mapping[str, Any]) -> dict[str, Any]:
        """Take yes and no in capitals, too, as programs write them."""
        folded = {
            name: str(value[name]).lower()
            for name in ("dry_run", "gold")
            if name in value
        }
        return {**super().eased(value), **folded}


class ImportForm(ImportOptions, kw_only=True):
    """A file and how it is read."""

    file: Annotated[
        str,
        Meta(
            description="CSV, JSON, Excel, Parquet, each also in gzip, or a ZIP.",
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


class PreviewedColumn(ReplyData):
    """A column of a file, and what it is taken for."""

    name: Annotated[str, about("As the file has it.")]
    role: Annotated[str, about("A role, or the column's own name where it is data.")]


class FileLabel(ReplyData):
    """A label that a file has."""

    name: Annotated[str, about("As the file writes it.")]
    rows: Annotated[int, about("How many rows have it.")]
    means: Annotated[str, about("The project's label; empty where it is none.")]


class ImportPreview(ReplyData):
    """A file as it would be read; nothing of it is kept."""

    format: Annotated[str, about("Like `csv`, `jsonl`, `json`, `xlsx`, `parquet`.")]
    encoding: Annotated[str, about("Of its characters; empty where it has none.")]
    delimiter: Annotated[str, about("Between cells; empty where it has none.")]
    has_header: Annotated[bool, about("Whether its first row names the columns.")]
    columns: Annotated[list[PreviewedColumn], about("In the order of the file.")]
    rows: Annotated[list[Columns], about("The first ones, as they would be stored.")]
    problems: Annotated[list[BadRow], about("What is wrong with these rows.")]
    tool: Annotated[str, about("Whose export it is; empty where it is nobody's.")]
    notes: Annotated[list[str], about("How it is read and what is not used, in words.")]
    sheets: Annotated[list[str], about("Of a workbook: those that have rows.")]
    labels: Annotated[list[FileLabel], about("Of the first 50,000 rows.")]


class RefusedQuery(Body):
    """How refused rows are wanted."""

    may_be_wrong_empty: ClassVar = frozenset({"format"})

    format: Annotated[
        str,
        one_of(
            importing.REFUSED_FORMATS,
            "That of the file that was imported, or `jsonl`; left out: the former.",
            or_empty=True,
        ),
    ] = ""


class Import(ReplyData):
    """An import with its counts, which add up to what the file holds, and bad rows."""

    id: ImportId
    state: JobState
    file: Annotated[str, about("Its name, as it was sent.")]
    received: Annotated[
        int, about("Rows or pictures of the file that were read so far.")
    ]
    created: Annotated[int, about("Rows that became new items.")]
    filled: Annotated[
        int, about("Rows that added to items of before what these lacked.")
    ]
    duplicates: Annotated[int, about("Rows whose item is there already; no harm.")]
    rejected: Annotated[int, about("Rows that were not taken; `errors` says why.")]
    errors: Annotated[list[BadRow], about("The first 1,000.")]
    remarks: Annotated[
        list[BadRow],
        about("The first 1,000 rows that are kept otherwise than they stand."),
    ]
    refused: Annotated[
        str | None,
        about("Where the refused rows are, to be corrected and imported again."),
    ]
    error: Annotated[str, about("Why it failed, in the caller's language.")]
    evaluation_share: Annotated[
        Share | None,
        about("The share of new groups set aside; null until rows are written."),
    ]


def options_of(query: Options, form: Mapping[str, Any]) -> Options:
    """Return how a file is read, by its form before its address."""
    kind = type(query)
    # A program may send its lines under any name; its other texts are options.
    fields = {
        name: value
        for name, given in form.items()
        if isinstance(value := _text_of(name, given), str)
        and name not in ("stream", "csrfmiddlewaretoken")
    }
    options = body_of(fields, kind)
    names = kind.__struct_fields__
    return kind(
        **{name: getattr(options if name in fields else query, name) for name in names}
    )


def _text_of(name: str, given: object) -> object:
    """Return a part of a form; one of JSON that comes as a file is the text in it.

    Raises InvalidInputError where that is no text or too long for an option.
    """
    is_json = getattr(given, "content_type", "") == "application/json"
    if name == "file" or not (is_json and isinstance(given, UploadedFile)):
        return given
    # Four bytes are the longest character; what is beyond is refused by its length.
    read = given.read(4 * LONGEST_OPTION + 1)
    try:
        return read.decode()
    except UnicodeDecodeError as error:
        why = _("This is not JSON: %(why)s") % {"why": error.reason}
        raise InvalidInputError(errors={name: [why]}) from error


# Formats that have no encoding.
_BINARY: Final = ("parquet", "xlsx", "zip")


def preview_of(
    preview: importing.Preview, labels: importing.LabelCounts
) -> ImportPreview:
    """Return a file's first rows, its labels and how it is read."""
    return ImportPreview(
        format=preview.reading.format,
        encoding="" if preview.reading.format in _BINARY else preview.reading.encoding,
        delimiter=preview.reading.shown_delimiter,
        has_header=preview.reading.has_header,
        columns=[PreviewedColumn(name, role) for name, role in preview.roles.items()],
        rows=preview.rows,
        problems=[
            BadRow(row=problem["row"], reason=localized(problem["reason"]))
            for problem in preview.problems
        ],
        tool=preview.reading.tool,
        notes=[localized(note) for note in preview.notes],
        sheets=preview.reading.sheets,
        labels=[
            FileLabel(name=name, rows=rows, means=labels.meant[name])
            for name, rows in labels.rows.items()
        ],
    )


def import_of(run: models.ImportRun) -> Import:
    """Return an import with its counts and bad rows."""
    prefix = get_script_prefix()
    url = f"{prefix}api/projects/{run.project.slug}/imports/{run.pk}/"
    return Import(
        id=run.pk,
        state=run.job.state,
        file=run.file_name,
        received=run.received,
        created=run.created,
        filled=run.filled,
        duplicates=run.duplicates,
        rejected=run.rejected,
        errors=[
            BadRow(row=refused.row, reason=localized(refused.reason))
            for refused in run.refusals
        ],
        remarks=[
            BadRow(row=remark.row, reason=localized(remark.reason))
            for remark in run.noted_rows
        ],
        refused=f"{url}refused/" if importing.formats_of(run) else None,
        error=localized(run.job.error),
        evaluation_share=run.options.get("evaluation_share"),
    )
