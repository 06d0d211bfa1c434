"""Vectors that came with the items, or with predictions of them from outside."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from django.db.models import QuerySet

from activelearn.core import brought
from activelearn.core import features as core
from labeling.models import Item, ItemVector, OutsidePrediction, Project


def vectors_of(items: Sequence[Item], encoder: core.Spec) -> brought.BroughtVectors:
    """Return the vectors that came with items; rows of NaN where none did."""
    size = encoder["dimensions"]
    vectors = np.full((len(items), size), np.nan, dtype=np.float32)
    places = {item.pk: place for place, item in enumerate(items) if item.pk}
    for pk, numbers in _numbers(list(places), encoder["source"]):
        values = np.frombuffer(bytes(numbers or b""), dtype="<f4")
        # They may have been forgotten and brought anew, with others.
        if len(values) == size:
            vectors[places[pk]] = values
    return vectors


def _numbers(pks: Sequence[int], source: int | None) -> QuerySet[Any, Any]:
    """Return (item, numbers of four bytes) of some items that have them."""
    if source is None:
        own = ItemVector.objects.filter(item__in=pks)
        return own.values_list("item_id", "numbers")
    kept = OutsidePrediction.objects.filter(
        source=source, item__in=pks, embedding__isnull=False
    )
    return kept.values_list("item_id", "embedding")


def having(project: Project, source: int | None) -> QuerySet[Any]:
    """Return a row for each item that has a vector, with its ``item``.

    Of a source of predictions, or, without one, of those that came with the items.
    """
    if source is None:
        return ItemVector.objects.filter(project=project)
    return OutsidePrediction.objects.filter(source=source, embedding__isnull=False)
