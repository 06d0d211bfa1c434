"""What an expert asks those who voted, and what they say."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

from labeling.models.people import User
from labeling.models.resolution import Disagreement


class Inquiry(models.Model):
    """A question in words to one of those who voted; it is answered once."""

    disagreement = models.ForeignKey(
        Disagreement, models.CASCADE, related_name="inquiries", db_index=False
    )
    asked_by = models.ForeignKey(User, models.PROTECT, related_name="+", db_index=False)
    annotator = models.ForeignKey(User, models.PROTECT, related_name="inquiries")
    question = models.TextField()
    asked_at = models.DateTimeField()
    answer = models.TextField(blank=True)
    answered_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["disagreement", "annotator"], name="asked_once"
            ),
            models.CheckConstraint(
                condition=Q(answer="", answered_at=None)
                | (~Q(answer="") & Q(answered_at__isnull=False)),
                name="answered_in_words",
            ),
        ]

    def __str__(self) -> str:
        return f"inquiry of {self.annotator_id} about {self.disagreement_id}"
