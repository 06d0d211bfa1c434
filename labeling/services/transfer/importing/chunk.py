"""Raw rows to new items, and to refusals in words: asks no database, writes no file."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from labeling.messages import Message, message
from labeling.models import Item, Project
from labeling.services.transfer.importing import images
from labeling.services.transfer.importing.readers import Raw
from labeling.services.transfer.limits import LIMITS, Limits
from labeling.services.transfer.rows import (
    Row,
    RowError,
    content_hash,
    parse,
    payload_text,
    picture_hash,
    too_long,
)


@dataclass(frozen=True)
class RowTerms:
    """What a project and the person who imports ask of each row."""

    project_id: int
    data_type: str
    is_multi: bool
    labels: frozenset[str]
    # Column → role, where it is not the column's own name.
    mapping: Mapping[str, str]
    # Whether the rows' labels are known to be right.
    is_gold: bool = False
    limits: Limits = LIMITS

    @property
    def has_pictures(self) -> bool:
        """Whether each row comes with a picture."""
        return self.data_type == Project.DataType.IMAGE


class NewItem(NamedTuple):
    """An item to be: columns as they are written, objects and lists as text.

    Its group, and what follows from it, is found for a whole chunk at once.
    """

    project_id: int
    external_id: str
    data: str
    media_id: int | None
    metadata: str
    tags: str | list[str]
    content_hash: str
    group_key: str = ""
    split: str = Item.Split.POOL.value
    votes_wanted: int = 1


class Ready(NamedTuple):
    """A row that can be kept, the item it is to be, and the item's picture."""

    row: Row
    item: NewItem
    picture: images.Picture | None = None


class Refusal(NamedTuple):
    """The number of a row that cannot be kept, and why."""

    number: int
    reason: Message


class Duplicate(NamedTuple):
    """The number of a row whose content another row of its chunk has."""

    number: int


Outcome = Ready | Refusal | Duplicate


def outcomes(raws: Iterable[Raw], terms: RowTerms) -> Iterator[Outcome]:
    """Return what becomes of each of the next rows, until a chunk is full.

    One by one: the rows before are on their way into the database meanwhile.
    """
    limits = terms.limits
    most = limits.chunk_pictures if terms.has_pictures else limits.chunk_rows
    # Two equal rows in one COPY would violate a constraint and send the whole chunk the
    # slow way (``table.inserting``).
    known: set[str] = set()
    characters = 0
    for raw in itertools.islice(raws, most):
        outcome = outcome_of(raw, terms)
        if isinstance(outcome, Ready):
            item = outcome.item
            if item.content_hash in known:
                yield Duplicate(raw.number)
                continue
            known.add(item.content_hash)
            characters += len(item.data) + len(item.metadata)
        yield outcome
        # By size as well as by number: a chunk is in memory as a whole.
        if characters > limits.chunk_characters:
            return


def outcome_of(raw: Raw, terms: RowTerms) -> Ready | Refusal:
    """Return a row with the item that it is to be, or why it cannot be kept."""
    if raw.problem:
        return Refusal(raw.number, raw.problem)
    try:
        return _ready(raw, terms)
    except RowError as error:
        return Refusal(raw.number, error.message)


def _ready(raw: Raw, terms: RowTerms) -> Ready:
    row = parse(raw.values or {}, terms.mapping, terms.data_type, terms.limits)
    _check_labels(row, terms)
    picture = _picture(raw, terms) if terms.has_pictures else None
    item = _item(row, picture, terms)
    if len(item.data) + len(item.metadata) > terms.limits.row_characters:
        raise RowError(too_long("data", terms.limits.row_characters))
    return Ready(row, item, picture)


def _check_labels(row: Row, terms: RowTerms) -> None:
    if terms.is_gold:
        _check_allowed(row.labels or [], terms)
    for vote in row.votes:
        _check_allowed(vote.labels, terms)
        if not vote.labels and not terms.is_multi:
            raise RowError(message("votes: a vote without a label."))


def _check_allowed(labels: list[str], terms: RowTerms) -> None:
    if unknown := [label for label in labels if label not in terms.labels]:
        raise RowError(
            message(
                "“%(label)s” is not a label of this project.", label=unknown[0][:80]
            )
        )
    if len(labels) > 1 and not terms.is_multi:
        raise RowError(
            message("More than one label in a project with one label per item.")
        )


def _picture(raw: Raw, terms: RowTerms) -> images.Picture:
    if raw.picture is None:
        raise RowError(message("Images come inside a ZIP file."))
    return images.read(raw.picture(), terms.limits)


def _item(row: Row, picture: images.Picture | None, terms: RowTerms) -> NewItem:
    payload = payload_text(row.data)
    content = (
        content_hash(payload)
        if picture is None
        else picture_hash(row.data, picture.sha256)
    )
    return NewItem(
        project_id=terms.project_id,
        # By its content, so that the same row has the same name in every import.
        external_id=row.external_id or content[:32],
        data=payload,
        # Pictures get their rows when the chunk is written.
        media_id=None,
        metadata=payload_text(row.metadata),
        tags=row.tags[:50] or "{}",
        content_hash=content,
    )
