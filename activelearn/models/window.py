"""How good models of several training windows would have been."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from labeling.models import Project


class WindowTrial(models.Model):
    """A back-test of training windows; the newest is shown."""

    project = models.ForeignKey(Project, models.CASCADE, related_name="window_trials")
    labels = models.PositiveIntegerField(help_text="Labels of the pool there were.")
    days = models.FloatField(help_text="From the first of them to the newest.")
    report = models.JSONField(
        null=True, help_text="A core.windows.BackTest; none where too few labels tell."
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering: ClassVar = ["-pk"]

    def __str__(self) -> str:
        return f"windows at {self.labels} labels"
