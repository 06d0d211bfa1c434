"""What items are expected to take, for an order by gain per minute."""

from __future__ import annotations

import numpy as np
from django.db.models import F, TextField
from django.db.models.functions import Cast, Length

from activelearn.core import durations
from activelearn.core.durations import Durations
from activelearn.core.features import Table
from activelearn.core.intervals import Array, numbered
from activelearn.core.strategies.scene import Places, SecondsOf
from labeling.models import Annotation, Item, Project


def seconds_of(project: Project, table: Table) -> SecondsOf | None:
    """Return what tells the seconds that rows of a table are expected to take.

    None where that is not known: of pictures, and with too few votes. What is told asks
    the database for the rows that it is asked about, those of a short list: to measure
    each item of a large pool would take longer than its order.
    """
    if project.data_type == Project.DataType.IMAGE:
        return None
    learned = durations_of(project)
    if learned is None:
        return None

    def expected(places: Places) -> Array:
        ids = table.ids[places].tolist()
        items = Item.objects.filter(project=project, pk__in=ids)
        known = dict(items.values_list("pk", _length("data")))
        # One that was deleted meanwhile counts as one of the usual length.
        usual = learned.middle - 1
        return learned.seconds(np.array([known.get(pk, usual) for pk in ids]))

    return expected


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
