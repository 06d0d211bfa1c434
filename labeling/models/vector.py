"""Vectors that people bring with their items, from an encoder of their own."""

from __future__ import annotations

from django.db import models

from labeling.models.item import Item
from labeling.models.project import Project


class ItemVector(models.Model):
    """The numbers that came with one item; those of a project are equally many."""

    item = models.OneToOneField(
        Item, models.CASCADE, primary_key=True, related_name="vector"
    )
    project = models.ForeignKey(Project, models.CASCADE, related_name="+")
    numbers = models.BinaryField(help_text="Of four bytes, the lowest byte first.")

    def __str__(self) -> str:
        return f"vector of {self.item_id}"
