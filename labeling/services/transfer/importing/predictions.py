"""Predictions of other tools that come with the rows of an import, kept with their items."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from labeling.messages import message
from labeling.models import Item
from labeling.services.transfer.importing.chunk import Duplicate, Ready, RowOutcome
from labeling.services.transfer.importing.meeting import Remark
from labeling.services.transfer.outside import store
from labeling.services.transfer.outside.store import Brought
from labeling.services.work.transactions import Turn, await_turn


class KeptPredictions(NamedTuple):
    """What became of the predictions of a chunk.

    total: those that are new. rows: the identities of their rows as they were read.
    stayed: those that were not taken, for their items have others of the same source.
    """

    total: int
    rows: set[int]
    remarks: list[Remark]
    stayed: int = 0


def keep(project_id: int, outcomes: Sequence[RowOutcome]) -> KeptPredictions:
    """Write what the rows of a chunk predict, in the caller's transaction.

    The items of the chunk have been written; its refused rows are not among these.
    """
    rows = [each for each in outcomes if isinstance(each, Ready | Duplicate)]
    remarks = [
        Remark(each.number, message("Its predictions are not kept: %(why)s", why=why))
        for each in rows
        if (why := each.row.unkept)
    ]
    rich = [each for each in rows if each.row.predictions]
    if not rich:
        return KeptPredictions(0, set(), remarks)
    # Behind the turn of imports: turns are taken in this order everywhere.
    await_turn(Turn.PREDICTIONS, project_id)
    contents = {_content(each) for each in rich}
    items = Item.objects.filter(project=project_id, content_hash__in=contents)
    names = dict(items.values_list("content_hash", "external_id"))
    brought = [
        Brought(place, names[_content(each)], predicted)
        for place, each in enumerate(rich)
        if _content(each) in names
        for predicted in each.row.predictions
    ]
    # The items are what is imported: of predictions nobody knows which ones are newer.
    kept = store.keep(project_id, brought, may_replace=False)
    pairs = [*zip(brought, kept, strict=True)]
    written = [id(rich[each.number].raw) for each, how in pairs if how == "new"]
    remarks += [
        Remark(
            rich[each.number].number,
            message(
                "The project has %(most)s sources of predictions already: “%(name)s” is not kept.",
                most=store.MOST_SOURCES,
                name=each.predicted.source,
            ),
        )
        for each, how in pairs
        if how == "sources"
    ]
    stayed = sum(how == "stays" for _, how in pairs)
    return KeptPredictions(len(written), {*written}, remarks, stayed)


def _content(row: Ready | Duplicate) -> str:
    return row.content_hash if isinstance(row, Duplicate) else row.item.content_hash
