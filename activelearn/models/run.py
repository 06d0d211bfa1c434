"""What was trained, from what, when and why."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from labeling.messages import Message
from labeling.models import Job, LabelSet, Project, User
from labeling.models.fields import MessageField


class Snapshot(models.Model):
    """The immutable list of (item, label) that a run used, hashed by its content."""

    project = models.ForeignKey(Project, models.CASCADE, related_name="+")
    sha256 = models.CharField(max_length=64)
    items = models.PositiveIntegerField()
    item_ids = ArrayField(
        models.BigIntegerField(),
        null=True,
        help_text="The items in its file; none where an earlier release took it.",
    )
    label_set = models.ForeignKey(LabelSet, models.RESTRICT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["project", "sha256"], name="one_snapshot")
        ]

    def __str__(self) -> str:
        return f"{self.items} labels, {self.sha256[:12]}"


class TrainingRun(models.Model):
    """One training: why it started, what it used, and its verdict."""

    class Trigger(models.TextChoices):
        LABELS = "labels", _("new confident labels")
        PERSON = "person", _("asked for")
        HELD_OUT = "held-out", _("new held-out labels")
        DUEL = "duel", _("the answers of a duel")
        SCHEDULE = "schedule", _("the days since the last run")
        ERRORS = "errors", _("errors on labels that chance drew")
        DRIFT = "drift", _("drift of what comes in")
        FEEDBACK = "feedback", _("predictions that were called wrong")

    project = models.ForeignKey(Project, models.CASCADE, related_name="training_runs")
    job = models.OneToOneField(Job, models.CASCADE, related_name="training_run")
    trigger = models.CharField(max_length=10, choices=Trigger)
    reason = MessageField()
    causes = models.JSONField(
        default=list,
        db_default=[],
        help_text="What started it by itself: of each cause what was there, and wanted.",
    )
    requested_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    judges = models.ForeignKey(
        "activelearn.ModelVersion",
        models.CASCADE,
        null=True,
        related_name="judged_again",
        help_text="The version that waited and is judged again; none is trained.",
    )
    duel = models.ForeignKey(
        "activelearn.Duel",
        models.CASCADE,
        null=True,
        related_name="runs",
        help_text="The duel by whose answers it judges that version.",
    )
    snapshot = models.ForeignKey(
        Snapshot, models.RESTRICT, null=True, related_name="runs"
    )
    label_count = models.PositiveIntegerField(
        null=True, help_text="Labels it trained on."
    )
    experiment = models.JSONField(
        null=True, help_text="All that its fit depends on, by name."
    )
    fingerprint = models.CharField(
        max_length=64,
        blank=True,
        db_default="",
        help_text="The SHA-256 of the experiment.",
    )
    strength = models.JSONField(
        null=True,
        help_text=(
            "The strength that it has chosen: a core.strength.ChosenStrength; none where "
            "it took the one in force."
        ),
    )
    same_as = models.ForeignKey(
        "self",
        models.CASCADE,
        null=True,
        related_name="+",
        help_text="The run that had done the same experiment before.",
    )
    judgment = models.CharField(
        max_length=64,
        blank=True,
        db_default="",
        help_text="The SHA-256 of how its version was judged.",
    )
    look = models.PositiveIntegerField(
        null=True,
        help_text="Which test this was in the project's life, where its gate was strict.",
    )
    alpha = models.FloatField(
        null=True, help_text="The error that this test was allowed."
    )
    unread = models.PositiveIntegerField(
        null=True, help_text="Items that could not be read whole."
    )
    verdict = models.CharField(max_length=20, blank=True)
    explanation = MessageField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering: ClassVar = ["-pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["project", "fingerprint"],
                condition=~Q(fingerprint="") & ~Q(verdict=""),
                name="one_experiment",
            ),
            # Each test is allowed a part of the project's error; none is spent twice.
            models.UniqueConstraint(fields=["project", "look"], name="one_look"),
        ]

    def __str__(self) -> str:
        return f"run #{self.pk}"

    def conclude(self, verdict: str, why: Message) -> None:
        """Keep what came of it; with a verdict it is over."""
        self.verdict, self.explanation = verdict, why
        self.save(update_fields=["verdict", "explanation"])


class RankingFit(models.Model):
    """One order of the queue, and what it was made from."""

    project = models.ForeignKey(Project, models.CASCADE, related_name="+")
    generation = models.BigIntegerField()
    strategy = models.CharField(max_length=20)
    label_count = models.PositiveIntegerField()
    pool = models.PositiveIntegerField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering: ClassVar = ["-pk"]

    def __str__(self) -> str:
        return f"queue {self.generation} of {self.project_id}"


class ScoringRun(models.Model):
    """One pass of a model over the pool."""

    project = models.ForeignKey(Project, models.CASCADE, related_name="+")
    model = models.ForeignKey(
        "activelearn.ModelVersion", models.CASCADE, related_name="scoring_runs"
    )
    label_set = models.ForeignKey(
        LabelSet,
        models.RESTRICT,
        null=True,
        related_name="+",
        help_text="The labels in whose words it is; none in the first releases.",
    )
    items = models.PositiveIntegerField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering: ClassVar = ["-pk"]

    def __str__(self) -> str:
        return f"scores of {self.model_id}"


class ScoredChunk(models.Model):
    """Scores of some items by a pass over the pool that has not published yet."""

    project = models.ForeignKey(Project, models.CASCADE, related_name="+")
    model = models.ForeignKey(
        "activelearn.ModelVersion", models.CASCADE, related_name="+"
    )
    label_set = models.ForeignKey(
        LabelSet,
        models.CASCADE,
        related_name="+",
        help_text="The labels in whose words they are.",
    )
    first_item = models.BigIntegerField()
    items = models.PositiveIntegerField()
    scores = models.BinaryField(help_text="MessagePack of core.scoring.Score.")

    class Meta:
        constraints: ClassVar = [
            # No item is scored twice by one pass, whoever has gone on with it.
            models.UniqueConstraint(
                fields=["model", "label_set", "first_item"], name="one_scored_chunk"
            )
        ]

    def __str__(self) -> str:
        return f"scores from {self.first_item} on"


class RetrainTrigger(models.Model):
    """How many labels there were when a training was due last."""

    project = models.OneToOneField(Project, models.CASCADE, related_name="+")
    fired = models.PositiveIntegerField(default=0, help_text="How often it has fired.")
    label_count = models.PositiveBigIntegerField(
        default=0,
        help_text="Confident labels and corrections of them when it fired last.",
    )

    def __str__(self) -> str:
        return f"trigger of {self.project_id}"
