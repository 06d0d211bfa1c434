"""What programs and their users say of predictions: a source of its own, never a label."""

from __future__ import annotations

from typing import ClassVar, Final

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from labeling.models import Item, Project, User
from labeling.models.fields import OrderedJSONField

MOST_SECONDS: Final = 86_400.0


class FeedbackQuerySet(models.QuerySet["Feedback"]):
    """Words for choosing feedback."""

    def contradicted(self) -> FeedbackQuerySet:
        """Feedback that says, or by what was done shows, that a prediction was wrong."""
        return self.filter(WRONG)


WRONG: Final = Q(is_correct=False) | Q(is_correct=None, event="overridden")


class Feedback(models.Model):
    """The last word on one prediction, by who got it."""

    class Event(models.TextChoices):
        ACCEPTED = "accepted", _("Accepted")
        OVERRIDDEN = "overridden", _("Overridden")
        REDONE = "redone", _("Redone")

    # No index of its own: the indexes below begin with this column.
    project = models.ForeignKey(
        Project, models.CASCADE, related_name="+", db_index=False
    )
    about = models.CharField(
        max_length=64, help_text="SHA-256 of what names the prediction."
    )
    item = models.ForeignKey(Item, models.SET_NULL, related_name="+", null=True)
    # Of what is not in the project: so it can be sent to people.
    data = OrderedJSONField(null=True)
    model_number = models.PositiveIntegerField(
        null=True, help_text="The version; null where it is not known."
    )
    predicted = ArrayField(models.CharField(max_length=200), null=True)
    confidence = models.FloatField(null=True)
    is_correct = models.BooleanField(null=True)
    labels = ArrayField(
        models.CharField(max_length=200), null=True, help_text="What would be right."
    )
    event = models.CharField(max_length=10, choices=Event, blank=True)
    seconds = models.FloatField(null=True, help_text="That a person took over it.")
    given_by = models.ForeignKey(User, models.PROTECT, related_name="+", null=True)
    created_at = models.DateTimeField(auto_now_add=True)
    sent_at = models.DateTimeField(null=True, help_text="When people were asked.")

    objects = FeedbackQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["-pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["project", "about"], name="one_feedback"),
            models.CheckConstraint(
                condition=Q(seconds=None) | Q(seconds__range=(0.0, MOST_SECONDS)),
                name="feedback_seconds",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["project", "created_at"], name="feedback_by_day"),
            models.Index(
                fields=["project", "id"],
                condition=Q(sent_at=None)
                & (Q(is_correct=False) | Q(is_correct=None, event="overridden")),
                name="feedback_to_send",
            ),
        ]

    def __str__(self) -> str:
        return f"feedback {self.pk}"
