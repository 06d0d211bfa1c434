"""Vectors that came with the items, as embeddings of predictions from outside."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from activelearn.core import brought
from activelearn.core import features as core
from labeling.models import Item, OutsidePrediction


def vectors_of(items: Sequence[Item], encoder: core.Spec) -> brought.BroughtVectors:
    """Return the vectors that came with items; rows of NaN where none did."""
    size = encoder["dimensions"]
    vectors = np.full((len(items), size), np.nan, dtype=np.float32)
    places = {item.pk: place for place, item in enumerate(items) if item.pk}
    kept = OutsidePrediction.objects.filter(
        source=encoder["source"], item__in=list(places), embedding__isnull=False
    )
    for pk, embedding in kept.values_list("item_id", "embedding"):
        values = np.frombuffer(bytes(embedding or b""), dtype="<f4")
        # The source may have been forgotten and named anew, with others.
        if len(values) == size:
            vectors[places[pk]] = values
    return vectors
