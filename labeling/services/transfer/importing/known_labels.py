"""The labels and the past votes that new items bring."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from labeling.models import Item, Project, Resolution, User
from labeling.services.transfer import beyond
from labeling.services.transfer.importing import votes
from labeling.services.transfer.importing.chunk import RowTerms
from labeling.services.transfer.rows import Row
from labeling.services.votes import gold


def keep(
    project: Project,
    terms: RowTerms,
    annotators: votes.Annotators,
    importer: User | None,
    rows: Mapping[str, Row],
) -> bool:
    """Keep what is known of new items, by their contents; whether any answer is."""
    items = Item.objects.filter(project=project, content_hash__in=rows)
    pairs = [(item, rows[item.content_hash]) for item in items]
    labeled = [
        (item, row)
        for item, row in pairs
        # That it has none of the labels is known too, where it may have several.
        if row.labels or (row.labels is not None and terms.is_multi)
    ]
    known = [
        (item, sorted({*(row.labels or [])}))
        for item, row in labeled
        if _is_known(row, terms)
    ]
    gold.record(project, known)
    gold.restore(project, [*_restored(labeled)])
    if held := {item: row.held_out_for for item, row in pairs if row.held_out_for}:
        beyond.restore(project, held)
    if voted := [(item, row.votes) for item, row in pairs if row.votes]:
        votes.keep(project, annotators, voted, importer)
    return bool(known)


def _is_known(row: Row, terms: RowTerms) -> bool:
    if row.known is None:
        return terms.is_gold
    return row.known.source == Resolution.Source.GOLD


def _restored(labeled: Sequence[tuple[Item, Row]]) -> Iterator[gold.LabeledItem]:
    """Return the labels that come back as they were; what votes say, they say again."""
    for item, row in labeled:
        known = row.known
        by_votes = bool(row.votes) and known and known.source == "consensus"
        if known and not by_votes and known.source != Resolution.Source.GOLD:
            yield item, sorted({*(row.labels or [])}), known
