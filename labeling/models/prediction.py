"""What the serving model says of the pool, for the explorer; never for the queue."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Q

from labeling.models.item import Item
from labeling.models.project import MAX_LABEL, Project


class Prediction(models.Model):
    """What one model predicts of one item; replaced whole by each scoring run.

    Where an item may have several labels, ``labels`` has all that it predicts, and
    ``label`` the likeliest of them, or nothing where it is none. ``confidence`` is of all
    of it.
    """

    project = models.ForeignKey(Project, models.CASCADE, related_name="+")
    item = models.OneToOneField(Item, models.CASCADE, related_name="prediction")
    label = models.CharField(max_length=MAX_LABEL)
    labels = models.JSONField(
        null=True,
        help_text="Label → probability, where an item may have several; else null.",
    )
    confidence = models.FloatField()
    model_number = models.PositiveIntegerField()
    was_trained_on = models.BooleanField(
        default=True,
        db_default=True,
        help_text="What predicts it learned from this item, so it is no second opinion.",
    )

    class Meta:
        indexes: ClassVar = [
            models.Index(
                fields=["project", "label", "confidence"], name="prediction_by_label"
            ),
            GinIndex(
                fields=["labels"],
                name="prediction_by_labels",
                condition=Q(labels__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.item_id}: {', '.join(self.names)} {self.confidence:.2f}"

    @property
    def probabilities(self) -> list[tuple[str, float]]:
        """The labels it predicts, each with its probability; sorted by name."""
        if self.labels is None:
            return [(self.label, self.confidence)]
        return sorted(self.labels.items())

    @property
    def names(self) -> list[str]:
        """The labels it predicts, sorted; empty where it is none of them."""
        return [name for name, _ in self.probabilities]
