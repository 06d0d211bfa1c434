"""What a model says of many items, some at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, TypeAlias

from activelearn.core.answers import Answer, answers, confidences
from activelearn.core.features import Table
from activelearn.core.training import Answering

# So many items have their probabilities in memory at once.
CHUNK: Final = 50_000
Score: TypeAlias = tuple[int, Answer, float]


def scored(
    model: Answering, table: Table, item_ids: Sequence[int]
) -> Iterator[list[Score]]:
    """Yield (item, answer, how sure of all of it) of items that have a row."""
    for start in range(0, len(item_ids), CHUNK):
        chunk = item_ids[start : start + CHUNK]
        probabilities = model.probabilities(table.rows_of(chunk))
        said = answers(model, probabilities)
        sure = confidences(model, probabilities).tolist()
        yield list(zip(chunk, said, sure, strict=True))
