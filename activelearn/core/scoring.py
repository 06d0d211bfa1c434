"""What a model says of many items, some at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, TypeAlias

from activelearn.core.features import Table
from activelearn.core.training import Answering

# So many items have their probabilities in memory at once.
CHUNK: Final = 50_000
Score: TypeAlias = tuple[int, str, float]


def scored(
    model: Answering, table: Table, item_ids: Sequence[int]
) -> Iterator[list[Score]]:
    """Yield (item, likeliest label, its probability) of items that have a row."""
    for start in range(0, len(item_ids), CHUNK):
        chunk = item_ids[start : start + CHUNK]
        probabilities = model.probabilities(table.rows_of(chunk))
        likeliest = probabilities.argmax(axis=1)
        yield [
            (pk, model.labels[column], float(row[column]))
            for pk, column, row in zip(chunk, likeliest, probabilities, strict=True)
        ]
