"""Label Studio: tasks with annotations (JSON), and one line per annotation (JSON-MIN)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import IO, Any, Final

from labeling.messages import message
from labeling.services.transfer.foreign import shape
from labeling.services.transfer.foreign.shape import Incoming, Outgoing, Record, Target
from labeling.services.transfer.rows import RowError

# What stands behind the answers in a line of JSON-MIN, as each of its exports has it.
_BEHIND: Final = ("annotator", "annotation_id")
_TIMES: Final = ("created_at", "updated_at", "lead_time")
_QUESTION: Final = "label"


def _are_tasks(rows: shape.ForeignRows) -> bool:
    return all(
        isinstance(row.get("data"), dict)
        and (isinstance(row.get("annotations"), list) or "predictions" in row)
        # Rows of our own export have both names too.
        and "label_source" not in row
        for row in rows
    )


def _row_of_task(rows: shape.ForeignRows) -> dict[str, Any]:
    task = rows[-1]
    given = task.get("meta")
    meta = dict(given) if isinstance(given, dict) else {}
    of_ours = meta.pop(shape.OURS, None)
    known = of_ours if isinstance(of_ours, dict) else {}
    label, votes = None, []
    for annotation in task.get("annotations") or []:
        labels = _choices(annotation)
        if labels is None:
            continue
        if annotation.get("ground_truth"):
            label = labels
        if annotator := _annotator(annotation.get("completed_by")):
            times = (annotation.get("lead_time"), annotation.get("created_at"))
            votes.append(shape.vote(annotator, labels, *times))
    number = task.get("id")
    return shape.ours(
        task["data"],
        external_id=known.get("external_id", None if number is None else str(number)),
        label=label,
        votes=shape.last_of_each(votes),
        predictions=_with_rest(
            shape.last_of_sources(_predictions(task)), known.get("predictions")
        ),
        tags=known.get("tags"),
        metadata=meta,
    )


def _predictions(task: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Return what models predict of a task; one without a choice says nothing."""
    for given in task.get("predictions") or []:
        # Tasks of some exports name their predictions by number alone.
        labels = _choices(given) if isinstance(given, dict) else None
        if labels is not None:
            source = given.get("model_version") or TASKS.title
            yield shape.prediction(source, labels, given.get("score"))


def _with_rest(predictions: list[dict[str, Any]], ours: object) -> list[dict[str, Any]]:
    """Return predictions with what went out beside them, where they are still the same."""
    whole = (
        [each for each in ours if isinstance(each, dict)]
        if isinstance(ours, list)
        else []
    )
    return [
        next((each for each in whole if given.items() <= each.items()), given)
        for given in predictions
    ]


def _choices(annotation: object) -> list[str] | None:
    """Return what was chosen of the first question, or None where nothing was.

    Raises RowError where it is no annotation.
    """
    if not isinstance(annotation, dict) or not isinstance(
        annotation.get("result", []), list
    ):
        raise RowError(message("An annotation cannot be read."))
    if annotation.get("was_cancelled"):
        return None
    parts = [
        part
        for part in annotation.get("result", [])
        if isinstance(part, dict) and isinstance(part.get("value"), dict)
    ]
    chosen = [part for part in parts if "choices" in part["value"]]
    if not chosen:
        return None
    first = chosen[0].get("from_name")
    return [
        label
        for part in chosen
        if part.get("from_name") == first
        for label in shape.texts(part["value"]["choices"])
    ]


def _annotator(given: object) -> str:
    if isinstance(given, dict):
        given = given.get("email") or given.get("id")
    return "" if given is None else str(given)


def _are_lines(rows: shape.ForeignRows) -> bool:
    return all(set(_BEHIND) < set(row) and "id" in row for row in rows)


def _row_of_lines(rows: shape.ForeignRows) -> dict[str, Any]:
    label, votes = None, []
    for row in rows:
        labels = next(_listed(row), None)
        if labels and row["annotator"] is None:
            label = labels
        elif labels:
            times = (row.get("lead_time"), row.get("created_at"))
            votes.append(shape.vote(row["annotator"], labels, *times))
    names = [*rows[0]]
    data = {name: rows[0][name] for name in names[: names.index("id")]}
    return shape.ours(
        data,
        external_id=str(rows[0]["id"]),
        label=label,
        votes=shape.last_of_each(votes),
    )


def _listed(row: Mapping[str, Any]) -> Iterator[list[str]]:
    """Return the choices of a line: they stand between its id and its annotator."""
    names = [*row]
    for name in names[names.index("id") + 1 : names.index("annotator")]:
        value = row[name]
        listed = value.get("choices") if isinstance(value, dict) else value
        if labels := shape.texts(listed):
            yield labels


def _write_tasks(records: Iterable[Record], target: Target, file: IO[bytes]) -> None:
    shape.write_list((_task(record, target) for record in records), file)


def _task(record: Record, target: Target) -> dict[str, Any]:
    votes = [(vote, False) for vote in record.votes]
    if record.source == "gold" or record.is_known:
        votes.append(({"labels": record.labels}, True))
    of_ours: dict[str, Any] = {"external_id": record.external_id, "tags": record.tags}
    if rich := [each.whole() for each in record.predictions if each.beside()]:
        of_ours["predictions"] = rich
    return {
        "data": record.data,
        "meta": {**record.metadata, shape.OURS: of_ours},
        "annotations": [
            _annotation(vote, target, is_true=is_true) for vote, is_true in votes
        ],
        "predictions": [
            {
                "model_version": each.source,
                "score": each.confidence,
                "result": [_choice_of(each.labels, target)],
            }
            for each in record.predictions
        ],
    }


def _choice_of(labels: Sequence[str], target: Target) -> dict[str, Any]:
    return {
        "from_name": _QUESTION,
        "to_name": target.data_type,
        "type": "choices",
        "value": {"choices": [*labels]},
    }


def _annotation(
    vote: Mapping[str, Any], target: Target, *, is_true: bool
) -> dict[str, Any]:
    by = {"completed_by": {"email": vote["annotator"]}} if "annotator" in vote else {}
    return {
        **by,
        "result": [_choice_of(vote["labels"], target)],
        "was_cancelled": False,
        "ground_truth": is_true,
        "lead_time": vote.get("seconds"),
        "created_at": vote.get("created_at"),
    }


def _write_lines(records: Iterable[Record], target: Target, file: IO[bytes]) -> None:
    shape.write_list(
        (line for record in records for line in _lines(record, target)), file
    )


def _lines(record: Record, target: Target) -> Iterator[dict[str, Any]]:
    votes = [*record.votes]
    if record.source == "gold" or record.is_known or not votes:
        votes.append({"labels": record.labels})
    data = {k: v for k, v in record.data.items() if k not in (*_BEHIND, *_TIMES)}
    for number, vote in enumerate(votes, start=1):
        labels = vote["labels"]
        chosen = {"choices": labels} if target.is_multi else "".join(labels[:1])
        yield {
            **data,
            "id": record.external_id,
            **({_QUESTION: chosen} if labels else {}),
            "annotator": vote.get("annotator"),
            "annotation_id": number,
            "created_at": vote.get("created_at"),
            "updated_at": vote.get("created_at"),
            "lead_time": vote.get("seconds"),
        }


TASKS: Final = Incoming(
    "Label Studio",
    message(
        "drafts, skipped tasks, questions beside the first one that is a choice, of"
        " several annotations by one person all but the last, and scores of predictions"
        " that are not from 0 to 1"
    ),
    _are_tasks,
    _row_of_task,
)
LINES: Final = Incoming(
    "Label Studio (JSON-MIN)",
    message("answers to questions beside the first one"),
    _are_lines,
    _row_of_lines,
    lambda row: str(row["id"]),
)
TASKS_OUT: Final = Outgoing(
    "Label Studio (JSON)",
    "json",
    "application/json",
    shape.EVERYTHING,
    message(
        "the split, states, versions of labels, how sure a label is; pictures go by name"
    ),
    _write_tasks,
)
LINES_OUT: Final = Outgoing(
    "Label Studio (JSON-MIN)",
    "json",
    "application/json",
    shape.EVERYTHING,
    message(
        "tags, metadata, predictions, the split, states, versions of labels, how sure a"
        " label is; pictures go by name"
    ),
    _write_lines,
)
