"""Prodigy: JSON lines of choices, and of texts of which one label was accepted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import IO, Any, Final

from labeling.messages import message
from labeling.services.transfer.foreign import shape
from labeling.services.transfer.foreign.shape import Incoming, Outgoing, Record, Target

# Its own words; whatever begins with an underscore is too.
_WORDS: Final = ("options", "accept", "answer", "label", "meta", "config", "spans")
# What stands beside the answer that a model proposes, in lines that nobody has answered.
_PROPOSED: Final = ("score", "model", "probabilities", "embedding")
_ID: Final = "external_id"


def _are_decisions(rows: shape.ForeignRows) -> bool:
    return all(
        row.get("answer") in ("accept", "reject", "ignore")
        or (isinstance(row.get("options"), list) and "text" in row)
        for row in rows
    )


def _item_of(row: Mapping[str, Any]) -> str:
    return str(row.get("_input_hash") or row.get("text"))


def _row(rows: shape.ForeignRows) -> dict[str, Any]:
    first = rows[0]
    given = first.get("meta")
    meta = dict(given) if isinstance(given, dict) else {}
    label, votes = None, []
    for row in rows:
        labels = _labels(row)
        who = row.get("_annotator_id") or row.get("_session_id")
        if labels is not None and who:
            votes.append(shape.vote(who, labels, None, _moment(row.get("_timestamp"))))
        elif labels is not None:
            label = labels
    words = _WORDS if first.get("answer") else (*_WORDS, *_PROPOSED)
    data = {k: v for k, v in first.items() if k not in words and not k.startswith("_")}
    return shape.ours(
        data,
        external_id=meta.pop(_ID, None),
        label=label,
        votes=shape.last_of_each(votes),
        predictions=shape.last_of_sources(_proposed(rows)),
        metadata=meta,
    )


def _proposed(rows: shape.ForeignRows) -> Iterator[dict[str, Any]]:
    """Return what stands chosen in lines that nobody has answered."""
    for row in rows:
        chosen = row.get("accept", row.get("label"))
        if not row.get("answer") and chosen is not None:
            source = row.get("model") or IN.title
            predicted = shape.prediction(source, shape.texts(chosen), row.get("score"))
            yield {**predicted, **{k: row[k] for k in shape.BESIDE if row.get(k)}}


def _labels(row: Mapping[str, Any]) -> list[str] | None:
    if row.get("answer") != "accept":
        return None
    return shape.texts(row.get("accept", row.get("label")))


def _moment(seconds: object) -> str | None:
    if not isinstance(seconds, int | float) or not 0 < seconds < 2**35:
        return None
    return datetime.fromtimestamp(seconds, UTC).isoformat()


def _write(records: Iterable[Record], target: Target, file: IO[bytes]) -> None:
    options = [{"id": label, "text": label} for label in target.labels]
    for number, record in enumerate(records, start=1):
        for task in _tasks_of(record):
            data = {k: v for k, v in record.data.items() if k not in _WORDS}
            meta = {**record.metadata, _ID: record.external_id}
            line = {**data, "_input_hash": number, "options": options, **task}
            file.write(shape.as_line({**line, "meta": meta}))


def _tasks_of(record: Record) -> Iterator[dict[str, Any]]:
    for vote in record.votes:
        at = vote.get("created_at")
        yield {
            "accept": vote["labels"],
            "answer": "accept",
            "_annotator_id": vote["annotator"],
            "_session_id": vote["annotator"],
            "_timestamp": int(datetime.fromisoformat(at).timestamp()) if at else None,
        }
    if record.source == "gold" or record.is_known:
        yield {"accept": record.labels, "answer": "accept"}
    elif not (record.votes or record.predictions):
        yield {}
    for each in record.predictions:
        yield {
            "accept": each.labels,
            "score": each.confidence,
            "model": each.source,
            **each.beside(),
        }


IN: Final = Incoming(
    "Prodigy",
    message(
        "rejected and ignored answers (their texts stay without a label), spans, and of"
        " several answers by one person all but the last"
    ),
    _are_decisions,
    _row,
    _item_of,
)
OUT: Final = Outgoing(
    "Prodigy (JSONL)",
    "jsonl",
    "application/x-ndjson",
    shape.TEXTS,
    message(
        "tags, the split, states, seconds, parts of a second, where labels come from"
    ),
    _write,
)
