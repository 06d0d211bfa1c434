"""What models and tools outside predict of items, kept apart from what ours predicts."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from labeling.models.item import Item
from labeling.models.policy import MAX_SOURCE
from labeling.models.project import MAX_LABEL, Project


class PredictionSource(models.Model):
    """An outside model, or another tool, whose predictions a project has."""

    # No index of its own: the constraint below begins with this column.
    project = models.ForeignKey(
        Project, models.CASCADE, related_name="+", db_index=False
    )
    name = models.CharField(max_length=MAX_SOURCE)
    created_at = models.DateTimeField(db_default=Now())
    brought_at = models.DateTimeField(
        db_default=Now(), help_text="When rows of it came last."
    )
    embedding_size = models.PositiveSmallIntegerField(
        null=True, help_text="How many numbers each of its embeddings has."
    )

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["project", "name"], name="one_source_of_a_name"
            ),
            models.CheckConstraint(condition=~Q(name=""), name="source_has_a_name"),
        ]

    def __str__(self) -> str:
        return self.name


class OutsidePrediction(models.Model):
    """What one source predicts of one item; its next row replaces it.

    Held-out items and gold questions have theirs as well: the source is held against
    people's answers there. Nobody who labels is shown these.
    """

    # No index of its own: the constraint below begins with this column.
    source = models.ForeignKey(
        PredictionSource, models.CASCADE, related_name="+", db_index=False
    )
    item = models.ForeignKey(Item, models.CASCADE, related_name="outside_predictions")
    labels = ArrayField(
        models.CharField(max_length=MAX_LABEL),
        help_text="All that it predicts, sorted.",
    )
    confidence = models.FloatField(
        null=True, help_text="How sure it is of all of it, in [0, 1]; null: not said."
    )
    probabilities = models.JSONField(null=True, help_text="Label → probability.")
    embedding = models.BinaryField(
        null=True, help_text="Numbers of four bytes, the lowest byte first."
    )

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["source", "item"], name="one_prediction_of_a_source"
            ),
            models.CheckConstraint(
                condition=Q(confidence__isnull=True)
                | Q(confidence__gte=0, confidence__lte=1),
                name="outside_confidence_is_share",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.source_id} of {self.item_id}: {', '.join(self.labels)}"
