"""What an object is for a project, and what is known of those that were listed before."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import PurePosixPath
from typing import Final, Literal, NamedTuple

from django.db import models
from django.db.models import Q

from labeling.messages import Message, message
from labeling.models import Project, Source, SourceObject
from labeling.services.transfer.importing import packed
from labeling.services.transfer.sources.store import EXPORTS, Listed

State = SourceObject.State
Use = Literal["picture", "text", "list", ""]
# Bytes of objects that are read before they are written.
PORTION: Final = 2**26
_PACKED: Final = (".zip", ".gz")
_OURS: Final = message("It is an export of ours.")
_EMPTY: Final = message("It is empty.")
_NOTE: Final = message("It is a note of a file manager.")
_LIST: Final = message(
    "A list is not used in a project of pictures: import it by itself."
)


@dataclass
class ObjectCounts:
    """What became of the objects of a list; each is in one count, ``removed`` aside."""

    objects: int = 0
    new: int = 0
    known: int = 0
    changed: int = 0
    refused: int = 0
    unused: int = 0
    lists: int = 0
    # Those that are in no list any more.
    removed: int = 0

    def as_json(self) -> dict[str, int]:
        """Return the counts to be stored."""
        return asdict(self)


class Usage(NamedTuple):
    """What an object is used as; nothing, and why."""

    use: Use
    why: Message | None = None


def usage(listed: Listed, data_type: str) -> Usage:
    """Return what an object is used as in a project of a type of data."""
    if why := _why_unused(listed, data_type):
        return Usage("", why)
    if data_type == Project.DataType.IMAGE:
        return Usage("picture")
    is_text = listed.key.lower().endswith(packed.TEXTS)
    return Usage("text" if is_text and data_type == Project.DataType.TEXT else "list")


def _why_unused(listed: Listed, data_type: str) -> Message | None:
    name = listed.key.lower()
    parts = PurePosixPath(name).parts
    is_note = any(part.startswith(".") or part in packed.NOTES for part in parts)
    if listed.key.startswith(EXPORTS) or is_note:
        return _NOTE if is_note else _OURS
    # What ends so is the mark by which a console shows an empty folder.
    if name.endswith("/") or not listed.size:
        return _EMPTY
    # Folded by gzip it is what its inner name says.
    is_table = PurePosixPath(name.removesuffix(".gz")).suffix in packed.TABLES
    if data_type == Project.DataType.IMAGE:
        return _LIST if is_table else None
    is_list = is_table or name.endswith((*_PACKED, *packed.TEXTS))
    return None if is_list else packed.NO_TABLE


def known_of(source: Source, page: Sequence[Listed]) -> dict[str, SourceObject]:
    """Return what is known of the objects of a page, by their keys."""
    keys = [listed.key for listed in page]
    return {
        known.key: known
        for known in SourceObject.objects.filter(source=source, key__in=keys)
    }


def is_settled(source: Source, listed: Listed, known: SourceObject | None) -> bool:
    """Whether an object is as it was when it was read, so that it need not be read again."""
    if known is None or not listed.etag:
        return False
    # The size too: of some servers an ETag says only when it was written, to the second.
    if (known.etag, known.size) != (listed.etag, listed.size):
        return False
    # The person has chosen since that changed ones are to be taken.
    is_taken_now = source.when_changed == Source.Changed.NEW
    return not (known.state == State.CHANGED and is_taken_now)


def touch(source: Source, job_id: int, keys: Sequence[str]) -> None:
    """Note that objects are still there."""
    rows = SourceObject.objects.filter(source=source, key__in=keys)
    rows.update(seen_by=job_id, removed_at=None)


def keep(rows: Sequence[SourceObject]) -> None:
    """Keep what became of objects, in place of what was known of them."""
    SourceObject.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["source", "key"],
        update_fields=[
            *("etag", "size", "state", "item", "reason", "seen_by", "removed_at")
        ],
    )


def to_look_at(source: Source) -> models.QuerySet[SourceObject]:
    """Return the objects that are not simply taken, and those that are gone."""
    # In the words of the index that has this condition.
    is_odd = Q(removed_at__isnull=False) | ~Q(state=State.TAKEN.value)
    return SourceObject.objects.filter(is_odd, source=source).order_by("pk")


def portions(
    some: Sequence[tuple[int, Listed]], most: int
) -> Iterator[list[tuple[int, Listed]]]:
    """Return numbered objects in portions that fit into memory, of ``most`` at most."""
    portion: list[tuple[int, Listed]] = []
    size = 0
    for number, listed in some:
        if portion and (len(portion) == most or size + listed.size > PORTION):
            yield portion
            portion, size = [], 0
        portion.append((number, listed))
        size += listed.size
    if portion:
        yield portion
