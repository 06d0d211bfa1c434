"""What the serving model says of the pool, for the explorer; never for the queue."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from labeling.models.item import Item
from labeling.models.project import Project


class Prediction(models.Model):
    """One model's answer for one item; replaced whole by each scoring run."""

    project = models.ForeignKey(Project, models.CASCADE, related_name="+")
    item = models.OneToOneField(Item, models.CASCADE, related_name="prediction")
    label = models.CharField(max_length=120)
    confidence = models.FloatField()
    model_number = models.PositiveIntegerField()
    was_trained_on = models.BooleanField(
        default=True,
        db_default=True,
        help_text="The model learned from this item, so its answer is no second opinion.",
    )

    class Meta:
        indexes: ClassVar = [
            models.Index(
                fields=["project", "label", "confidence"], name="prediction_by_label"
            )
        ]

    def __str__(self) -> str:
        return f"{self.item_id}: {self.label} {self.confidence:.2f}"
