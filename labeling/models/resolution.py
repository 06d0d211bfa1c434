"""The label an item has, gold answers, and the items that need an expert."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from labeling.models.item import Item
from labeling.models.people import User
from labeling.models.project import MAX_LABEL, Guideline, LabelSet, Project
from labeling.models.skills import Skills


class Gold(models.Model):
    """A known right answer, from an import or from an expert."""

    item = models.OneToOneField(Item, models.CASCADE, related_name="gold")
    labels = ArrayField(models.CharField(max_length=MAX_LABEL))
    label_set = models.ForeignKey(LabelSet, models.RESTRICT, related_name="+")
    is_question = models.BooleanField(
        default=False, help_text="Ask it now and then to see how well people do."
    )
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"gold of {self.item_id}"


class Resolution(models.Model):
    """The label of an item; an older one is kept, superseded."""

    class Source(models.TextChoices):
        CONSENSUS = "consensus", _("Consensus")
        EXPERT = "expert", _("Expert")
        GOLD = "gold", _("Gold")
        # A sure prediction of the pool that was accepted without a person.
        AUTO = "auto", _("Auto")

    project = models.ForeignKey(Project, models.CASCADE, related_name="+")
    item = models.ForeignKey(Item, models.CASCADE, related_name="resolutions")
    labels = ArrayField(models.CharField(max_length=MAX_LABEL))
    source = models.CharField(max_length=9, choices=Source)
    confidence = models.FloatField()
    settled_by = models.CharField(
        max_length=9,
        choices=Project.SettledBy,
        blank=True,
        db_default="",
        help_text="What the confidence of votes is; none in the first releases: the share.",
    )
    counted_model = models.PositiveIntegerField(
        null=True,
        help_text="The version whose answer counted beside the votes, if any.",
    )
    # Both go with the project, and nothing else deletes skills.
    skills = models.ForeignKey(
        Skills,
        models.DO_NOTHING,
        related_name="+",
        null=True,
        db_index=False,
        db_constraint=False,
        help_text="How often people were right, as it was taken for the confidence.",
    )
    soft_label = models.JSONField(
        default=dict, help_text="Label → share of the votes, or how likely it is."
    )
    is_ambiguous = models.BooleanField(
        default=False,
        db_default=False,
        help_text="An expert finds no single answer right: it is learned by its shares.",
    )
    is_correction = models.BooleanField(
        default=False,
        db_default=False,
        help_text="It changed the label of before, which counts toward a retrain.",
    )
    label_set = models.ForeignKey(LabelSet, models.RESTRICT, related_name="+")
    guideline = models.ForeignKey(
        Guideline, models.RESTRICT, related_name="+", null=True
    )
    decided_by = models.ForeignKey(User, models.PROTECT, related_name="+", null=True)
    created_at = models.DateTimeField()
    superseded_at = models.DateTimeField(null=True)
    used_at = models.DateTimeField(
        null=True, help_text="When a training run first took it."
    )

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["item"], condition=Q(superseded_at=None), name="one_resolution"
            )
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["project", "item"],
                condition=Q(superseded_at=None),
                name="resolution_current",
            ),
            # What the model alone has settled is counted, and drawn from, by its moment.
            models.Index(
                fields=["project", "created_at"],
                condition=Q(superseded_at=None, source="auto"),
                name="resolution_auto",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.item_id}: {', '.join(self.labels)} ({self.source})"

    @property
    def confidence_is(self) -> str:
        """By which rule votes have this confidence; empty where it is not from votes."""
        is_by_votes = self.source == self.Source.CONSENSUS
        return (self.settled_by or Project.SettledBy.SHARE) if is_by_votes else ""


class Disagreement(models.Model):
    """An item whose votes do not settle it; an expert resolves it.

    Or one that an expert has doubts about: ``origin`` says why it is here. Its label
    stands until the expert decides.
    """

    class Origin(models.TextChoices):
        VOTES = "votes", _("Votes")
        LOW = "low", _("Low confidence")
        FLAGGED = "flagged", _("Flagged")
        SUSPECT = "suspect", _("Suspect")

    class Outcome(models.TextChoices):
        RESOLVED = "resolved", _("Resolved")
        AMBIGUOUS = "ambiguous", _("Ambiguous")
        INVALID = "invalid", _("Invalid")
        WITHDRAWN = "withdrawn", _("Withdrawn")

    DECISIONS: ClassVar = (Outcome.RESOLVED, Outcome.AMBIGUOUS, Outcome.INVALID)

    project = models.ForeignKey(Project, models.CASCADE, related_name="disagreements")
    item = models.ForeignKey(Item, models.CASCADE, related_name="disagreements")
    origin = models.CharField(
        max_length=7, choices=Origin, default=Origin.VOTES, db_default=Origin.VOTES
    )
    opened_at = models.DateTimeField()
    entropy = models.FloatField(help_text="Of the votes, in nats.")
    votes_seen = models.JSONField(default=dict, help_text="Label → votes when opened.")
    resolved_at = models.DateTimeField(null=True)
    resolved_by = models.ForeignKey(User, models.PROTECT, related_name="+", null=True)
    outcome = models.CharField(max_length=9, choices=Outcome, blank=True)
    resolution = models.ForeignKey(
        Resolution, models.SET_NULL, related_name="+", null=True
    )
    before = models.ForeignKey(
        Resolution,
        models.SET_NULL,
        related_name="+",
        null=True,
        help_text="The label that the decision replaced.",
    )
    note = models.TextField(blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["item"],
                condition=Q(resolved_at=None),
                name="one_open_disagreement",
            )
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["project", "-entropy", "id"],
                condition=Q(resolved_at=None),
                name="disagreement_open",
            )
        ]

    def __str__(self) -> str:
        return f"disagreement on {self.item_id}"

    @property
    def labels(self) -> tuple[str, ...]:
        """What it was decided to be, if it was."""
        return tuple(self.resolution.labels) if self.resolution else ()


class BlindLabels(models.Model):
    """An expert's own first answer, given before the votes were shown; it stands."""

    disagreement = models.ForeignKey(
        Disagreement, models.CASCADE, related_name="blind_labels"
    )
    expert = models.ForeignKey(User, models.PROTECT, related_name="+")
    labels = ArrayField(models.CharField(max_length=MAX_LABEL))
    outcome = models.CharField(
        max_length=9,
        choices=Disagreement.Outcome,
        default=Disagreement.Outcome.RESOLVED,
    )
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["disagreement", "expert"], name="one_set_of_blind_labels"
            )
        ]

    def __str__(self) -> str:
        return f"{self.expert_id} on {self.disagreement_id}, blind"


class Deferral(models.Model):
    """An expert's wish to see a disagreement after all others."""

    disagreement = models.ForeignKey(
        Disagreement, models.CASCADE, related_name="deferrals"
    )
    expert = models.ForeignKey(User, models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["disagreement", "expert"], name="one_deferral"
            )
        ]

    def __str__(self) -> str:
        return f"{self.expert_id} defers {self.disagreement_id}"


class Precedent(models.Model):
    """An expert's decision that is shown with the guideline as an example.

    Item, labels, guideline version and expert are those of the resolution: when it is
    superseded, the example is no longer shown.
    """

    project = models.ForeignKey(Project, models.CASCADE, related_name="precedents")
    resolution = models.OneToOneField(
        Resolution, models.CASCADE, related_name="precedent"
    )
    note = models.TextField(blank=True, help_text="Why it was decided so.")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering: ClassVar = ["-pk"]
        indexes: ClassVar = [
            models.Index(fields=["project", "-id"], name="precedent_by_project")
        ]

    def __str__(self) -> str:
        return f"precedent of {self.project_id}: {self.resolution_id}"
