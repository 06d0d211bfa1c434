"""Many items into their table at once: COPY, and after a conflict one INSERT."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final

from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from labeling.services.transfer.importing.chunk import NewItem
from labeling.sql import copying

_COLUMNS: Final = ", ".join(
    [*NewItem._fields, "state, votes, is_unsettled, flags, created_at"]
)
# That are sent at once.
LINES: Final = 50


class Insertion:
    """Items on their way; at the end, ``written`` has the contents of the new ones."""

    def __init__(self) -> None:
        self.sent: list[NewItem] = []
        self.written: set[str] = set()
        self.copy: Callable[[NewItem], None]

    def send(self, item: NewItem) -> None:
        """Send an item; the database works on it while the caller reads the next one."""
        self.sent.append(item)
        self.copy(item)


@contextmanager
def inserting() -> Iterator[Insertion]:
    """Insert the items that the body sends, in the caller's transaction.

    An item whose name or content is taken is passed over, also where another import
    takes it at this moment. The ORM's bulk_create took six times as long.
    """
    insertion = Insertion()
    try:
        with transaction.atomic(), _copy_into("labeling_item") as insertion.copy:
            yield insertion
    except IntegrityError:
        # COPY cannot pass over a row: the savepoint takes all of them back.
        insertion.written = _insert_new(insertion.sent)
    else:
        insertion.written = {item.content_hash for item in insertion.sent}


def _insert_new(items: Sequence[NewItem]) -> set[str]:
    """Insert items that conflict with none; return their contents."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"CREATE TEMP TABLE incoming ON COMMIT DROP AS"  # noqa: S608 (our own names)  # nosec B608
            f" SELECT {_COLUMNS} FROM labeling_item WITH NO DATA"
        )
        with _copy_into("incoming") as copy:
            for item in items:
                copy(item)
        cursor.execute(
            f"INSERT INTO labeling_item ({_COLUMNS}) SELECT {_COLUMNS} FROM incoming"  # noqa: S608  # nosec B608
            " ON CONFLICT DO NOTHING RETURNING content_hash"
        )
        written = {content for (content,) in cursor.fetchall()}
        # Within one transaction, as in a test, the next chunk makes the table again.
        cursor.execute("DROP TABLE incoming")
    return written


@contextmanager
def _copy_into(table: str) -> Iterator[Callable[[NewItem], None]]:
    # In the order of ``_COLUMNS``: COPY goes by place, not by name.
    end = f"\topen\t0\tf\t0\t{timezone.now().isoformat()}\n"
    with (
        connection.wrap_database_errors,
        connection.cursor() as cursor,
        cursor.copy(f"COPY {table} ({_COLUMNS}) FROM STDIN") as sink,
    ):
        lines: list[str] = []

        def copy(item: NewItem) -> None:
            lines.append(_line(item) + end)
            if len(lines) == LINES:
                sink.write("".join(lines))
                lines.clear()

        yield copy
        sink.write("".join(lines))


def _line(item: NewItem) -> str:
    tags = item.tags if isinstance(item.tags, str) else copying.texts(item.tags)
    media = copying.NULL if item.media_id is None else item.media_id
    return (
        f"{item.project_id}\t{copying.text(item.external_id)}\t{copying.text(item.data)}"
        f"\t{media}\t{copying.text(item.metadata)}\t{tags}\t{item.content_hash}"
        f"\t{copying.text(item.group_key)}\t{item.split}\t{item.votes_wanted}"
    )
