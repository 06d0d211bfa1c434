"""Degrees of automation: what may be accepted, why, who said so, and how it is audited."""

from __future__ import annotations

from typing import ClassVar

import msgspec
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from activelearn.core.dial import CertifiedPart
from activelearn.models.version import LONGEST_REASON, ModelVersion
from labeling.models import Item, LabelSet, Project, User
from labeling.models.automation import Automation
from labeling.models.fields import MessageField
from labeling.models.project import MAX_LABEL


class LabelDial(models.Model):
    """How much is left to the model where it predicts one label, beside the dial."""

    class Degree(models.TextChoices):
        # Not below: what is shown of one label alone would tell the others.
        ASSISTANCE = Automation.ASSISTANCE.value, _("Assistance")
        PARTIAL = Automation.PARTIAL.value, _("Partial")
        FULL = Automation.FULL.value, _("Full")

    project = models.ForeignKey(Project, models.CASCADE, related_name="label_dials")
    label = models.CharField(max_length=MAX_LABEL)
    degree = models.CharField(max_length=10, choices=Degree)
    risk = models.FloatField(
        null=True,
        help_text="Most that may be wrong of this label; none: the project's.",
    )

    class Meta:
        ordering: ClassVar = ["label"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["project", "label"], name="one_dial_of_a_label"
            ),
            models.CheckConstraint(
                condition=Q(risk=None) | Q(risk__gt=0, risk__lt=1),
                name="risk_of_a_label_is_a_share",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.label}: {self.degree}"


class Certificate(models.Model):
    """What may be accepted of a version's predictions, by labels that were drawn at random.

    It counts for this version with its calibration, in the words of this label set and
    under these terms alone; only ever added.
    """

    project = models.ForeignKey(Project, models.CASCADE, related_name="certificates")
    model = models.ForeignKey(ModelVersion, models.CASCADE, related_name="certificates")
    label_set = models.ForeignKey(LabelSet, models.RESTRICT, related_name="+")
    sha256 = models.CharField(max_length=64, help_text="Of the model's file.")
    labels_hash = models.CharField(
        max_length=64, help_text="SHA-256 of the drawn labels and what was predicted."
    )
    labels = models.PositiveIntegerField(
        help_text="Drawn labels that it rests on, of each group of items one."
    )
    pool = models.PositiveIntegerField(
        help_text="Items of the pool that no person has labeled."
    )
    risk = models.FloatField()
    doubt = models.FloatField(help_text="1 - confidence, of all parts together.")
    parts = models.JSONField(help_text="Of the labels: core.dial.CertifiedPart.")
    made_at = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["-pk"]
        indexes: ClassVar = [
            models.Index(fields=["project", "-id"], name="certificate_by_project")
        ]

    def __str__(self) -> str:
        return f"certificate {self.pk} of {self.model_id}"

    @property
    def of_parts(self) -> list[CertifiedPart]:
        """What is certified of each part: the labels of their own first, then all others."""
        return msgspec.convert(self.parts, list[CertifiedPart])


class DialChange(models.Model):
    """A change of the dial, of the project or of one label; only ever added."""

    project = models.ForeignKey(Project, models.CASCADE, related_name="dial_changes")
    label = models.CharField(max_length=MAX_LABEL, blank=True)
    before = models.CharField(max_length=10)
    after = models.CharField(max_length=10)
    by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    why = models.CharField(max_length=LONGEST_REASON, blank=True)
    certificate = models.ForeignKey(
        Certificate, models.CASCADE, null=True, related_name="+"
    )
    explanation = MessageField(null=True)
    evidence = models.JSONField(
        null=True,
        help_text="Of a failed audit: {audited, wrong, risk, evidence, last_good, since}.",
    )
    reopened = models.PositiveIntegerField(
        default=0, help_text="Accepted items that people are asked about again."
    )
    at = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["-pk"]
        indexes: ClassVar = [
            models.Index(fields=["project", "-id"], name="dial_change_by_project")
        ]

    def __str__(self) -> str:
        return f"{self.before} to {self.after}"


class AuditedItem(models.Model):
    """An accepted item that people are asked about without the model's prediction.

    Its row is written with the draw and closed with what people say; nothing else changes.
    """

    project = models.ForeignKey(Project, models.CASCADE, related_name="audited_items")
    item = models.ForeignKey(Item, models.CASCADE, related_name="+")
    model_number = models.PositiveIntegerField()
    labels = ArrayField(
        models.CharField(max_length=MAX_LABEL), help_text="As they were accepted."
    )
    label_set = models.ForeignKey(LabelSet, models.RESTRICT, related_name="+")
    confidence = models.FloatField()
    accepted_at = models.DateTimeField()
    drawn_at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True)
    is_wrong = models.BooleanField(
        null=True, help_text="None where people gave no single answer."
    )

    class Meta:
        ordering: ClassVar = ["-pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["item"], condition=Q(settled_at=None), name="one_open_audit"
            ),
            models.CheckConstraint(
                condition=Q(is_wrong=None) | Q(settled_at__isnull=False),
                name="audit_is_wrong_when_settled",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["project", "settled_at"], name="audit_by_project")
        ]

    def __str__(self) -> str:
        return f"audit of {self.item_id}"
