"""What models cannot read of an item: they go on without it, and people are told."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from labeling.messages import Message, from_json
from labeling.models.item import Item
from labeling.models.project import Project


class Unread(models.Model):
    """Why a part of an item, or all of it, says nothing to the models."""

    project = models.ForeignKey(
        Project, models.CASCADE, related_name="+", db_index=False
    )
    item = models.OneToOneField(Item, models.CASCADE, related_name="unread")
    reasons = models.JSONField(help_text="Messages, one for each cell or picture.")

    class Meta:
        indexes: ClassVar = [models.Index(fields=["project", "item"], name="unread_of")]

    def __str__(self) -> str:
        return " ".join(map(str, self.messages))

    @property
    def messages(self) -> list[Message]:
        """The reasons, for whoever reads them."""
        return [from_json(reason) for reason in self.reasons]
