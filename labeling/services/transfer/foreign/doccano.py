"""doccano: texts with a list of labels (JSON lines), or labels joined by “#” (CSV)."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from io import TextIOWrapper
from typing import IO, Any, Final

from labeling.errors import InvalidInputError
from labeling.messages import message
from labeling.services.transfer.foreign import shape
from labeling.services.transfer.foreign.shape import Incoming, Outgoing, Record, Target
from labeling.services.transfer.rows import RowError

_JOIN: Final = "#"
_COMMENTS: Final = "Comments"
# The same by the name of its older releases.
_LABELS: Final = ("label", "labels")


def _are_documents(rows: shape.ForeignRows) -> bool:
    return all(
        isinstance(row.get("text"), str)
        and "id" in row
        and any(
            isinstance(row.get(name), list) or (name in row and _COMMENTS in row)
            for name in _LABELS
        )
        for row in rows
    )


def _row(rows: shape.ForeignRows) -> dict[str, Any]:
    row = dict(rows[-1])
    name = "label" if "label" in row else "labels"
    given = row.pop(name, None)
    labels = given.split(_JOIN) if isinstance(given, str) else given
    if any(isinstance(label, list | dict) for label in labels or []):
        raise RowError(
            message("Its labels are of parts of the text: here the whole text has one.")
        )
    number = row.pop("id", None)
    external_id = row.pop("external_id", None) or (
        None if number is None else str(number)
    )
    predictions = row.pop(shape.PREDICTIONS, None)
    data = {key: value for key, value in row.items() if key != _COMMENTS}
    return shape.ours(
        data,
        external_id=external_id,
        label=shape.texts(labels or []),
        predictions=predictions,
    )


def _fields(record: Record, label: object) -> dict[str, Any]:
    data = {k: v for k, v in record.data.items() if k not in ("text", "id", *_LABELS)}
    return {
        **data,
        "text": record.data["text"],
        "label": label,
        "external_id": record.external_id,
        **shape.predictions_of(record),
    }


def _write_lines(records: Iterable[Record], _target: Target, file: IO[bytes]) -> None:
    for number, record in enumerate(records, start=1):
        file.write(shape.as_line({"id": number, **_fields(record, record.labels)}))


def _write_csv(records: Iterable[Record], target: Target, file: IO[bytes]) -> None:
    if taken := [label for label in target.labels if _JOIN in label]:
        raise InvalidInputError(
            message(
                "The label “%(label)s” has a #, which joins labels in this format.",
                label=taken[0][:80],
            )
        )
    text = TextIOWrapper(file, "utf-8", newline="")
    writer = csv.writer(text)
    writer.writerow(["id", "text", "label", "external_id", _COMMENTS])
    writer.writerows(_cells(records))
    # Else the wrapper, when it goes, would close the file.
    text.detach()


def _cells(records: Iterable[Record]) -> Iterator[list[object]]:
    for number, record in enumerate(records, start=1):
        labels = _JOIN.join(record.labels)
        yield [number, record.data["text"], labels, record.external_id, ""]


IN: Final = Incoming(
    "doccano",
    message("comments"),
    _are_documents,
    _row,
)
LINES_OUT: Final = Outgoing(
    "doccano (JSONL)",
    "jsonl",
    "application/x-ndjson",
    shape.TEXTS,
    message(
        "votes and who gave them, tags, metadata, the split, states, where labels come from"
    ),
    _write_lines,
)
CSV_OUT: Final = Outgoing(
    "doccano (CSV)",
    "csv",
    "text/csv; charset=utf-8",
    shape.TEXTS,
    message(
        "all fields but the text, votes and who gave them, predictions, tags, metadata,"
        " the split, states, where labels come from; what looks like a formula stays as"
        " it is"
    ),
    _write_csv,
)
