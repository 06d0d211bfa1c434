"""Files out: how an export or a picture is wanted."""

from __future__ import annotations

from typing import Annotated, ClassVar

from msgspec import UNSET, Meta, UnsetType

from labeling.api.http.fields import Body, one_of
from labeling.api.wire.queue import ItemState, Split
from labeling.api.wire.transfer.files import FALSE, TRUE
from labeling.services.transfer import exporting, pictures


class ExportQuery(Body):
    """What is exported, and how it is written."""

    may_be_wrong_empty: ClassVar = frozenset({"format"})

    format: Annotated[
        str,
        one_of(
            exporting.KINDS,
            "`jsonl`, `csv` and `parquet` hold everything; what the others leave out "
            "stands in docs/data.md.",
        ),
    ] = "jsonl"
    split: Split | UnsetType = UNSET
    state: ItemState | UnsetType = UNSET
    raw: Annotated[
        str,
        one_of(
            (*TRUE, *FALSE),
            "`1`: CSV cells stay as they are, formulas too.",
            or_empty=True,
        ),
    ] = ""
    bom: Annotated[
        str,
        one_of(
            (*TRUE, *FALSE),
            "`1`: a CSV begins with a mark by which Excel knows UTF-8.",
            or_empty=True,
        ),
    ] = ""
    fields: Annotated[
        str,
        one_of(
            (*TRUE, *FALSE),
            "`1`: a CSV has a column `data.NAME` for each field of the data; what is no "
            "text comes back from it as text.",
            or_empty=True,
        ),
    ] = ""
    embeddings: Annotated[
        str,
        one_of(
            (*TRUE, *FALSE),
            "`1`: predictions from outside have their embeddings, each a text: base64 of "
            "numbers of four bytes, the lowest byte first.",
            or_empty=True,
        ),
    ] = ""

    def style(self) -> exporting.CsvStyle:
        """Return how a CSV is written."""
        return exporting.CsvStyle(
            raw=self.raw in TRUE, bom=self.bom in TRUE, has_fields=self.fields in TRUE
        )

    def filters(self) -> dict[str, str]:
        """Return the filters that are set."""
        named = {"split": self.split, "state": self.state}
        return {name: value for name, value in named.items() if value is not UNSET}


PictureDigest = Annotated[str, Meta(pattern=r"^[-a-zA-Z0-9_]+$")]


class PictureQuery(Body):
    """How large a picture is wanted."""

    size: (
        Annotated[
            str,
            one_of(pictures.SIZES, "Pixels of the longer side; left out: as it came."),
        ]
        | UnsetType
    ) = UNSET
