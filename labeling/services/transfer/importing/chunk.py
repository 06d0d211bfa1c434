"""Raw rows to new items, and to refusals in words: asks no database, writes no file."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import NamedTuple

from labeling.messages import Message, message
from labeling.models import Item, Project
from labeling.services.transfer import guard, names
from labeling.services.transfer.columns import ColumnOrder
from labeling.services.transfer.importing import images, own
from labeling.services.transfer.importing.choices import NO_CHOICES, ImportChoices
from labeling.services.transfer.importing.raw import Raw
from labeling.services.transfer.limits import LIMITS, Limits
from labeling.services.transfer.outside.item_vectors import VectorSize
from labeling.services.transfer.outside.rows import listed
from labeling.services.transfer.outside.terms import PredictionTerms
from labeling.services.transfer.parsing import RowParser
from labeling.services.transfer.payloads import (
    content_hash,
    kept_text,
    payload_text,
    picture_hash,
)
from labeling.services.transfer.rows import (
    REASON,
    ROW,
    Row,
    RowError,
    account_name,
    too_long,
)
from labeling.services.votes.imported import ImportedVote


@dataclass(frozen=True)
class RowTerms:
    """What a project and the person who imports ask of each row."""

    project_id: int
    data_type: str
    is_multi: bool
    labels: frozenset[str]
    # Column → role, where it is not the column's own name.
    mapping: Mapping[str, str]
    choices: ImportChoices = NO_CHOICES
    limits: Limits = LIMITS
    order: ColumnOrder = field(default_factory=ColumnOrder)
    vectors: VectorSize = field(default_factory=VectorSize)

    @property
    def is_gold(self) -> bool:
        """Whether the rows' labels are known to be right."""
        return self.choices.is_gold

    @cached_property
    def known(self) -> Mapping[str, str]:
        """The labels by their folded names."""
        return names.folded(self.labels)

    @cached_property
    def parser(self) -> RowParser:
        """What makes a row of each that is read."""
        return RowParser(self.mapping, self.data_type, self.limits)

    @cached_property
    def of_predictions(self) -> PredictionTerms:
        """What is asked of the predictions that come with a row."""
        return PredictionTerms(
            is_multi=self.is_multi,
            labels=self.labels,
            label_map={k: v for k, v in self.choices.label_map.items() if v},
        )

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
    picture: images.Picture | None
    raw: Raw

    @property
    def number(self) -> int:
        """The number of the row."""
        return self.raw.number

    @property
    def external_id(self) -> str:
        """What its item is called."""
        return self.item.external_id


class Refusal(NamedTuple):
    """The number of a row that cannot be kept, why, and the row as it was read."""

    number: int
    reason: Message
    raw: Raw | None = None


class Duplicate(NamedTuple):
    """A row whose content another row of its chunk has, and what its item were called."""

    number: int
    content_hash: str
    row: Row
    raw: Raw
    external_id: str


RowOutcome = Ready | Refusal | Duplicate


def outcomes(raws: Iterable[Raw], terms: RowTerms) -> Iterator[RowOutcome]:
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
                yield Duplicate(
                    raw.number, item.content_hash, outcome.row, raw, item.external_id
                )
                continue
            known.add(item.content_hash)
            characters += len(item.data) + len(item.metadata)
        yield outcome
        # By size as well as by number: a chunk is in memory as a whole.
        if characters > limits.chunk_characters:
            return


def arranged(ready: Ready, terms: RowTerms) -> Ready:
    """Return a row with its columns in the order that the project has by now."""
    data = kept_text(terms.order.arranged(ready.row.data))
    return ready._replace(item=ready.item._replace(data=data))


def outcome_of(raw: Raw, terms: RowTerms) -> Ready | Refusal:
    """Return a row with the item that it is to be, or why it cannot be kept."""
    if raw.problem:
        return Refusal(raw.number, raw.placed(raw.problem), raw)
    try:
        return _ready(raw, terms)
    except RowError as error:
        return Refusal(raw.number, raw.placed(error.message), raw)


def _ready(raw: Raw, terms: RowTerms) -> Ready:
    values = raw.values or {}
    if REASON in values and isinstance(values.get(ROW), str):
        # Refused rows of CSV, where what a spreadsheet would run is guarded.
        values = {
            column: guard.unguarded(value) if isinstance(value, str) else value
            for column, value in values.items()
        }
    if own.is_own(values, terms.mapping):
        given = (values, terms.mapping, terms.data_type, terms.limits)
        row = own.row_of(*given, is_multi=terms.is_multi)
    else:
        row = terms.parser.parse(values)
    if terms.choices.predictor and row.known is None:
        _predict_by(terms.choices.predictor, row, terms)
    _read_predictions(row, terms)
    _name_labels(row, terms)
    _name_held_out(row, terms)
    _check_labels(row, terms)
    if terms.choices.voter and row.known is None:
        _vote_by(terms.choices.voter, row)
    picture = _picture(raw, terms) if terms.has_pictures else None
    item = _item(row, picture, terms)
    if len(item.data) + len(item.metadata) > terms.limits.row_characters:
        raise RowError(too_long("data", terms.limits.row_characters))
    # Last, for the first row that is kept says how long all vectors are.
    row.embedding = terms.vectors.read(row.embedding)
    return Ready(row, item, picture, raw)


def _name_labels(row: Row, terms: RowTerms) -> None:
    """Have the labels of a row as the project calls them."""
    if row.labels:
        row.labels = _named(row.labels, terms) or None
    if row.votes:
        row.votes = [
            replace(vote, labels=sorted(set(_named(vote.labels, terms))))
            for vote in row.votes
        ]


def _name_held_out(row: Row, terms: RowTerms) -> None:
    """Have the labels that an item is held out for as the project calls them.

    What is left with none goes to the pool: chance alone has not held it out.
    """
    if not row.held_out_for:
        return
    given, row.held_out_for = row.held_out_for, {}
    lost: list[str] = []
    for label, sample in given.items():
        named = [name for name in _named([label], terms) if name in terms.labels]
        if not named:
            lost.append(label[:80])
        for name in named:
            # Of labels that become one, and of one that becomes several, how many groups
            # there were is not known any more.
            is_it = len(named) == 1 and name not in row.held_out_for
            row.held_out_for[name] = sample if is_it else None
    if lost:
        row.not_held_out = message(
            "It was held out for %(labels)s, which the project does not have.",
            labels=", ".join(f"“{label}”" for label in lost[:10]),
        )
    if not row.held_out_for:
        row.split = Item.Split.POOL.value


def _vote_by(voter: str, row: Row) -> None:
    """Have the labels of a row be the vote of somebody."""
    if row.labels is None:
        return
    if any(account_name(vote.annotator) == account_name(voter) for vote in row.votes):
        raise RowError(message("votes: an annotator voted twice."))
    row.votes.append(ImportedVote(voter, sorted({*row.labels})))
    row.labels = None


def _predict_by(source: str, row: Row, terms: RowTerms) -> None:
    """Have the labels of a row be what somebody predicts."""
    if row.labels is None or (not row.labels and not terms.is_multi):
        return
    row.predictions.append({"source": source, "label": _named(row.labels, terms)})
    _check_allowed(row.predictions[-1]["label"], terms)
    row.labels = None


def _read_predictions(row: Row, terms: RowTerms) -> None:
    """Have what other tools predict of a row as it is kept.

    What cannot be kept of it is no reason to refuse the item: the report says so.
    """
    if not row.predictions:
        return
    try:
        row.predictions = listed(row.predictions, terms.of_predictions)
    except RowError as error:
        row.predictions, row.unkept = [], error.message


def _named(labels: list[str], terms: RowTerms) -> list[str]:
    if meant := terms.choices.label_map:
        labels = [name for label in labels if (name := meant.get(label.strip(), label))]
    if terms.labels.issuperset(labels):
        return labels
    several = terms.is_multi
    return [
        name
        for label in labels
        for name in (
            [label]
            if label in terms.labels
            else names.meant(label, terms.known, may_be_several=several)
        )
    ]


def _check_labels(row: Row, terms: RowTerms) -> None:
    if terms.is_gold or terms.choices.voter or row.known:
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
        data=kept_text(terms.order.arranged(row.data), payload),
        # Pictures get their rows when the chunk is written.
        media_id=None,
        metadata=kept_text(row.metadata),
        tags=row.tags or "{}",
        content_hash=content,
    )
