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
