"""Files on their way in, and the record of each import."""

from __future__ import annotations

import uuid
from typing import ClassVar, NamedTuple

from django.db import models

from labeling.messages import Message, from_json
from labeling.models.job import Job
from labeling.models.people import User
from labeling.models.project import Project


class Upload(models.Model):
    """A received file, kept until its import has ended."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    project = models.ForeignKey(Project, models.CASCADE, related_name="+")
    user = models.ForeignKey(User, models.PROTECT, related_name="+", null=True)
    name = models.CharField(max_length=255, help_text="As sent; shown, never a path.")
    path = models.CharField(max_length=255, help_text="Below the media storage.")
    format = models.CharField(max_length=8)
    size = models.BigIntegerField(help_text="Bytes.")
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.name


class RefusedRow(NamedTuple):
    """The number of a row that could not be kept, and why."""

    row: int
    reason: Message


class ImportRun(models.Model):
    """One import: its options, counts and bad rows."""

    project = models.ForeignKey(Project, models.CASCADE, related_name="imports")
    upload = models.ForeignKey(Upload, models.SET_NULL, null=True, related_name="+")
    job = models.OneToOneField(Job, models.CASCADE, related_name="import_run")
    file_name = models.CharField(max_length=255)
    mapping = models.JSONField(default=dict, help_text="Column → role.")
    options = models.JSONField(default=dict)
    received = models.PositiveIntegerField(default=0)
    created = models.PositiveIntegerField(default=0)
    duplicates = models.PositiveIntegerField(default=0)
    rejected = models.PositiveIntegerField(default=0)
    # {row, reason} of the first ones, each reason a message: read them as ``refusals``.
    errors = models.JSONField(default=list, help_text="The first 1,000: {row, reason}.")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering: ClassVar = ["-pk"]

    def __str__(self) -> str:
        return f"import of {self.file_name}"

    @property
    def refusals(self) -> list[RefusedRow]:
        """The first rows that could not be kept, each with the reason."""
        return [RefusedRow(row["row"], from_json(row["reason"])) for row in self.errors]
