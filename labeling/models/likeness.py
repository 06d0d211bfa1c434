"""What an item that comes later is compared with, to be put beside those like it."""

from __future__ import annotations

from django.db import models

from labeling.models.item import Item
from labeling.models.project import Project


class Likeness(models.Model):
    """A sketch of an item, or the name of a group, with the group that it stands for.

    One row for all items that have the same key or are nearly the same: so the side of
    a group is known also where its items have been deleted.
    """

    pk = models.CompositePrimaryKey("project_id", "number")
    # The index of the key begins with the project.
    project = models.ForeignKey(
        Project, models.CASCADE, related_name="+", db_index=False
    )
    number = models.BigIntegerField(help_text="Of the key, or of the group's name.")
    group_key = models.CharField(max_length=200)
    split = models.CharField(max_length=10, choices=Item.Split)
    signature = models.BinaryField(help_text="What others are compared with.")
    members = models.PositiveIntegerField(
        db_default=1,
        help_text="Items that have joined the group for being nearly the same.",
    )

    def __str__(self) -> str:
        return f"likeness {self.number}"


class LikenessBand(models.Model):
    """A number that near-duplicates are likely to share, and whose it is."""

    pk = models.CompositePrimaryKey("project_id", "band", "number")
    # No constraint: checking one for each of millions of rows takes longer than writing
    # them. They go with the project all the same.
    project = models.ForeignKey(
        Project, models.CASCADE, related_name="+", db_index=False, db_constraint=False
    )
    band = models.BigIntegerField()
    number = models.BigIntegerField()

    def __str__(self) -> str:
        return f"band {self.band}"
