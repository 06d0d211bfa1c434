"""What is held out for labels that the draw has missed."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models

from labeling.models.project import MAX_LABEL, LabelSet, Project


class BeyondSample(models.Model):
    """The groups that are held out for one label, and of how many they were drawn.

    Written by whoever has the turn of imports, and by nobody else.
    """

    project = models.ForeignKey(
        Project, models.CASCADE, related_name="+", db_index=False
    )
    label_set = models.ForeignKey(
        LabelSet,
        models.CASCADE,
        related_name="+",
        help_text="The version of the labels in which it is called so.",
    )
    label = models.CharField(max_length=MAX_LABEL)
    groups = ArrayField(
        models.CharField(max_length=200), help_text="Held out beyond the draw."
    )
    held_out = models.PositiveIntegerField(
        null=True, help_text="Groups, with those of the draw; null: not known."
    )
    of = models.PositiveIntegerField(
        null=True, help_text="Groups that these were drawn from; null: not known."
    )
    others = ArrayField(
        models.CharField(max_length=200),
        null=True,
        help_text="The rest that these were drawn from; null: not known, so none is added.",
    )

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["project", "label"], name="one_sample_of_a_label"
            ),
            models.CheckConstraint(
                condition=models.Q(held_out__isnull=True, of__isnull=True)
                | models.Q(held_out__lte=models.F("of")),
                name="no_more_held_out_than_there_are",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.label}: {self.held_out}/{self.of}"
