"""Files on their way in, and the record of each import."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, NamedTuple

from django.db import models
from django.db.models import Value

from labeling.messages import Message, from_json
from labeling.models.job import Job
from labeling.models.people import User
from labeling.models.project import Project
from labeling.models.source import Source


class Upload(models.Model):
    """A received file, kept until its import has ended."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    project = models.ForeignKey(Project, models.CASCADE, related_name="+")
    user = models.ForeignKey(User, models.PROTECT, related_name="+", null=True)
    name = models.CharField(max_length=255, help_text="As sent; shown, never a path.")
    path = models.CharField(max_length=255, help_text="Below the media storage.")
    format = models.CharField(max_length=8)
    reading = models.JSONField(
        default=dict, help_text="How it is read: encoding, delimiter, header, …"
    )
    size = models.BigIntegerField(help_text="Bytes.")
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.name


class RefusedRow(NamedTuple):
    """The number of a row that could not be kept, and why."""

    row: int
    reason: Message


def _rows_of(stored: Sequence[Mapping[str, Any]]) -> list[RefusedRow]:
    return [RefusedRow(row["row"], from_json(row["reason"])) for row in stored]


class ImportRun(models.Model):
    """One import: its options, counts and bad rows."""

    project = models.ForeignKey(Project, models.CASCADE, related_name="imports")
    upload = models.ForeignKey(Upload, models.SET_NULL, null=True, related_name="+")
    source = models.ForeignKey(
        Source, models.SET_NULL, null=True, related_name="imports"
    )
    job = models.OneToOneField(Job, models.CASCADE, related_name="import_run")
    file_name = models.CharField(max_length=255)
    mapping = models.JSONField(default=dict, help_text="Column → role.")
    options = models.JSONField(default=dict)
    received = models.PositiveIntegerField(default=0)
    created = models.PositiveIntegerField(default=0)
    filled = models.PositiveIntegerField(
        default=0,
        db_default=0,
        help_text="Rows that added to items of before what these lacked.",
    )
    duplicates = models.PositiveIntegerField(default=0)
    rejected = models.PositiveIntegerField(default=0)
    # {row, reason} of the first ones, each reason a message: read them as ``refusals``.
    errors = models.JSONField(default=list, help_text="The first 1,000: {row, reason}.")
    remarks = models.JSONField(
        default=list,
        db_default=Value([], models.JSONField()),
        help_text="The first 1,000 rows that are kept otherwise than they stand.",
    )
    # {path, format, delimiter, columns, rows}: see the service's ``refused``.
    report = models.JSONField(
        default=dict,
        db_default=Value({}, models.JSONField()),
        help_text="The file with the refused rows, if there are some.",
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering: ClassVar = ["-pk"]

    def __str__(self) -> str:
        return f"import of {self.file_name}"

    @property
    def refusals(self) -> list[RefusedRow]:
        """The first rows that could not be kept, each with the reason."""
        return _rows_of(self.errors)

    @property
    def noted_rows(self) -> list[RefusedRow]:
        """The first rows that are kept otherwise than they stand, each with the reason."""
        return _rows_of(self.remarks)

    @property
    def notes(self) -> list[Message]:
        """What its job has noted, such as how the file was read."""
        return [from_json(entry) for entry in self.job.log]
