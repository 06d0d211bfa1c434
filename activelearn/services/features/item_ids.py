"""The ids of many items as an array."""

from __future__ import annotations

from typing import Final

import numpy as np
from django.db.models import Aggregate, BinaryField, QuerySet

from activelearn.core.features import Ids
from labeling.models import Item

# As PostgreSQL sends one: eight bytes, the highest first.
_SENT: Final = np.dtype(">i8")


class _SentIds(Aggregate):
    """Ids one behind the other, in any order, as one value."""

    function = "STRING_AGG"
    template = "%(function)s(int8send(%(expressions)s), ''::bytea)"
    output_field = BinaryField()


def ids_of(items: QuerySet[Item]) -> Ids:
    """Return the ids of items (n,), ascending.

    They come as one value: of a million none becomes a row or an object, which would take
    as long as to order them.
    """
    body = items.order_by().aggregate(ids=_SentIds("pk"))["ids"]
    return np.sort(np.frombuffer(bytes(body or b""), dtype=_SENT).astype(np.int64))
