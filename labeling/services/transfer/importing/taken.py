"""New contents whose id is that of another item: under another id, or refused."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from labeling.messages import message
from labeling.models import Item, Project
from labeling.services.transfer.importing import table
from labeling.services.transfer.importing.chunk import (
    Duplicate,
    NewItem,
    Ready,
    Refusal,
    RowOutcome,
)
from labeling.services.transfer.importing.meeting import Remark


@dataclass
class TakenNames:
    """What became of contents whose id is taken.

    renamed: those that are kept under a made id, with the remark about it. later: those
    that are kept under the id of a later row that has them too. refused: rows that were
    kept under no id.
    """

    renamed: dict[str, Remark] = field(default_factory=dict)
    later: dict[str, Duplicate] = field(default_factory=dict)
    refused: list[Ready | Duplicate] = field(default_factory=list)

    @property
    def new(self) -> set[str]:
        """The contents that are items now."""
        return {*self.renamed, *self.later}

    @property
    def refusals(self) -> list[Refusal]:
        """The refusals of the rows that were kept under no id."""
        return [_refusal(row) for row in self.refused]

    @property
    def done(self) -> set[int]:
        """The identities of later rows that were dealt with here."""
        return {*map(id, self.later.values()), *map(id, self.refused)}


def resolve(
    project: Project,
    outcomes: Sequence[RowOutcome],
    insertion: table.Insertion,
    *,
    may_rename: bool,
) -> TakenNames:
    """Keep what is new and has a taken id under another one, where there is one.

    In the caller's transaction, behind ``insertion``.
    """
    taken = _taken(project, insertion)
    first = {
        outcome.item.content_hash: outcome
        for outcome in outcomes
        if isinstance(outcome, Ready) and outcome.item.content_hash in taken
    }
    if may_rename:
        return TakenNames(renamed=_rename(first, taken))
    resolved = TakenNames(refused=[*first.values()])
    later = [
        outcome
        for outcome in outcomes
        if isinstance(outcome, Duplicate) and outcome.content_hash in taken
    ]
    if later:
        _keep_under_later_ids(project, resolved, later, taken)
    return resolved


def _taken(project: Project, insertion: table.Insertion) -> dict[str, NewItem]:
    """Return what is not written, and whose content no item has: its name is taken."""
    old = {
        item.content_hash: item
        for item in insertion.sent
        if item.content_hash not in insertion.written
    }
    if not old:
        return {}
    known = Item.objects.filter(project=project, content_hash__in=old)
    here = {*known.values_list("content_hash", flat=True)}
    return {content: item for content, item in old.items() if content not in here}


def _rename(
    first: Mapping[str, Ready], taken: Mapping[str, NewItem]
) -> dict[str, Remark]:
    """Keep contents under an id that says so; return a remark for each."""
    if not taken:
        return {}
    with table.inserting() as again:
        for item in taken.values():
            again.send(_renamed(item))
    return {
        item.content_hash: Remark(
            first[item.content_hash].number,
            message(
                "Its id is that of another item: it is kept as “%(id)s”.",
                id=item.external_id,
            ),
        )
        for item in again.sent
        if item.content_hash in again.written
    }


def _renamed(item: NewItem) -> NewItem:
    """Return an item under an id that the same content has in every import."""
    return item._replace(
        external_id=f"{item.external_id[:180]} ({item.content_hash[:8]})"
    )


def _keep_under_later_ids(
    project: Project,
    resolved: TakenNames,
    rows: Sequence[Duplicate],
    taken: Mapping[str, NewItem],
) -> None:
    """Keep contents under the ids of later rows, in their order; note those refused."""
    ids = {row.external_id for row in rows}
    known = Item.objects.filter(project=project, external_id__in=ids)
    used = {*known.values_list("external_id", flat=True)}
    for row in rows:
        if row.content_hash in resolved.later:
            continue
        if row.external_id in used:
            resolved.refused.append(row)
        else:
            resolved.later[row.content_hash] = row
            used.add(row.external_id)
    if resolved.later:
        with table.inserting() as again:
            for content, row in resolved.later.items():
                again.send(taken[content]._replace(external_id=row.external_id))


def _refusal(row: Ready | Duplicate) -> Refusal:
    """Return a refusal of a row with another content under a known name."""
    name = row.external_id[:80]
    why = message("“%(id)s” is the id of another item.", id=name)
    return Refusal(row.number, why, row.raw)
