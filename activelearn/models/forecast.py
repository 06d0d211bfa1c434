"""Where the learning curve of a project leads, as it was measured."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from labeling.models import Project


class LearningForecast(models.Model):
    """A learning curve with what more labels are expected to bring; the newest counts."""

    project = models.ForeignKey(
        Project, models.CASCADE, related_name="learning_forecasts"
    )
    label_count = models.PositiveIntegerField(
        help_text="Confident labels at that moment; a quarter more cause the next one."
    )
    labels = models.PositiveIntegerField(help_text="That the curve was made from.")
    held_out = models.PositiveIntegerField(help_text="Items that it was measured on.")
    points = models.JSONField(
        help_text="By number of labels, the accuracy with its interval."
    )
    ahead = models.JSONField(help_text="The same, as expected with more labels.")
    plateau = models.FloatField(help_text="The accuracy that the curve comes near to.")
    changing = models.FloatField(
        help_text="The share of the items of which the last labels changed what is predicted."
    )
    people = models.FloatField(
        null=True, help_text="How often people are right on held-out items, if known."
    )
    seconds = models.FloatField(
        null=True, help_text="What a label takes, all its votes together, if known."
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering: ClassVar = ["-pk"]

    def __str__(self) -> str:
        return f"forecast at {self.labels} labels"
