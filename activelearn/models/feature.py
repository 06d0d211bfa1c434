"""Features on disk, computed once per item."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from labeling.models import Project


class FeatureShard(models.Model):
    """The rows of some items, in a file named by the hash of its content."""

    project = models.ForeignKey(Project, models.CASCADE, related_name="+")
    spec = models.JSONField()
    spec_hash = models.CharField(max_length=64)
    first_item = models.BigIntegerField()
    last_item = models.BigIntegerField()
    items = models.PositiveIntegerField()
    sha256 = models.CharField(max_length=64)
    unread = models.PositiveIntegerField(
        null=True, help_text="Items of it not read whole; not said in earlier releases."
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering: ClassVar = ["first_item"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["project", "spec_hash", "first_item"], name="one_shard"
            )
        ]

    def __str__(self) -> str:
        return f"features {self.first_item}–{self.last_item}"


class FeatureSpec(models.Model):
    """How a table's columns are read from now on, and the sample that showed it.

    Only ever added; the newest counts. A model goes on with the one in its file.
    """

    project = models.ForeignKey(Project, models.CASCADE, related_name="feature_specs")
    number = models.PositiveIntegerField()
    sha256 = models.CharField(max_length=64, help_text="Of the specification.")
    spec = models.JSONField()
    rows = models.PositiveIntegerField(help_text="Rows that were sampled.")
    there = models.PositiveBigIntegerField(help_text="Rows that it was drawn from.")
    columns = models.JSONField(help_text="What the sample showed, column by column.")
    last_item = models.BigIntegerField(
        help_text="The newest item that was drawn from, or looked at since and fits."
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering: ClassVar = ["-number"]
        constraints: ClassVar = [
            # Of two workers that make the next one at once, the first has made it.
            models.UniqueConstraint(
                fields=["project", "number"], name="one_spec_number"
            )
        ]

    def __str__(self) -> str:
        return f"specification {self.number}"
