"""Buckets and folders that a project is fed from, and what is known of their objects."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from labeling.models.fields import MessageField
from labeling.models.item import Item
from labeling.models.people import User
from labeling.models.project import Project


class Source(models.Model):
    """A bucket, a part of one, or a folder of the server.

    Its credentials are encrypted (the service's ``sealing``), and never shown.
    """

    class Kind(models.TextChoices):
        S3 = "s3", _("Bucket (S3)")
        FOLDER = "folder", _("Folder of the server")

    class Serving(models.TextChoices):
        COPY = "copy", _("Copied: people see the copy")
        SIGNED = "signed", _("Small copies here, whole ones from the bucket")

    class Addressing(models.TextChoices):
        PATH = "path", _("In the path: server/bucket/object")
        HOST = "host", _("In the name of the server: bucket.server/object")

    class Changed(models.TextChoices):
        REFUSE = "refuse", _("The item stays; the report names the object")
        NEW = "new", _("The item stays; the new picture becomes another one")

    project = models.ForeignKey(Project, models.CASCADE, related_name="sources")
    kind = models.CharField(max_length=6, choices=Kind)
    name = models.CharField(max_length=80)
    endpoint = models.CharField(max_length=200, blank=True, help_text="https://…")
    region = models.CharField(max_length=40, blank=True)
    bucket = models.CharField(max_length=63, blank=True)
    prefix = models.CharField(
        max_length=500, blank=True, help_text="Of the keys; or the path of a folder."
    )
    addressing = models.CharField(
        max_length=4,
        choices=Addressing,
        default=Addressing.PATH,
        db_default=Addressing.PATH,
        help_text="Where the name of the bucket stands in addresses.",
    )
    credentials = models.TextField(blank=True, editable=False)
    serving = models.CharField(max_length=6, choices=Serving, default=Serving.COPY)
    when_changed = models.CharField(
        max_length=6, choices=Changed, default=Changed.REFUSE
    )
    has_labels = models.BooleanField(
        default=False, help_text="The folder of an object is its known label."
    )
    created_by = models.ForeignKey(User, models.PROTECT, related_name="+", null=True)
    created_at = models.DateTimeField(auto_now_add=True)
    listed_at = models.DateTimeField(null=True, help_text="When a list was complete.")
    every_hours = models.PositiveSmallIntegerField(
        default=0, db_default=0, help_text="It is listed by itself so often; 0: never."
    )
    list_after = models.DateTimeField(
        null=True, help_text="When it is listed by itself next; null: never."
    )
    failures = models.PositiveSmallIntegerField(
        default=0, db_default=0, help_text="Lists that failed, one after another."
    )
    # What became of the objects, each in one count: see the service's ``tally``.
    counts = models.JSONField(default=dict)

    class Meta:
        ordering: ClassVar = ["-pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["project", "name"], name="one_bucket_of_a_name"
            )
        ]
        indexes: ClassVar = [
            # Few have a schedule, and the sweep looks at these alone.
            models.Index(
                fields=["list_after"],
                condition=Q(list_after__isnull=False),
                name="source_to_list",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def where(self) -> str:
        """Where it is, in one line."""
        if self.kind == self.Kind.FOLDER:
            return self.prefix or "/"
        if self.addressing == self.Addressing.HOST:
            scheme, _mark, server = self.endpoint.partition("://")
            return f"{scheme}://{self.bucket}.{server}/{self.prefix}"
        return f"{self.endpoint}/{self.bucket}/{self.prefix}"


class SourceObject(models.Model):
    """What became of an object of a source when it was read last."""

    class State(models.TextChoices):
        TAKEN = "taken", _("Taken")
        CHANGED = "changed", _("Changed since it was taken")
        REFUSED = "refused", _("Refused")
        UNUSED = "unused", _("Not used")
        LIST = "list", _("A list, imported by itself")

    source = models.ForeignKey(
        Source, models.CASCADE, related_name="listed", db_index=False
    )
    key = models.CharField(max_length=1024, help_text="Below the source's prefix.")
    etag = models.CharField(max_length=200, blank=True)
    size = models.BigIntegerField(default=0, help_text="Bytes.")
    state = models.CharField(max_length=7, choices=State)
    item = models.ForeignKey(Item, models.SET_NULL, related_name="listed", null=True)
    reason = MessageField(null=True)
    # The job that has seen it last; and since when it is in no list any more.
    seen_by = models.BigIntegerField()
    removed_at = models.DateTimeField(null=True)

    class Meta:
        ordering: ClassVar = ["pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["source", "key"], name="one_object_of_a_key"
            )
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["source", "id"],
                condition=Q(removed_at__isnull=False) | ~Q(state="taken"),
                name="object_to_look_at",
            ),
        ]

    def __str__(self) -> str:
        return self.key
