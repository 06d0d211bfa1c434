"""What a model says of many items, some at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, TypeAlias

from activelearn.core.features import Table
from activelearn.core.predictions import Predicted, confidences, predictions
from activelearn.core.training import Array, Predictor

# How many items have their probabilities in memory at once.
CHUNK: Final = 50_000
Score: TypeAlias = tuple[int, Predicted, float]


def scored(
    model: Predictor, table: Table, item_ids: Sequence[int]
) -> Iterator[list[Score]]:
    """Yield (item, prediction, how sure of all of it) of items that have a row."""
    for start in range(0, len(item_ids), CHUNK):
        chunk = item_ids[start : start + CHUNK]
        yield of_table(model, chunk, model.probabilities(table.rows_of(chunk)))


def of_table(model: Predictor, item_ids: Sequence[int], table: Array) -> list[Score]:
    """Return what probabilities (n_items, n_labels) come to, item by item."""
    predicted = predictions(model, table)
    sure = confidences(model, table).tolist()
    return list(zip(item_ids, predicted, sure, strict=True))
