"""Argilla 2: records with fields, responses of people and suggestions (JSON)."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Mapping
from typing import IO, Any, Final

from labeling.messages import message
from labeling.services.transfer.foreign import shape
from labeling.services.transfer.foreign.shape import Incoming, Outgoing, Record, Target

_QUESTION: Final = "label"
_TAGS: Final = "assay_tags"
# Of names of people, which have an id there.
_PEOPLE: Final = uuid.UUID("6f2f2f0e-6a53-5d3c-9f0b-6a1f1b7c2d11")


def _are_records(rows: shape.ForeignRows) -> bool:
    return all(
        isinstance(row.get("fields"), dict)
        and isinstance(row.get("responses"), dict)
        and "suggestions" in row
        for row in rows
    )


def _row(rows: shape.ForeignRows) -> dict[str, Any]:
    record = rows[-1]
    metadata = dict(record.get("metadata") or {})
    question, responses = _first(record["responses"])
    votes = [
        shape.vote(response.get("user_id"), shape.texts(response.get("value")))
        for response in responses
    ]
    return shape.ours(
        record["fields"],
        external_id=record.get("id"),
        label=_known(record.get("suggestions"), question),
        votes=shape.last_of_each(votes),
        predictions=[*_suggested(record.get("suggestions"), question)],
        tags=metadata.pop(_TAGS, None),
        metadata=metadata,
    )


def _first(responses: Mapping[str, Any]) -> tuple[str, list[dict[str, Any]]]:
    """Return the first question that was answered by labels, and its answers."""
    for question, given in responses.items():
        some = [each for each in given or [] if isinstance(each, dict)]
        if some and all(isinstance(each.get("value"), str | list) for each in some):
            return question, some
    return _QUESTION, []


def _known(suggestions: object, question: str) -> list[str] | None:
    """Return a label that was settled here and went out as a suggestion."""
    given = suggestions.get(question) if isinstance(suggestions, dict) else None
    is_ours = isinstance(given, dict) and given.get("agent") == shape.OURS
    return shape.texts(given["value"]) if is_ours and isinstance(given, dict) else None


def _suggested(suggestions: object, answered: str) -> Iterator[dict[str, Any]]:
    """Return what a model suggests for the question that was answered, or the first."""
    every = suggestions if isinstance(suggestions, dict) else {}
    question = answered if answered in every else next(iter(every), "")
    given = every.get(question)
    if not isinstance(given, dict) or given.get("agent") == shape.OURS:
        return
    labels, score = shape.texts(given.get("value")), given.get("score")
    if not isinstance(given.get("value"), str | list):
        # Numbers and spans are no labels.
        return
    shares = None
    if isinstance(score, list) and len(score) == len(labels):
        shares, score = dict(zip(labels, score, strict=True)), None
    yield shape.prediction(given.get("agent") or IN.title, labels, score, shares)


def _write(records: Iterable[Record], target: Target, file: IO[bytes]) -> None:
    shape.write_list((_record(record, target) for record in records), file)


def _record(record: Record, target: Target) -> dict[str, Any]:
    suggestion = _suggestion(record, target)
    responses = [
        {
            "value": _value(vote["labels"], target),
            "user_id": str(uuid.uuid5(_PEOPLE, vote["annotator"])),
        }
        for vote in record.votes
    ]
    tags = {_TAGS: record.tags} if record.tags else {}
    return {
        "id": record.external_id,
        "fields": {k: "" if v is None else str(v) for k, v in record.data.items()},
        "metadata": {**record.metadata, **tags},
        "suggestions": {_QUESTION: suggestion} if suggestion else {},
        "responses": {_QUESTION: responses} if responses else {},
        "vectors": {},
    }


def _value(labels: list[str], target: Target) -> object:
    return labels if target.is_multi else "".join(labels[:1])


def _suggestion(record: Record, target: Target) -> dict[str, Any] | None:
    """Return the one suggestion that a question may have: a label comes first."""
    if record.source == "gold" or record.is_known:
        return {
            "value": _value(record.labels, target),
            "score": None if target.is_multi else record.confidence,
            "agent": shape.OURS,
        }
    if not record.predictions:
        return None
    first = record.predictions[0]
    score: object = first.confidence
    if target.is_multi:
        # Of several labels Argilla wants a score for each.
        each = [first.probabilities.get(label) for label in first.labels]
        score = each if each and None not in each else None
    return {
        "value": _value(first.labels, target),
        "score": score,
        "agent": first.source,
    }


IN: Final = Incoming(
    "Argilla",
    message("vectors, and answers and suggestions to questions beside the first one"),
    _are_records,
    _row,
)
OUT: Final = Outgoing(
    "Argilla 2 (JSON)",
    "json",
    "application/json",
    ("text", "table"),
    message(
        "names of people (each becomes an id), when and how long they answered, numbers of"
        " a table (they become texts), of predictions all but those of the first source,"
        " and these where an item has a label without votes, the split, states"
    ),
    _write,
)
