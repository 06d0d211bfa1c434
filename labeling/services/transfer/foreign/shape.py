"""What is declared of each format of another tool, and what its writers are given."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import IO, Any, Final, NamedTuple

from labeling.messages import Message
from labeling.services.transfer.rows import NAMES, ROLES

ForeignRows = Sequence[Mapping[str, Any]]
# Where our own words stand among what the other tool keeps for its users.
OURS: Final = "assay"
# The same where each thing has a name of its own: what sources from outside predict.
PREDICTIONS: Final = "assay_predictions"
# What our predictions say that no other tool has a place for.
BESIDE: Final = ("probabilities", "embedding")
TEXTS: Final = ("text",)
PICTURES: Final = ("image",)
EVERYTHING: Final = ("text", "image", "table")


class ExportedPrediction(NamedTuple):
    """What a source from outside predicts of an item, as it is exported.

    ``embedding``: base64 of numbers of four bytes; "" where it was not asked for.
    """

    source: str
    labels: list[str]
    confidence: float | None
    probabilities: dict[str, float]
    embedding: str

    def whole(self) -> dict[str, Any]:
        """Return it as our rows have it, without what the source does not say."""
        values = {
            "source": self.source,
            "label": self.labels,
            "score": self.confidence,
            **self.beside(),
        }
        return {name: value for name, value in values.items() if value is not None}

    def beside(self) -> dict[str, Any]:
        """Return what no other tool has a place for."""
        values = {"probabilities": self.probabilities, "embedding": self.embedding}
        return {name: value for name, value in values.items() if value}


@dataclass(frozen=True)
class Record:
    """An item as it is exported. ``picture``: its bytes and the ending of its name."""

    external_id: str
    data: dict[str, Any]
    labels: list[str]
    source: str
    confidence: float
    tags: list[str]
    metadata: dict[str, Any]
    votes: list[dict[str, Any]]
    predictions: list[ExportedPrediction] = field(default_factory=list)
    picture: Callable[[], tuple[bytes, str]] | None = None

    @property
    def is_known(self) -> bool:
        """Whether its label is there without votes that say it."""
        return bool(self.source) and not self.votes

    @property
    def predicted(self) -> list[dict[str, Any]]:
        """What sources from outside predict of it, as our rows have it."""
        return [each.whole() for each in self.predictions]


class Target(NamedTuple):
    """The project whose items are exported."""

    data_type: str
    is_multi: bool
    labels: Sequence[str]


class Incoming(NamedTuple):
    """How files of a tool are read.

    ``recognizes``: whether first rows are of it. ``row``: our row of an item, of all its
    rows. ``item_of``: what rows of one item share, where it may have several.
    """

    title: str
    lost: Message
    recognizes: Callable[[ForeignRows], bool]
    row: Callable[[ForeignRows], dict[str, Any]]
    item_of: Callable[[Mapping[str, Any]], str] | None = None


class Outgoing(NamedTuple):
    """How files for a tool are written: by ``write``, for projects of ``data_types``."""

    title: str
    ending: str
    mime: str
    data_types: Sequence[str]
    lost: Message
    write: Callable[[Iterable[Record], Target, IO[bytes]], None]


def predictions_of(record: Record) -> dict[str, Any]:
    """Return what is predicted of an item, whole, under a name that is ours."""
    return {PREDICTIONS: record.predicted} if record.predictions else {}


def ours(data: Mapping[str, Any], **roles: Any) -> dict[str, Any]:
    """Return a row with data under their own names, and what has a role.

    Data that are called as a role is get a number: they are no label of this project.
    """
    row = {
        f"{name}_2" if name in (*ROLES, *NAMES) else name: value
        for name, value in data.items()
    }
    some = {role: value for role, value in roles.items() if value not in (None, {}, [])}
    return {**row, **some}


def vote(
    annotator: object, labels: Sequence[str], seconds: object = None, at: object = None
) -> dict[str, Any]:
    """Return a past vote as our rows have it; a time beyond a day is a forgotten window."""
    written: dict[str, Any] = {"annotator": str(annotator)[:100], "labels": [*labels]}
    if isinstance(seconds, int | float) and 0 <= seconds < 86_400:
        written["seconds"] = seconds
    if isinstance(at, str) and at:
        written["created_at"] = at.replace("Z", "+00:00")
    return written


def prediction(
    source: object, labels: Sequence[str], score: object = None, shares: object = None
) -> dict[str, Any]:
    """Return a prediction as our rows have it.

    A score that is no share says nothing here: tools write what their models give.
    """
    written: dict[str, Any] = {"source": str(source)[:100].strip(), "label": [*labels]}
    is_number = isinstance(score, int | float) and not isinstance(score, bool)
    if is_number and isinstance(score, int | float) and 0 <= score <= 1:
        written["score"] = score
    if isinstance(shares, dict):
        written["probabilities"] = shares
    return written


def last_of_sources(predictions: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return predictions, of each source the last one: here it says one thing."""
    return [*{each["source"]: each for each in predictions}.values()]


def last_of_each(votes: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return votes, of each annotator the last one: here everybody votes once."""
    return [*{vote["annotator"]: vote for vote in votes}.values()]


def texts(value: object) -> list[str]:
    """Return a value that is a label or a list of them."""
    listed = value if isinstance(value, list) else [value]
    return [str(each) for each in listed if each not in (None, "")]


def as_line(value: object) -> bytes:
    """Return a value as a line of JSON."""
    return json.dumps(value, ensure_ascii=False).encode() + b"\n"


def write_list(values: Iterable[object], file: IO[bytes]) -> None:
    """Write values as one JSON list, each in a line of its own."""
    before = b"[\n"
    for value in values:
        file.write(before + as_line(value).rstrip(b"\n"))
        before = b",\n"
    file.write(b"\n]\n" if before == b",\n" else b"[]\n")
