"""One row: what it must hold, by the kind of project."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Callable, Collection, Container, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache, partial
from typing import Any, Final

from labeling import rules
from labeling.errors import InvalidInputError
from labeling.messages import Message, message
from labeling.services.transfer.limits import Limits
from labeling.services.transfer.names import fold
from labeling.services.votes.gold import EarlierLabel
from labeling.services.votes.imported import ImportedVote

MAX_VOTES: Final = 100
MAX_NAME: Final = 100
MAX_SECONDS: Final = 86_400
MAX_TAG: Final = 80
MAX_TAGS: Final = 50
# Years that PostgreSQL can store and Python can convert to any time zone.
YEARS: Final = range(1900, 3000)
# Columns of a file of refused rows, which say why; they are ignored when it comes again.
ROW: Final = "refused.row"
REASON: Final = "refused.reason"
LINE: Final = "refused.line"
TOLD: Final = frozenset({ROW, REASON, LINE})
EMBEDDING: Final = "embedding"
NAMES: Final = {"id": "external_id", "labels": "label", "tag": "tags"}


class RowError(InvalidInputError):
    """Why a row cannot be kept, in words for the person who sent it."""

    def __init__(self, why: Message) -> None:
        super().__init__(why)


# Labels for which an item is held out beyond the draw: of each, how many groups are, and
# of how many they were drawn; None where that is not known.
HeldOutFor = dict[str, tuple[int, int] | None]


@dataclass
class Row:
    """A row that is fit to be kept.

    labels: None where it does not say; an empty list says that it has none.
    """

    data: dict[str, Any]
    external_id: str = ""
    labels: list[str] | None = None
    metadata: dict[str, Any] = field(default_factory=dict)
    tags: list[str] = field(default_factory=list)
    group: str = ""
    votes: list[ImportedVote] = field(default_factory=list)
    # What other tools predict: as the row has it, then as it is kept; and why not.
    predictions: list[Any] = field(default_factory=list)
    unkept: Message | None = None
    # A vector: as the row has it, then as it is kept.
    embedding: Any = None
    # Of our own export: the side of the split, and where its label comes from.
    split: str = ""
    known: EarlierLabel | None = None
    held_out_for: HeldOutFor = field(default_factory=dict)
    # Why it is not held out for all labels that the row says.
    not_held_out: Message | None = None


EMPTY: Final = message("The row is empty.")
MISSING: Final = {
    "text": message("There is no text."),
    "image": message("There is no image."),
}


def too_long(column: str, most: int) -> Message:
    """Return that a column has more characters than it may."""
    return message(
        "%(column)s has more than %(most)s characters.",
        column=column,
        most=f"{most:,}",
    )


def role_of(
    column: str,
    mapping: Mapping[str, str],
    data_type: str = "table",
    columns: Container[str] = (),
) -> str | None:
    """Return what a column is: one of ``ROLES``, or data under its own name.

    None: it is left out.

    In a project of texts or pictures the names of columns count without their case,
    spaces and forms, where no other of the ``columns`` is called so.
    """
    role = mapping.get(column) or NAMES.get(column, column)
    if role == "data":
        return column
    if mapping.get(column) == "ignore" or _is_reason(column, role, columns):
        return None
    if data_type == "table" or column in mapping or role in READERS:
        return role
    plain = _plain_name(column)
    is_special = plain in READERS or plain == data_type
    return plain if is_special and plain not in columns else role


def _is_reason(column: str, role: str, columns: Container[str]) -> bool:
    is_unmapped = column in TOLD and role == column
    return is_unmapped and ROW in columns and REASON in columns


@lru_cache(maxsize=4096)
def _plain_name(column: str) -> str:
    folded = fold(column)
    return NAMES.get(folded, folded)


def checked_values(raw: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the values of a row as they will be kept. Raises RowError where one cannot.

    A number that is too long for other programs is a text: ids keep each digit.
    """
    problem = rules.storable(raw)
    if problem == rules.TOO_LARGE:
        raw = {column: _with_digits(value) for column, value in raw.items()}
        problem = rules.storable(raw)
    if problem:
        raise RowError(problem)
    return raw


def _with_digits(value: object, depth: int = 0) -> object:
    if depth > rules.MAX_DEPTH:
        return value
    if isinstance(value, dict):
        return {key: _with_digits(inner, depth + 1) for key, inner in value.items()}
    if isinstance(value, list):
        return [_with_digits(inner, depth + 1) for inner in value]
    is_long = type(value) is int and abs(value) > rules.MAX_WHOLE
    return str(value) if is_long else value


def two_of(role: str) -> Message:
    """Return that a row has two of what it may have once."""
    return message("Two columns are the %(role)s: one would be lost.", role=role)


def check_data(
    data: dict[str, Any], data_type: str, limits: Limits, columns: Collection[str]
) -> None:
    """Raise RowError where data are not what items of this type hold."""
    if data_type == "table":
        if not any(value not in (None, "") for value in data.values()):
            raise RowError(EMPTY)
        return
    main = data.get(data_type)
    if isinstance(main, int | float) and not isinstance(main, bool):
        # As a text that is a number comes from other formats.
        main = data[data_type] = _name(main)
    if data_type not in data and columns:
        raise RowError(_no_column(data_type, columns))
    if not isinstance(main, str) or not main.strip():
        raise RowError(MISSING[data_type])
    if len(main) > limits.text_characters:
        most = limits.text_characters
        raise RowError(
            message("The text has more than %(most)s characters.", most=f"{most:,}")
        )


def _no_column(data_type: str, columns: Collection[str]) -> Message:
    listed = ", ".join(f"“{column[:40]}”" for column in itertools.islice(columns, 10))
    return message(
        "No column is the %(role)s: say which of these is: %(columns)s.",
        role=data_type,
        columns=listed,
    )


def short(name: str, value: object) -> str:
    """Return a name of at most 200 characters. Raises RowError where it is none."""
    if isinstance(value, dict | list):
        raise RowError(message("%(column)s must be a text or a number.", column=name))
    text = "" if value is None else _name(value)
    if len(text) > 200:
        raise RowError(too_long(name, 200))
    return text


def _list(name: str, separator: str, value: object) -> list[str]:
    if value in (None, ""):
        return []
    parts = [value] if not isinstance(value, list) else value
    if any(isinstance(part, dict | list) for part in parts):
        raise RowError(no_texts(name))
    if not isinstance(value, list):
        parts = str(value).split(separator)
    return [text for part in parts if (text := _name(part))]


def no_texts(column: str) -> Message:
    """Return that a column holds objects or lists where texts are expected."""
    return message("%(column)s must be a text or a list of texts.", column=column)


def _name(value: object) -> str:
    """Return a name as text: 1.0 is how many programs write the whole number 1."""
    is_whole = isinstance(value, float) and value.is_integer()
    return str(int(value) if is_whole and isinstance(value, float) else value).strip()


def labels_of(value: object) -> list[str] | None:
    """Return labels from a list, from one as JSON (as exports write it), or by “;”.

    Raises RowError where one is no text.
    """
    if value in (None, ""):
        return None
    if isinstance(value, str) and value.startswith("["):
        try:
            listed = json.loads(value)
        except (ValueError, RecursionError):
            listed = None
        if isinstance(listed, list) and all(isinstance(name, str) for name in listed):
            value = listed
    return _list("label", ";", value)


def tags(value: object) -> list[str]:
    """Return tags from a list, or by comma. Raises RowError where one cannot be kept."""
    listed = _list("tags", ",", value)
    if any(len(tag) > MAX_TAG for tag in listed):
        raise RowError(too_long("tag", MAX_TAG))
    if len(listed) > MAX_TAGS:
        raise RowError(message("More than %(most)s tags.", most=MAX_TAGS))
    return listed


def _json(text: str, *, refusal: Message) -> object:
    """Return the value of a JSON text, checked as its row was before it was parsed."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise RowError(refusal) from error
    if problem := rules.storable(value, depth=1):
        raise RowError(problem)
    return value


def _object(value: object) -> dict[str, Any]:
    if value in (None, ""):
        return {}
    if isinstance(value, str):
        value = _json(value, refusal=message("metadata is not JSON."))
    if not isinstance(value, dict):
        raise RowError(message("metadata must be an object."))
    return value


def votes(value: object) -> list[ImportedVote]:
    """Return past votes from a list, or from one as JSON. Raises RowError."""
    if value in (None, ""):
        return []
    if isinstance(value, str):
        value = _json(value, refusal=message("votes is not JSON."))
    if not isinstance(value, list) or len(value) > MAX_VOTES:
        raise RowError(
            message("votes must be a list of at most %(most)s.", most=MAX_VOTES)
        )
    read = [_vote(entry) for entry in value]
    # By account: “a b” and “a_b” become one person, who may vote once.
    if len({account_name(vote.annotator) for vote in read}) < len(read):
        raise RowError(message("votes: an annotator voted twice."))
    return read


def predictions(value: object) -> list[Any]:
    """Return predictions as they stand in a list, or in one as JSON. Raises RowError."""
    if value in (None, ""):
        return []
    if isinstance(value, str):
        value = _json(value, refusal=message("predictions is not JSON."))
    if not isinstance(value, list):
        raise RowError(message("predictions must be a list of objects."))
    return value


def account_name(annotator: str) -> str:
    """Return the user name that a past annotator's name makes."""
    # Short enough that the project's name fits behind it (``Annotators``).
    return re.sub(r"[^\w.@+-]", "_", annotator)[:100]


def _vote(value: object) -> ImportedVote:
    if not isinstance(value, dict):
        raise RowError(message("votes: each must be an object."))
    annotator = value.get("annotator")
    if type(annotator) is int:
        annotator = str(annotator)
    if not isinstance(annotator, str) or not 0 < len(annotator.strip()) <= MAX_NAME:
        raise RowError(
            message("votes: annotator must be a name of at most 100 characters.")
        )
    labels = labels_of(value.get("labels", value.get("label"))) or []
    return ImportedVote(
        annotator=annotator.strip(),
        labels=sorted(set(labels)),
        seconds=_seconds(value.get("seconds")),
        created_at=_moment(value.get("created_at")),
    )


def _seconds(value: object) -> float | None:
    if value is None:
        return None
    # True is a number to Python. NaN fails the comparison below, so it is refused too.
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not 0 <= float(str(value)) < MAX_SECONDS:
        raise RowError(message("votes: seconds must be a number from 0 to a day."))
    return float(str(value))


def _moment(value: object) -> datetime | None:
    if value is None:
        return None
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError as error:
        raise RowError(message("votes: created_at is not an ISO 8601 time.")) from error
    if moment.year not in YEARS:
        raise RowError(
            message(
                "votes: created_at is not in the years %(first)s to %(last)s.",
                first=YEARS[0],
                last=YEARS[-1],
            )
        )
    # In UTC: PostgreSQL takes no zone that is 16 hours away or more.
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def _as_it_stands(value: object) -> object:
    # What it has to be, ``item_vectors`` knows.
    return value


# Role → the field of Row that keeps it, and how its value is read.
READERS: Final[dict[str, tuple[str, Callable[[Any], Any]]]] = {
    "external_id": ("external_id", partial(short, "external_id")),
    "label": ("labels", labels_of),
    "metadata": ("metadata", _object),
    "tags": ("tags", tags),
    "group": ("group", partial(short, "group")),
    "votes": ("votes", votes),
    "predictions": ("predictions", predictions),
    EMBEDDING: ("embedding", _as_it_stands),
}
ROLES: Final = tuple(READERS)
