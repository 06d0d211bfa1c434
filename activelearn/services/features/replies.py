"""What an address that makes vectors replies, as OpenAI's ``embeddings`` does. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

import numpy as np

from activelearn.core.brought import BroughtVectors
from labeling.messages import Message, message

# Bytes of a reply: 64 vectors of 4,096 numbers take a tenth.
MOST_BYTES: Final = 2**26
MOST_NUMBERS: Final = 4096


class NoVectorsError(ValueError):
    """A reply that has not the vectors that were asked for."""

    def __init__(self, why: Message) -> None:
        super().__init__(str(why))
        self.message = why


def vectors_of(data: bytes, count: int) -> BroughtVectors:
    """Return (count, d) in the order in which the texts were sent.

    Raises NoVectorsError.
    """
    try:
        if len(data) > MOST_BYTES:
            raise ValueError("long")
        rows = sorted(_rows(json.loads(data)))
        if [place for place, _ in rows] != list(range(count)):
            raise ValueError("places")
        vectors = np.array([row for _, row in rows], dtype=np.float32)
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError) as error:
        why = message("its reply is not as that of “embeddings”")
        raise NoVectorsError(why) from error
    is_sound = vectors.ndim == 2 and 1 <= vectors.shape[1] <= MOST_NUMBERS
    if not is_sound or not np.isfinite(vectors).all():
        why = message("a vector has no numbers, too many or infinities")
        raise NoVectorsError(why)
    return vectors


def _rows(reply: Any) -> Iterator[tuple[int, list[float]]]:
    for place, entry in enumerate(reply["data"]):
        row = entry["embedding"]
        if not isinstance(row, list) or not all(type(x) in (int, float) for x in row):
            raise ValueError("embedding")
        # Some servers leave the place out: then they keep the order.
        yield int(entry.get("index", place)), row
