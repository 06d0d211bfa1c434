"""The ids of many items as an array."""

from __future__ import annotations

import numpy as np
from django.db.models import QuerySet

from activelearn.core.features import Ids
from labeling.models import Item

AT_ONCE = 50_000


def ids_of(items: QuerySet[Item]) -> Ids:
    """Return the ids of items (n,), ascending.

    Of a million none stays an object: a list of them takes forty megabytes, a set more.
    """
    ids = items.order_by("pk").values_list("pk", flat=True)
    return np.fromiter(ids.iterator(AT_ONCE), dtype=np.int64)
