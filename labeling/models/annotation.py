"""Votes, and the append-only history of everything done with an assignment."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from labeling.models.assignment import Assignment, Reason
from labeling.models.item import Item
from labeling.models.people import User
from labeling.models.project import MAX_LABEL, Guideline, LabelSet, Project


class VoteManager(models.Manager["Annotation"]):
    """The answers that count: all but repeats."""

    def get_queryset(self) -> models.QuerySet[Annotation]:
        """Return votes, but not the repeats."""
        return super().get_queryset().exclude(reason=Reason.REPEAT)


class Annotation(models.Model):
    """One annotator's answer (vote); edits raise the version, undo keeps the row.

    Repeats are answers that are no votes. So there is no ``objects``, which would leave
    open whether it has them: ``votes`` leaves them out, and so do ``item.annotations``
    and all other relations to here; ``with_repeats`` has them.
    """

    class Screen(models.TextChoices):
        GRID = "grid"
        BINARY = "binary"

    # What an index below begins with needs no second one; neither does what is
    # never looked up by.
    project = models.ForeignKey(
        Project, models.CASCADE, related_name="+", db_index=False
    )
    item = models.ForeignKey(Item, models.CASCADE, related_name="annotations")
    annotator = models.ForeignKey(
        User, models.PROTECT, related_name="annotations", db_index=False
    )
    assignment = models.ForeignKey(
        Assignment, models.CASCADE, related_name="annotations", null=True
    )
    client_id = models.UUIDField(unique=True)
    request_hash = models.CharField(max_length=64, editable=False)
    labels = ArrayField(models.CharField(max_length=MAX_LABEL))
    is_unsure = models.BooleanField(default=False)
    seconds = models.FloatField(null=True, help_text="Visible, not idle.")
    comment = models.TextField(blank=True)
    version = models.PositiveIntegerField(default=1)
    undone_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    # Provenance.
    label_set = models.ForeignKey(
        LabelSet, models.RESTRICT, related_name="+", db_index=False
    )
    guideline = models.ForeignKey(
        Guideline, models.RESTRICT, related_name="+", null=True, db_index=False
    )
    reason = models.CharField(max_length=10, choices=Reason)
    probability = models.FloatField(null=True)
    mixture = models.JSONField(null=True)
    model_number = models.PositiveIntegerField(null=True)
    suggestion_shown = models.JSONField(null=True)
    is_right = models.BooleanField(
        null=True,
        editable=False,
        help_text="Whether it was the known answer; null: no gold question.",
    )
    screen = models.CharField(
        max_length=6,
        choices=Screen,
        blank=True,
        db_default="",
        help_text="Where it was given, if not one by one.",
    )

    votes = VoteManager()
    with_repeats: ClassVar[models.Manager[Annotation]] = models.Manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["item", "annotator"],
                condition=Q(undone_at=None) & ~Q(reason="repeat"),
                name="one_standing_vote",
            )
        ]
        indexes: ClassVar = [
            models.Index(fields=["project", "id"], name="annotation_by_project"),
            models.Index(fields=["annotator", "project", "-id"], name="annotation_own"),
            models.Index(
                fields=["project", "item"],
                condition=Q(is_unsure=True, undone_at=None),
                name="annotation_unsure",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.annotator_id} on {self.item_id}: {', '.join(self.labels)}"


class AnnotationEvent(models.Model):
    """A fact that happened; rows are only ever added."""

    class Kind(models.TextChoices):
        VOTED = "voted", _("Voted")
        EDITED = "edited", _("Edited")
        UNDONE = "undone", _("Undone")
        SKIPPED = "skipped", _("Skipped")
        FLAGGED = "flagged", _("Flagged")
        RELEASED = "released", _("Released")
        EXPIRED = "expired", _("Expired")
        LATE = "late", _("Late")
        IMPORTED = "imported", _("Imported")
        RESOLVED = "resolved", _("Resolved")
        REOPENED = "reopened", _("Reopened")
        DOUBTED = "doubted", _("Doubted")
        CHECKED = "checked", _("Checked")
        ASKED = "asked", _("Asked")
        REPLIED = "replied", _("Replied")

    project = models.ForeignKey(
        Project, models.CASCADE, related_name="+", db_index=False
    )
    item = models.ForeignKey(
        Item, models.CASCADE, related_name="events", db_index=False
    )
    assignment = models.ForeignKey(
        Assignment, models.SET_NULL, related_name="events", null=True
    )
    annotation = models.ForeignKey(
        Annotation, models.SET_NULL, related_name="events", null=True
    )
    actor = models.ForeignKey(
        User, models.PROTECT, related_name="+", null=True, db_index=False
    )
    kind = models.CharField(max_length=8, choices=Kind)
    payload = models.JSONField(default=dict)
    at = models.DateTimeField()

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["item", "id"], name="event_by_item"),
            models.Index(fields=["project", "kind", "-id"], name="event_by_kind"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.item_id} at {self.at:%F %T}"
