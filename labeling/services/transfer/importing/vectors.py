"""Vectors that come with the rows of an import, kept beside their items."""

from __future__ import annotations

from collections.abc import Sequence

from labeling.messages import message
from labeling.services.transfer.importing.chunk import Duplicate, Ready, RowOutcome
from labeling.services.transfer.importing.meeting import Met, Remark
from labeling.services.transfer.outside import item_vectors


def keep(project_id: int, rows: Sequence[RowOutcome], met: Met) -> set[int]:
    """Write the vectors of a chunk, in the caller's transaction.

    Its items have been written; refused rows are not among ``rows``. Of several rows with
    one content the last one counts. Returns the identities of the rows, as read, whose
    vectors are new; ``met`` is told how many, and which are left out.
    """
    last = {
        _content(each): each
        for each in rows
        if isinstance(each, Ready | Duplicate) and each.row.embedding
    }
    vectors = {content: each.row.embedding for content, each in last.items()}
    kept = item_vectors.keep(project_id, vectors)
    met.remarks += [
        Remark(
            last[content].number,
            message(
                "Its embedding is not kept: another import brought others of %(wanted)s numbers meanwhile.",
                wanted=kept.numbers,
            ),
        )
        for content in sorted(kept.left_out)
    ]
    met.vectors += len(kept.fresh)
    return {id(last[content].raw) for content in kept.fresh}


def _content(row: Ready | Duplicate) -> str:
    return row.content_hash if isinstance(row, Duplicate) else row.item.content_hash
