"""Single items from outside, one call at a time; files come by an import."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction

from labeling.errors import InvalidInputError
from labeling.models import Item, Project
from labeling.services.queue.order import send_items_changed
from labeling.services.transfer import columns, groups
from labeling.services.transfer.parsing import RowParser
from labeling.services.transfer.payloads import content_hash, payload_text
from labeling.services.transfer.rows import Row, RowError
from labeling.services.work.transactions import Turn, await_turn


def checked(project: Project, external_id: str, data: Mapping[str, Any]) -> Row:
    """Return a payload as the row that it would be in an import.

    Raises InvalidInputError, naming "items", where an import would refuse it.
    """
    try:
        row = RowParser({name: name for name in data}, project.data_type).parse(data)
    except RowError as error:
        raise InvalidInputError(errors={"items": [str(error)]}) from error
    row.external_id = external_id[:200]
    return row


def add(project: Project, rows: Sequence[Row]) -> None:
    """Add rows that are not here yet to the pool.

    No new group of theirs is held out: somebody chose them, so they are no random
    sample. What is nearly the same as a held-out item goes to its side all the same.
    """
    if not rows:
        return
    contents = [content_hash(payload_text(row.data)) for row in rows]
    some = groups.newcomers(project.data_type, list(zip(rows, contents, strict=True)))
    with transaction.atomic():
        # Also for one item: features rely on ids that become visible in their order.
        await_turn(Turn.IMPORTS, project.pk)
        places = groups.place(project, some, 0.0)
        order = columns.ColumnOrder(columns.of_project(project.pk))
        items = [
            Item(
                project=project,
                external_id=row.external_id or content[:32],
                data=order.arranged(row.data),
                content_hash=content,
                group_key=place.group_key,
                split=place.split,
                votes_wanted=(
                    project.min_votes
                    if groups.is_shared(project, place.group_key)
                    else 1
                ),
            )
            for row, content, place in zip(rows, contents, places, strict=True)
        ]
        # Asked about twice, it stays one item: the second time its content is taken.
        Item.objects.bulk_create(items, ignore_conflicts=True)
        order.keep(project.pk, order.names)
        send_items_changed(project.pk)
