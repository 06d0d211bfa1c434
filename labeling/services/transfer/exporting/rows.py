"""What an export tells, as of one moment: out of the database, then onto the disk.

While a snapshot lives, no entry that has left the head of the queue can be removed, and
each lease reads past all of them. So nothing is written for people meanwhile, and nobody
is waited for: items and votes leave by COPY, each value as JSON, and meet afterwards.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from operator import itemgetter
from tempfile import TemporaryFile
from typing import IO, Any, Final

from django.conf import settings
from django.db import OperationalError, connection
from django.utils.translation import gettext as _
from psycopg.errors import QueryCanceled

from labeling import queries
from labeling.errors import TakesTooLongError, check_one_of
from labeling.models import Project
from labeling.services.work.transactions import one_moment

Row = list[bytes]
NULL: Final = b"null"

# Column → SQL of its JSON. A whole number plus 0.0 keeps its point, for readers that
# take a column's type from its first rows.
_ITEM: Final = {
    "id": "i.id",
    "external_id": "to_json(i.external_id)",
    "data": "i.data",
    "label": "CASE WHEN %(is_multi)s THEN to_jsonb(r.labels)"
    " ELSE to_jsonb(r.labels[1]) END",
    "label_source": "to_json(r.source)",
    "confidence": "r.confidence::text::numeric + 0.0",
    "soft_label": "r.soft_label",
    "split": "to_json(i.split)",
    "state": "to_json(i.state)",
    "tags": "to_jsonb(i.tags)",
    "metadata": "i.metadata",
    "label_set_version": "s.version",
    "guideline_version": "g.version",
}
# As Python writes it: with six digits of the second, or none.
_MOMENT: Final = (
    "replace(to_char(a.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US'),"
    " '.000000', '') || '+00:00'"
)
_VOTE: Final = {
    "id": "a.id",
    "annotator": "to_json(u.username)",
    "labels": "to_jsonb(a.labels)",
    "seconds": "a.seconds::text::numeric + 0.0",
    "created_at": f"to_json({_MOMENT})",
    "version": "a.version",
    "suggestion_shown": "a.suggestion_shown",
    "screen": "to_json(a.screen)",
    "reason": "to_json(a.reason)",
}
COLUMNS: Final = (*_ITEM, "model_version", "votes")


def written(names: Iterable[str]) -> bytes:
    """Return the format of a JSON object with these names, for bytes of JSON values."""
    return ("{" + ", ".join(f'"{name}": %b' for name in names) + "}").encode()


_WRITTEN_VOTE: Final = written(_VOTE)
_ITEMS: Final = f"""
    SELECT {", ".join(_ITEM.values())}
    FROM labeling_item i
    LEFT JOIN labeling_resolution r ON r.item_id = i.id AND r.superseded_at IS NULL
    LEFT JOIN labeling_labelset s ON s.id = r.label_set_id
    LEFT JOIN labeling_guideline g ON g.id = r.guideline_id
    WHERE i.project_id = %(project)s {{chosen}}
    ORDER BY i.id
"""  # noqa: S608 (our own words)
# OFFSET 0: read first, then sort. By the index of the items the votes lie all over the
# table, which took three times as long, and far longer where it is not in memory.
_VOTES: Final = f"""
    SELECT * FROM (
        SELECT a.item_id, a.model_number, {", ".join(_VOTE.values())}
        FROM labeling_annotation a JOIN labeling_user u ON u.id = a.annotator_id
        WHERE a.project_id = %(project)s AND a.undone_at IS NULL
              AND a.reason <> 'repeat' {{of_chosen}}
        OFFSET 0
    ) a ORDER BY item_id, id
"""  # noqa: S608 (our own words)
_OF_CHOSEN: Final = """AND a.item_id IN (
            SELECT i.id FROM labeling_item i
            WHERE i.project_id = %(project)s {chosen})"""


@dataclass(frozen=True)
class Taken:
    """The rows as of the moment ``at``, in the order of the items, to be read once."""

    at: datetime
    count: int
    rows: Iterator[Row]


@contextmanager
def taken(project: Project, filters: Mapping[str, str]) -> Iterator[Taken]:
    """Take the rows out of the database in one snapshot, over when the body begins.

    Each row is the JSON values of ``COLUMNS``; on disk until the body ends.
    """
    chosen = {name: filters[name] for name in queries.CHOICES if filters.get(name)}
    for name, value in chosen.items():
        check_one_of(name, value, queries.CHOICES[name])
    with TemporaryFile() as items, TemporaryFile() as votes:
        try:
            at, count = _take(project, chosen, items, votes)
        except OperationalError as error:
            if isinstance(error.__cause__, QueryCanceled):
                raise _given_up() from error
            raise
        items.seek(0)
        votes.seek(0)
        yield Taken(at, count, _joined(items, votes))


def _given_up() -> TakesTooLongError:
    told = _(
        "The export was given up after %(seconds)s seconds: what is read for longer slows"
        " everybody's work. Export less at once, by split or state, or raise"
        " EXPORT_MAX_SECONDS."
    )
    return TakesTooLongError(told % {"seconds": settings.EXPORT_MAX_SECONDS})


def _take(
    project: Project, chosen: Mapping[str, str], items: IO[bytes], votes: IO[bytes]
) -> tuple[datetime, int]:
    """Copy both out as of one moment; return that and how many items there are."""
    where = " ".join(f"AND i.{name} = %({name})s" for name in chosen)
    of_chosen = _OF_CHOSEN.format(chosen=where) if chosen else ""
    values = {**chosen, "project": project.pk, "is_multi": project.is_multi}
    deadline = time.monotonic() + settings.EXPORT_MAX_SECONDS
    with _snapshot() as at:
        count = _copy(_ITEMS.format(chosen=where), values, items, deadline)
        _copy(_VOTES.format(of_chosen=of_chosen), values, votes, deadline)
    return at, count


@contextmanager
def _snapshot() -> Iterator[datetime]:
    """Read as of one moment, which is returned."""
    with one_moment(), connection.cursor() as cursor:
        # Most of the tables is read, which the web's connections would do by index; and
        # the other processors are people's.
        cursor.execute(
            "SELECT now(), set_config('enable_seqscan', 'on', true),"
            " set_config('max_parallel_workers_per_gather', '0', true)"
        )
        yield cursor.fetchone()[0]


def _copy(
    query: str, values: Mapping[str, Any], file: IO[bytes], deadline: float
) -> int:
    left = max(1, int(1000 * (deadline - time.monotonic())))
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('statement_timeout', %s, true)", [str(left)])
        statement = cursor.mogrify(f"COPY ({query}) TO STDOUT (NULL 'null')", values)
        with connection.wrap_database_errors, cursor.copy(statement) as source:
            file.writelines(source)
        return cursor.rowcount


def _joined(items: IO[bytes], votes: IO[bytes]) -> Iterator[Row]:
    """Give each item its votes; both come in the order of the items."""
    groups = itertools.groupby(map(_values, votes), itemgetter(0))
    item_id, found = next(groups, _NOBODYS)
    for item in map(_values, items):
        if item[0] != item_id:
            yield [*item, NULL, b"[]"]
            continue
        answers = list(found)
        asked_by = next((one[1] for one in answers if one[1] != NULL), NULL)
        told = b", ".join(_WRITTEN_VOTE % tuple(one[2:]) for one in answers)
        yield [*item, asked_by, b"[%b]" % told]
        item_id, found = next(groups, _NOBODYS)
    if item_id:
        raise RuntimeError(f"item {item_id!r} of a vote is not in the project")


_NOBODYS: Final[tuple[bytes, Iterable[Row]]] = (b"", ())


def _values(line: bytes) -> Row:
    # JSON has its own escapes for all that COPY escapes but the backslash itself.
    return line[:-1].replace(b"\\\\", b"\\").split(b"\t")
