"""Compare signatures, whatever they are of."""

from __future__ import annotations

from collections.abc import Sequence

from labeling.likeness import pictures, rows, texts
from labeling.likeness.sketch import DIFFERENT


def likenesses(own: bytes, others: Sequence[bytes]) -> list[float]:
    """Return how alike an item is to each of some others, by signatures: from 0 to 1."""
    if not own or not others:
        return [DIFFERENT] * len(others)
    kind = own[:1]
    if kind == texts.KIND:
        return texts.likenesses(own, others)
    compare = pictures.likeness if kind == pictures.KIND else rows.likeness
    return [compare(own, o) if o[:1] == kind else DIFFERENT for o in others]
