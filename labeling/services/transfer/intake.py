"""Single items from outside, one call at a time; files come by an import."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction

from labeling import rules
from labeling.errors import InvalidInputError
from labeling.models import Item, Project
from labeling.services.queue.order import tell_items_changed
from labeling.services.transfer.importing.rows import (
    Row,
    RowError,
    as_json,
    content_hash,
    group_of,
    parse,
)
from labeling.services.work.transactions import Turn, await_turn


def checked(project: Project, external_id: str, data: Mapping[str, Any]) -> Row:
    """Return a payload as the row that it would be in an import.

    Raises InvalidInputError, naming "items", where an import would refuse it.
    """
    try:
        row = parse(data, {name: name for name in data}, project.data_type)
    except RowError as error:
        raise InvalidInputError(errors={"items": [str(error)]}) from error
    row.external_id = external_id[:200]
    return row


def add_to_pool(project: Project, rows: Sequence[Row]) -> None:
    """Add rows that are not here yet to the pool.

    They never go to the evaluation split: somebody chose them, so they are no random
    sample.
    """
    if not rows:
        return
    items = []
    for row in rows:
        content = content_hash(as_json(row.data))
        group = group_of(row, content)
        is_shared = rules.is_shared(project.seed, group, project.overlap_share)
        items.append(
            Item(
                project=project,
                external_id=row.external_id or content[:32],
                data=row.data,
                content_hash=content,
                group_key=group,
                votes_wanted=project.min_votes if is_shared else 1,
            )
        )
    with transaction.atomic():
        # Also for one item: features rely on ids that become visible in their order.
        await_turn(Turn.IMPORTS, project.pk)
        Item.objects.bulk_create(items, ignore_conflicts=True)
        tell_items_changed(project.pk)
