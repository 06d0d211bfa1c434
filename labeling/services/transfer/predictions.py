"""What the serving model predicts for the pool, kept for search and for pages."""

from __future__ import annotations

import json
from collections.abc import Container, Iterable, Mapping
from typing import TypeAlias

from django.db import connection, transaction

from labeling.models import Item, Prediction
from labeling.services.work.transactions import Turn, await_turn

# Item, prediction, and how sure of all of it: it is one label, or the probability of
# each label of a set.
PredictionRow: TypeAlias = tuple[int, str | Mapping[str, float], float]


def publish(
    project_id: int,
    model_number: int,
    rows: Iterable[PredictionRow],
    *,
    trained_on: Container[int] | None = None,
) -> int:
    """Replace the project's predictions by ``rows``.

    ``trained_on`` has the items that the model learned from. Where it is None they are
    not known, and no prediction counts as a second opinion. Items that were deleted or
    held out meanwhile are left out. Return how many predictions were written.
    """
    with transaction.atomic():
        await_turn(Turn.PREDICTIONS, project_id)
        # One row of a deleted item would fail all of them at the commit. Behind the turn
        # none goes until then: a deletion takes the same turn.
        pool = Item.objects.filter(project_id=project_id).pool()
        existing = set(pool.values_list("pk", flat=True).iterator(50_000))
        # Nothing refers to a prediction, so nothing is collected first: there may be
        # millions.
        Prediction.objects.filter(project_id=project_id)._raw_delete("default")  # noqa: SLF001
        kept = (row for row in rows if row[0] in existing)
        return _copy(project_id, model_number, kept, trained_on)


def add(
    project_id: int,
    model_number: int,
    rows: Iterable[PredictionRow],
    *,
    trained_on: Container[int],
) -> int:
    """Add ``rows``, as of ``publish``, for items that have no prediction yet.

    Return how many were written.
    """
    with transaction.atomic():
        await_turn(Turn.PREDICTIONS, project_id)
        items = Item.objects.filter(project_id=project_id, prediction=None).pool()
        # Read behind the turn, as in ``publish``: none of them is deleted before the
        # commit.
        open_items = set(items.values_list("pk", flat=True).iterator(50_000))
        kept = (row for row in rows if row[0] in open_items)
        return _copy(project_id, model_number, kept, trained_on)


def _copy(
    project_id: int,
    model_number: int,
    rows: Iterable[PredictionRow],
    trained_on: Container[int] | None,
) -> int:
    statement = (
        "COPY labeling_prediction"
        " (project_id, item_id, label, labels, confidence, model_number,"
        " was_trained_on) FROM STDIN"
    )
    count = 0
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        for item_id, predicted, confidence in rows:
            was_trained_on = trained_on is None or item_id in trained_on
            label, labels = (
                (predicted, None)
                if isinstance(predicted, str)
                else (likeliest(predicted), json.dumps(dict(predicted)))
            )
            values = (label, labels, confidence, model_number, was_trained_on)
            copy.write_row((project_id, item_id, *values))
            count += 1
    return count


def likeliest(labels: Mapping[str, float]) -> str:
    """Return the likeliest of several labels, or nothing where there is none."""
    # By name where two are equal, so that each run says the same.
    return min(labels, key=lambda name: (-labels[name], name), default="")
