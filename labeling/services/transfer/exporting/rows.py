"""The rows of an export as of one moment: out of the database, then onto the disk.

While a snapshot lives, no entry that has left the head of the queue can be removed, and
each lease reads past all of them. So while it lives nothing is sent to people and nobody
is waited for: items and votes leave by COPY, each value as JSON, and are joined later.
"""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from operator import itemgetter
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any, Final

from django.conf import settings
from django.db import OperationalError, connection
from psycopg.errors import QueryCanceled

from labeling import queries
from labeling.errors import InvalidInputError, TakesTooLongError, check_one_of
from labeling.messages import sentence as _
from labeling.models import Project
from labeling.services.transfer import beyond
from labeling.services.work.transactions import one_moment
from labeling.sql import statements

# JSON values as bytes, one per column.
EncodedRow = list[bytes]
NULL: Final = b"null"
# Before the name of a field of the data that has a column of its own.
FIELD: Final = "data."
# A spreadsheet has no more columns than about this.
MOST_FIELDS: Final = 16_000

ITEM_COLUMNS: Final = (
    *("id", "external_id", "data", "label", "label_source", "confidence"),
    *("confidence_is", "soft_label", "split", "state", "tags", "metadata"),
    *("label_set_version", "guideline_version", "held_out_for"),
)
VOTE_COLUMNS: Final = (
    *("id", "annotator", "labels", "seconds", "created_at", "version"),
    *("suggestion_shown", "screen", "reason", "probability", "mixture"),
)
# Of these a prediction has those that its source says; the last only where it is asked
# for: base64 of numbers of four bytes, the lowest byte first.
PREDICTION_COLUMNS: Final = ("source", "labels", "score", "probabilities", "embedding")
_DATA: Final = ITEM_COLUMNS.index("data")
# An item's own, then the model that asked for its first vote, its votes, and what sources
# from outside predict of it.
COLUMNS: Final = (*ITEM_COLUMNS, "model_version", "votes", "predictions")
STATEMENTS: Final = statements.load(Path(__file__).with_name("rows.sql"))


def object_format(names: Iterable[str]) -> bytes:
    """Return the format of a JSON object with these names, for bytes of JSON values."""
    return ("{" + ", ".join(f'"{name}": %b' for name in names) + "}").encode()


_VOTE: Final = object_format(VOTE_COLUMNS)


@dataclass(frozen=True)
class ExportSnapshot:
    """The rows as of the moment ``at``, in the order of the items, to be read once."""

    at: datetime
    count: int
    rows: Iterator[EncodedRow]
    items: IO[bytes]
    # The columns that the project knows, in their order.
    columns: list[str]

    def fields(self) -> list[str]:
        """Return the names of the data's fields, before the rows are read.

        Raises InvalidInputError where they are too many for columns.
        """
        names: dict[str, None] = {}
        for line in self.items:
            names |= dict.fromkeys(json.loads(_values(line)[_DATA]))
            if len(names) > MOST_FIELDS:
                message = _(
                    "The data have more than %(most)s fields: export JSON lines."
                )
                raise InvalidInputError(message % {"most": f"{MOST_FIELDS:,}"})
        self.items.seek(0)
        return [*dict.fromkeys(name for name in self.columns if name in names) | names]


@contextmanager
def snapshot(
    project: Project, filters: Mapping[str, str], *, with_embeddings: bool = False
) -> Iterator[ExportSnapshot]:
    """Copy the chosen rows out of the database, which has forgotten them in the body.

    ``with_embeddings``: predictions from outside have theirs. Each row is the JSON values
    of ``COLUMNS``; they are on disk until the body ends.
    Raises InvalidInputError where a filter is unknown, TakesTooLongError beyond
    EXPORT_MAX_SECONDS.
    """
    chosen = {name: filters[name] for name in queries.CHOICES if filters.get(name)}
    for name, value in chosen.items():
        check_one_of(name, value, queries.CHOICES[name])
    with (
        TemporaryFile() as items,
        TemporaryFile() as votes,
        TemporaryFile() as predictions,
    ):
        files = {
            "copy_items": items,
            "copy_votes": votes,
            "copy_predictions": predictions,
        }
        try:
            at, count = _copy_all(
                project, chosen, files, with_embeddings=with_embeddings
            )
        except OperationalError as error:
            # Only the limit that ``_copy`` has set: any other failure is no matter of
            # time.
            if isinstance(error.__cause__, QueryCanceled):
                raise _gave_up() from error
            raise
        for file in files.values():
            file.seek(0)
        rows = _joined(items, votes, predictions)
        yield ExportSnapshot(at, count, rows, items, project.columns)


def _gave_up() -> TakesTooLongError:
    message = _(
        "The export was given up after %(seconds)s seconds: what is read for longer slows"
        " everybody's work. Export less at once, by split or state, or raise"
        " EXPORT_MAX_SECONDS."
    )
    return TakesTooLongError(message % {"seconds": settings.EXPORT_MAX_SECONDS})


def _copy_all(
    project: Project,
    chosen: Mapping[str, str],
    files: Mapping[str, IO[bytes]],
    *,
    with_embeddings: bool,
) -> tuple[datetime, int]:
    """Copy rows into files, by their statements, as of one moment.

    Return that moment and the number of the rows of the first one, which are the items.
    """
    values = {
        **dict.fromkeys(queries.CHOICES),
        **chosen,
        "are_all": not chosen,
        "project": project.pk,
        "is_multi": project.is_multi,
        "with_embeddings": with_embeddings,
    }
    deadline = time.monotonic() + settings.EXPORT_MAX_SECONDS
    with _one_snapshot() as at:
        values["held_out_for"] = json.dumps(beyond.for_export(project.pk))
        counts = [_copy(name, values, file, deadline) for name, file in files.items()]
    return at, counts[0]


@contextmanager
def _one_snapshot() -> Iterator[datetime]:
    """Read as of one moment, which is returned."""
    with one_moment(), connection.cursor() as cursor:
        # Most of the tables is read, for which the web's connections would use an index;
        # and no parallel workers: the other processors are people's.
        cursor.execute(
            "SELECT now(), set_config('enable_seqscan', 'on', true),"
            " set_config('max_parallel_workers_per_gather', '0', true)"
        )
        yield cursor.fetchone()[0]


def _copy(
    name: str, values: Mapping[str, Any], file: IO[bytes], deadline: float
) -> int:
    """Write the rows of a statement to a file, until the deadline; return their number."""
    # Of what is left of the time. Never 0, which PostgreSQL takes for no limit.
    milliseconds = max(1, int(1000 * (deadline - time.monotonic())))
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT set_config('statement_timeout', %s, true)", [str(milliseconds)]
        )
        # COPY takes no parameters: the values are written into the statement.
        statement = cursor.mogrify(STATEMENTS[name], values)
        with connection.wrap_database_errors, cursor.copy(statement) as lines:
            file.writelines(lines)
        return cursor.rowcount


def _joined(
    items: IO[bytes], votes: IO[bytes], predictions: IO[bytes]
) -> Iterator[EncodedRow]:
    """Give each item its votes and its predictions; all are in the order of items' ids.

    Raises RuntimeError where a vote's item is not among the items, which would lose it.
    """
    voted, predicted = _ByItem(votes), _ByItem(predictions)
    for item in map(_values, items):
        model, written = _votes_of_item(voted.take(item[0]))
        written_predictions = b", ".join(map(_prediction, predicted.take(item[0])))
        yield [*item, model, written, b"[%b]" % written_predictions]
    if left := voted.item_id or predicted.item_id:
        raise RuntimeError(f"item {left!r} of a row is not in the project")


class _ByItem:
    """Rows that begin with the id of their item, to be taken in the items' order."""

    def __init__(self, lines: Iterable[bytes]) -> None:
        self._groups = itertools.groupby(map(_values, lines), itemgetter(0))
        # Whose rows come next; empty behind the last ones.
        self.item_id: bytes
        self._rows: Iterable[EncodedRow]
        self.item_id, self._rows = next(self._groups, _NO_ROWS)

    def take(self, item_id: bytes) -> Iterable[EncodedRow]:
        """Return the rows of an item; those of the items before have been taken."""
        if item_id != self.item_id:
            return ()
        rows = [*self._rows]
        self.item_id, self._rows = next(self._groups, _NO_ROWS)
        return rows


_NO_ROWS: Final[tuple[bytes, Iterable[EncodedRow]]] = (b"", ())


def _votes_of_item(votes: Iterable[EncodedRow]) -> tuple[bytes, bytes]:
    """Return the first model that asked for a vote, or null, and the list of votes."""
    model, written = NULL, []
    for _item_id, model_number, *values in votes:
        model = model_number if model == NULL else model
        written.append(_VOTE % tuple(values))
    return model, b"[%b]" % b", ".join(written)


def _prediction(row: EncodedRow) -> bytes:
    """Return a prediction as JSON, without what its source does not say."""
    pairs = zip(PREDICTION_COLUMNS, row[1:], strict=True)
    written = (
        b'"%b": %b' % (name.encode(), value) for name, value in pairs if value != NULL
    )
    return b"{%b}" % b", ".join(written)


def _values(line: bytes) -> EncodedRow:
    """Return the JSON values of a line that COPY wrote: between tabs, to its newline."""
    # Of what COPY escapes, JSON has escaped all already but the backslash itself.
    return line[:-1].replace(b"\\\\", b"\\").split(b"\t")
