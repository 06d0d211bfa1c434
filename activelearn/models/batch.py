"""Files whose rows are predicted as a job; nothing of them joins the project."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from labeling.models import Job, Project, Upload


class PredictionBatch(models.Model):
    """A file of rows and the files of its predictions, each of some thousand rows."""

    project = models.ForeignKey(
        Project, models.CASCADE, related_name="prediction_batches"
    )
    upload = models.ForeignKey(Upload, models.SET_NULL, null=True, related_name="+")
    job = models.OneToOneField(
        Job, models.CASCADE, related_name="prediction_batch", null=True
    )
    file_name = models.CharField(max_length=255, help_text="As sent; never a path.")
    model_number = models.PositiveIntegerField(
        null=True, help_text="The version that predicts all of it."
    )
    received = models.PositiveIntegerField(default=0)
    refused = models.PositiveIntegerField(default=0)
    unsure = models.PositiveIntegerField(default=0)
    # Written in their order; a job that is taken over goes on behind the last one.
    parts = models.JSONField(default=list, help_text="Paths below the media storage.")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering: ClassVar = ["-pk"]

    def __str__(self) -> str:
        return f"predictions of {self.file_name}"
