"""The history of how well annotators agree."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from labeling.models.project import LabelSet, Project


class AgreementReport(models.Model):
    """Coefficients over the votes that stood at ``computed_at``."""

    project = models.ForeignKey(
        Project, models.CASCADE, related_name="agreement_reports"
    )
    computed_at = models.DateTimeField()
    label_set = models.ForeignKey(LabelSet, models.RESTRICT, related_name="+")
    votes_hash = models.CharField(max_length=64, help_text="Of the votes it is about.")
    items = models.PositiveIntegerField(help_text="Items with at least two votes.")
    votes = models.PositiveIntegerField()
    percent = models.FloatField(null=True)
    cohen_kappa = models.FloatField(null=True, help_text="Mean over the pairs.")
    fleiss_kappa = models.FloatField(null=True)
    krippendorff_alpha = models.FloatField(null=True)
    body = models.JSONField(default=dict, help_text="Per label, pair and annotator.")

    class Meta:
        ordering: ClassVar = ["-computed_at", "-pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["project", "label_set", "votes_hash"],
                name="one_report_per_votes",
            )
        ]

    def __str__(self) -> str:
        return f"agreement of {self.project_id} at {self.computed_at:%F %T}"
