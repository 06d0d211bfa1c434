"""What a model says of many items, some at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, TypeAlias

from activelearn.core.features import Table
from activelearn.core.predictions import Prediction, confidences, predictions
from activelearn.core.training import Predictor

# So many items have their probabilities in memory at once.
CHUNK: Final = 50_000
Score: TypeAlias = tuple[int, Prediction, float]


def scored(
    model: Predictor, table: Table, item_ids: Sequence[int]
) -> Iterator[list[Score]]:
    """Yield (item, prediction, how sure of all of it) of items that have a row."""
    for start in range(0, len(item_ids), CHUNK):
        chunk = item_ids[start : start + CHUNK]
        probabilities = model.probabilities(table.rows_of(chunk))
        predicted = predictions(model, probabilities)
        sure = confidences(model, probabilities).tolist()
        yield list(zip(chunk, predicted, sure, strict=True))
