"""Sources: what is sent and returned; never their credentials."""

from __future__ import annotations

from typing import Annotated, ClassVar

from msgspec import UNSET, UnsetType

from labeling import models
from labeling.api.http.fields import (
    Added,
    Body,
    Count,
    Moment,
    ReplyData,
    about,
    checked_later,
    one_of,
    text,
)
from labeling.api.wire.queue import ItemState, Split
from labeling.services.transfer import exporting
from labeling.services.transfer.sources import schedule
from labeling.services.transfer.sources.objects import ObjectCounts
from labeling.templatetags.localized import localized

SourceId = Annotated[int, about("As in `sources/{id}/`.")]
SourceName = Annotated[str, text(80, "As people call it; once in each project.")]
Serving = Annotated[
    str,
    one_of(
        models.Source.Serving.values,
        "`copy`: pictures are copied; `signed`: small copies are kept, and whole pictures "
        "come from the bucket.",
    ),
]
Changed = Annotated[
    str,
    one_of(
        models.Source.Changed.values,
        "What a changed object is: `refuse`: told in the report; `new`: one more item.",
    ),
]
HasLabels = Annotated[
    bool, about("Whether the folder of an object is its known label.")
]
EveryHours = Annotated[
    int,
    checked_later(
        0,
        schedule.MOST_HOURS,
        "After how many hours it is listed again by itself; 0: only when asked for.",
    ),
]
Addressing = Annotated[
    str,
    one_of(
        models.Source.Addressing.values,
        "Where the name of the bucket stands: `path`, or `host`, before that of the server.",
    ),
]
KeyId = Annotated[
    str, text(200, "The id of the access key; empty where everybody may read.")
]
KeySecret = Annotated[
    str, text(200, "The secret of the access key: encrypted, and never told again.")
]


class SourceBody(Body, forbid_unknown_fields=True):
    """A source that is to be added."""

    is_lax: ClassVar = True

    name: SourceName
    kind: Annotated[
        str,
        one_of(
            models.Source.Kind.values, "`s3`, or `folder` where the server has one."
        ),
    ] = "s3"
    endpoint: Annotated[
        str,
        text(200, "Of the server, such as `https://s3.eu-central-1.amazonaws.com`."),
    ] = ""
    region: Annotated[str, text(40, "Left out: `us-east-1`.")] = ""
    bucket: Annotated[str, text(63, "The name of the bucket.")] = ""
    prefix: Annotated[
        str,
        text(500, "How the keys of its objects begin; of a folder: its path."),
    ] = ""
    key_id: KeyId = ""
    secret: KeySecret = ""
    serving: Serving = "copy"
    when_changed: Changed = "refuse"
    has_labels: HasLabels = False
    addressing: Addressing = "path"
    every_hours: EveryHours = 0


class SourceChange(Body, forbid_unknown_fields=True):
    """What changes of a source; what is left out stays. Where it is stays always."""

    is_lax: ClassVar = True

    name: SourceName | UnsetType = UNSET
    key_id: KeyId | UnsetType = UNSET
    secret: KeySecret | UnsetType = UNSET
    serving: Serving | UnsetType = UNSET
    when_changed: Changed | UnsetType = UNSET
    has_labels: HasLabels | UnsetType = UNSET
    every_hours: EveryHours | UnsetType = UNSET


class SourceCounts(ReplyData):
    """What became of the objects of the last whole list."""

    objects: Annotated[Count, about("The sum of all but `removed`.")] = 0
    new: Annotated[Count, about("They became items.")] = 0
    known: Annotated[Count, about("Their content is an item already.")] = 0
    changed: Annotated[
        Count, about("They are others than when they were taken; the items stay.")
    ] = 0
    refused: Annotated[Count, about("They could not be taken.")] = 0
    unused: Annotated[Count, about("They are nothing that is taken.")] = 0
    lists: Annotated[Count, about("They were imported, with counts of their own.")] = 0
    removed: Annotated[Count, about("They are gone; their items stay.")] = 0


class Source(ReplyData):
    """A bucket or a folder that the project is fed from."""

    id: SourceId
    name: Annotated[str, about("As people call it.")]
    kind: Annotated[str, one_of(models.Source.Kind.values, "What it is.")]
    endpoint: Annotated[str, about("Of the server; empty for a folder.")]
    region: Annotated[str, about("Of the bucket; empty for a folder.")]
    bucket: Annotated[str, about("Its name; empty for a folder.")]
    prefix: Annotated[str, about("How its keys begin, or the path of a folder.")]
    has_key: Annotated[bool, about("Whether it is opened by a key; never which one.")]
    serving: Serving
    when_changed: Changed
    has_labels: HasLabels
    addressing: Addressing
    every_hours: EveryHours
    list_after: Annotated[
        Moment | None,
        about("When it is listed by itself next; null: only when asked for."),
    ]
    failures: Annotated[
        Count,
        about("Lists that failed since the last whole one: each doubles the wait."),
    ]
    created_at: Added
    listed_at: Annotated[
        Moment | None, about("When a list came to its end; null before the first.")
    ]
    counts: Annotated[SourceCounts, about("Of the last list that was whole.")]


class SourceObject(ReplyData):
    """An object of a source that is not simply taken, or is gone."""

    key: Annotated[str, about("Without the prefix of the source.")]
    size: Annotated[Count, about("Bytes.")]
    state: Annotated[
        str, one_of(models.SourceObject.State.values, "What became of it.")
    ]
    item: Annotated[int | None, about("The number of its item, where it has one.")]
    reason: Annotated[str, about("Why it was not taken, in the caller's language.")]
    removed_at: Annotated[
        Moment | None, about("Since when it is in no list; null while it is there.")
    ]


class SourceExportBody(Body, forbid_unknown_fields=True):
    """What is written into a source."""

    format: Annotated[str, one_of(exporting.KINDS, "As of `export/`.")] = "jsonl"
    split: Split | UnsetType = UNSET
    state: ItemState | UnsetType = UNSET
    embeddings: Annotated[bool, about("As of `export/`.")] = False

    def filters(self) -> dict[str, str]:
        """Return the filters that are set."""
        named = {"split": self.split, "state": self.state}
        return {name: value for name, value in named.items() if value is not UNSET}


def source_of(source: models.Source) -> Source:
    """Return a source without its credentials."""
    names = ("name", "kind", "endpoint", "region", "bucket", "prefix", "serving")
    return Source(
        id=source.pk,
        **{name: getattr(source, name) for name in names},
        has_key=bool(source.credentials),
        when_changed=source.when_changed,
        has_labels=source.has_labels,
        addressing=source.addressing,
        every_hours=source.every_hours,
        list_after=source.list_after,
        failures=source.failures,
        created_at=source.created_at,
        listed_at=source.listed_at,
        counts=SourceCounts(**ObjectCounts(**source.counts).as_json()),
    )


def object_of(row: models.SourceObject) -> SourceObject:
    """Return an object with what became of it."""
    return SourceObject(
        key=row.key,
        size=row.size,
        state=row.state,
        item=row.item_id,
        reason=localized(row.reason),
        removed_at=row.removed_at,
    )
