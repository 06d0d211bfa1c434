"""The only listener to labeling's signals; each rings a doorbell."""

from __future__ import annotations

from activelearn import tasks
from labeling.signals import (
    items_changed,
    labels_revised,
    labels_settled,
    policy_changed,
    predictions_changed,
    queue_low,
)


def listen() -> None:
    """Hear of labels, items, settings and a short queue from now on."""
    labels_settled.connect(_new_labels)
    labels_revised.connect(_new_labels)
    items_changed.connect(_new_order)
    queue_low.connect(_new_order)
    # An order carries the suggestions, and a run may be due earlier.
    predictions_changed.connect(_new_order)
    policy_changed.connect(_new_order)
    policy_changed.connect(_new_labels)


def _new_labels(project_id: int, **_: object) -> None:
    tasks.consider.delay(project_id)


def _new_order(project_id: int, **_: object) -> None:
    tasks.rank.delay(project_id)
