"""How often each person of a project is right, as votes were settled with it."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from labeling.models.project import Project


class Skills(models.Model):
    """One fit of everybody's skill; never changed, so a confidence stays explained."""

    project = models.ForeignKey(Project, models.CASCADE, related_name="skills")
    computed_at = models.DateTimeField()
    votes = models.BigIntegerField(help_text="The project's votes at that time.")
    body = models.JSONField(
        default=dict,
        help_text="Account → [right answers expected, answers that tell of it].",
    )

    class Meta:
        ordering: ClassVar = ["-pk"]

    def __str__(self) -> str:
        return f"skills in {self.project_id} at {self.computed_at:%F %T}"
