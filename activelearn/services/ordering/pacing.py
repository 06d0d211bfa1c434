"""What each open item is expected to take, for an order by gain per minute."""

from __future__ import annotations

import numpy as np
from django.db.models import F, TextField
from django.db.models.functions import Cast, Length

from activelearn.core import durations
from activelearn.core.durations import Durations
from activelearn.core.features import Table
from activelearn.core.intervals import Array, numbered
from labeling.models import Annotation, Item, Project


def seconds_of(project: Project, table: Table) -> Array | None:
    """Return (n,) the seconds that the items of a table are expected to take.

    Of those that are open; of the others as if they were of the usual length. None where
    that is not known: of pictures, and with too few votes.
    """
    if project.data_type == Project.DataType.IMAGE:
        return None
    learned = durations_of(project)
    if learned is None:
        return None
    waiting = Item.objects.filter(project=project, votes=0).wanting_votes().pool()
    pairs = waiting.values_list("pk", _length("data"))
    lengths = np.full(len(table.ids), learned.middle - 1)
    # One by one: of a million items no list stays.
    both = np.fromiter(pairs.iterator(50_000), dtype=[("id", "i8"), ("length", "i8")])
    known = both[np.isin(both["id"], table.ids)]
    lengths[np.searchsorted(table.ids, known["id"])] = known["length"]
    return learned.seconds(lengths)


def durations_of(project: Project) -> Durations | None:
    """Return what items take by the newest votes; None with too few of them."""
    votes = Annotation.votes.filter(
        project=project, undone_at=None, screen="", seconds__gt=0
    )
    newest = votes.order_by("-pk").values_list(
        "annotator", "seconds", _length("item__data")
    )[: durations.MOST]
    if not newest:
        return None
    people, seconds, lengths = zip(*newest, strict=True)
    return durations.fitted(
        np.array(lengths, dtype=np.float64), np.array(seconds), numbered(people)
    )


def _length(data: str) -> Length:
    """Return the characters of an item's content: of a table, of all its columns."""
    return Length(Cast(F(data), TextField()))
