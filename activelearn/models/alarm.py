"""Alarms over the windows of the watch, and what people did about each."""

from __future__ import annotations

from typing import ClassVar

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from activelearn.models.version import LONGEST_REASON
from activelearn.models.watch import WatchWindow
from labeling.models import Project, User


class WatchRule(models.Model):
    """From where on an alarm fires, where a project says so; else the default counts."""

    class Metric(models.TextChoices):
        ERRORS = "errors", _("Errors on labels that chance drew (cumulative sum)")
        DIFFERENCE = "difference", _("Difference of items or labels (0 to 1)")
        FALL = "fall", _("Fall of the expected accuracy (0 to 1)")
        BUGS = "bugs", _("Measures that look broken")
        REVIEWS = "reviews", _("Share that people review (0 to 1)")
        EMPTY = "empty", _("Share of empty items (0 to 1)")

    project = models.ForeignKey(Project, models.CASCADE, related_name="+")
    metric = models.CharField(max_length=10, choices=Metric)
    threshold = models.FloatField(
        validators=[MinValueValidator(0.0), MaxValueValidator(1000.0)]
    )
    is_on = models.BooleanField(default=True)
    snoozed_until_at = models.DateTimeField(null=True)
    snoozed_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    snooze_reason = models.CharField(max_length=LONGEST_REASON, blank=True)

    class Meta:
        ordering: ClassVar = ["metric"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["project", "metric"], name="one_watch_rule"
            ),
            models.CheckConstraint(
                condition=Q(threshold__gte=0.0, threshold__lte=1000.0),
                name="watch_threshold_in_range",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.metric} from {self.threshold}"


class WatchIncident(models.Model):
    """An alarm that opened: who cares for it, why it came, what helped, who checked that."""

    project = models.ForeignKey(Project, models.CASCADE, related_name="watch_incidents")
    metric = models.CharField(max_length=10, choices=WatchRule.Metric)
    window = models.ForeignKey(
        WatchWindow,
        models.SET_NULL,
        null=True,
        related_name="+",
        help_text="Which opened it; none where it has been forgotten.",
    )
    value = models.FloatField()
    threshold = models.FloatField(help_text="As it was then.")
    opened_at = models.DateTimeField(auto_now_add=True)
    owner = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    cause = models.CharField(max_length=LONGEST_REASON, blank=True)
    fix = models.CharField(max_length=LONGEST_REASON, blank=True)
    closed_at = models.DateTimeField(null=True)
    verified_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    verified_at = models.DateTimeField(null=True)

    class Meta:
        ordering: ClassVar = ["-pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["project", "metric"],
                condition=Q(closed_at=None),
                name="one_open_incident",
            ),
            models.CheckConstraint(
                condition=Q(verified_at=None) | Q(closed_at__isnull=False),
                name="verified_after_it_was_closed",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.metric}: {self.value}"
