"""The registry of models and the evidence for each."""

from __future__ import annotations

from functools import cached_property
from typing import ClassVar, Final

import msgspec
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from activelearn.core.calibration import Method, Trial
from activelearn.core.conformal import LikelyRule
from activelearn.core.evaluation import Summary
from activelearn.core.gate import PairedCounts, Terms, is_enough
from activelearn.models.run import Snapshot, TrainingRun
from labeling.models import LabelSet, Project, User

# Of what a person says about a version, in characters.
LONGEST_REASON: Final = 300


class ModelVersion(models.Model):
    """A trained model; its file is named by the hash of its bytes."""

    class Stage(models.TextChoices):
        CHALLENGER = "challenger", _("Challenger")
        WAITING = "waiting", _("Waiting")
        CHAMPION = "champion", _("Champion")
        # In an online test: predicts unseen, or answers a share of the calls.
        SHADOW = "shadow", _("Shadow")
        CANARY = "canary", _("Canary")
        ARCHIVED = "archived", _("Archived")
        REJECTED = "rejected", _("Rejected")

    project = models.ForeignKey(Project, models.CASCADE, related_name="model_versions")
    number = models.PositiveIntegerField()
    stage = models.CharField(
        max_length=10, choices=Stage, default=Stage.CHALLENGER, editable=False
    )
    run = models.OneToOneField(TrainingRun, models.RESTRICT, related_name="model")
    snapshot = models.ForeignKey(Snapshot, models.RESTRICT, related_name="models")
    parent = models.ForeignKey(
        "self", models.RESTRICT, null=True, related_name="+", help_text="Champion then."
    )
    label_set = models.ForeignKey(LabelSet, models.RESTRICT, related_name="+")
    spec_hash = models.CharField(max_length=64)
    sha256 = models.CharField(max_length=64)
    size = models.PositiveIntegerField(help_text="Bytes.")
    seed = models.PositiveIntegerField()
    calibrated_on = models.CharField(
        max_length=64,
        blank=True,
        db_default="",
        help_text="The SHA-256 of the labels on which a calibration was tried.",
    )
    calibration = models.JSONField(
        default=dict,
        help_text="Whether a calibration helped: a core.calibration.Trial.",
    )
    likely = models.JSONField(
        null=True,
        help_text=(
            "Which labels of an item are likely: a core.conformal.LikelyRule; none of "
            "several labels, and in earlier releases."
        ),
    )
    crossfit = models.CharField(
        max_length=64,
        blank=True,
        db_default="",
        help_text=(
            "The SHA-256 of what models of parts of its labels predict of the others, "
            "where that was asked for."
        ),
    )
    environment = models.JSONField(help_text="Versions of what it was made with.")
    created_at = models.DateTimeField(auto_now_add=True)
    promoted_at = models.DateTimeField(null=True)
    promoted_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    rolled_back_at = models.DateTimeField(
        null=True, help_text="When it was taken out of service, until promoted anew."
    )

    archived_at = models.DateTimeField(
        null=True, help_text="When a person put it away, until it is promoted."
    )
    archived_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    archived_why = models.CharField(
        max_length=LONGEST_REASON, blank=True, db_default=""
    )
    damaged_at = models.DateTimeField(
        null=True, help_text="Since when its file is known to be damaged or gone."
    )

    waits_for = models.PositiveIntegerField(
        null=True,
        help_text=(
            "Held-out labels that are expected to tell, where it waits for them; none "
            "where it waits for a person."
        ),
    )

    class Meta:
        ordering: ClassVar = ["-number"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["project", "number"], name="one_number"),
            models.UniqueConstraint(
                fields=["project"], condition=Q(stage="champion"), name="one_champion"
            ),
        ]

    def __str__(self) -> str:
        return f"version {self.number}"

    @property
    def evidence(self) -> Evaluation | None:
        """What held-out items say of it; None where it was not judged yet."""
        evaluation: Evaluation | None = getattr(self, "evaluation", None)
        return evaluation

    @property
    def trial(self) -> Trial | None:
        """Whether a calibration helped; None for versions of earlier releases."""
        return Trial(**self.calibration) if self.calibration else None

    @property
    def likely_rule(self) -> LikelyRule | None:
        """Which labels of an item are likely; None where that was never asked."""
        return msgspec.convert(self.likely, LikelyRule) if self.likely else None

    @property
    def method(self) -> Method:
        """By what its scores are calibrated, where they are."""
        trial = self.trial
        if trial and trial.method:
            return msgspec.convert(trial.method, Method)
        # Of versions of earlier releases, whose trials do not say.
        return "platt" if self.project.is_multi else "temperature"

    @property
    def is_calibrated(self) -> bool:
        """Whether its probabilities are confidences; else they are scores."""
        return bool(self.trial and self.trial.helps)


class Promotion(models.Model):
    """A change of what serves: by the gate of a run, or by a person; only ever added."""

    project = models.ForeignKey(Project, models.CASCADE, related_name="promotions")
    model = models.ForeignKey(ModelVersion, models.CASCADE, related_name="promotions")
    before = models.ForeignKey(
        ModelVersion,
        models.RESTRICT,
        null=True,
        related_name="replacements",
        help_text="What served until then.",
    )
    sha256 = models.CharField(max_length=64, help_text="Of the file that serves.")
    run = models.ForeignKey(
        TrainingRun,
        models.RESTRICT,
        null=True,
        related_name="promotions",
        help_text="The run whose gate let it; none where a person did.",
    )
    by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    why = models.CharField(
        max_length=LONGEST_REASON,
        blank=True,
        db_default="",
        help_text="In the words of the person who did it.",
    )
    is_rollback = models.BooleanField(
        db_default=False, help_text="What served until then was taken out of service."
    )
    at = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["-pk"]

    def __str__(self) -> str:
        return f"promotion of {self.model_id}"


class Evaluation(models.Model):
    """A model on the held-out items, paired with the champion of that moment."""

    model = models.OneToOneField(
        ModelVersion, models.CASCADE, related_name="evaluation"
    )
    champion = models.ForeignKey(
        ModelVersion, models.RESTRICT, null=True, related_name="+"
    )
    sha256 = models.CharField(
        max_length=64,
        blank=True,
        db_default="",
        help_text="Of the model's file that was judged.",
    )
    label_set = models.ForeignKey(
        LabelSet,
        models.RESTRICT,
        null=True,
        related_name="+",
        help_text="The labels in whose words it is; none in the first releases.",
    )
    items = models.PositiveIntegerField()
    left_out = models.PositiveIntegerField(
        db_default=0,
        help_text="Held-out items with a label that the leak check has left out.",
    )
    left_out_items = ArrayField(
        models.BigIntegerField(),
        null=True,
        help_text="Which items these are; none in the first releases.",
    )
    items_hash = models.CharField(max_length=64)
    report = models.JSONField(
        help_text="All figures with their intervals: a core.report.Report."
    )
    better = models.PositiveIntegerField(help_text="Items only this model has right.")
    worse = models.PositiveIntegerField(help_text="Items only the champion has right.")
    lower_bound = models.FloatField()
    mid_p = models.FloatField()
    rule = models.CharField(max_length=20)
    terms = models.JSONField(
        default=dict,
        help_text="What the rule asked for: a core.gate.Terms; empty in the first releases.",
    )
    verdict = models.CharField(max_length=20)
    outcomes = models.JSONField(help_text="Item → [right before, right now].")
    pairs = models.JSONField(
        default=dict, help_text="Item → [its labels, what the model answers]."
    )
    sureness = models.JSONField(
        default=dict,
        help_text=(
            "Item → how sure the answer is, in [0, 1]; empty where items have several "
            "labels, and in the first releases."
        ),
    )

    def __str__(self) -> str:
        return f"evaluation of {self.model_id}"

    @cached_property
    def summary(self) -> Summary:
        """The figures that are never shown without each other."""
        return msgspec.convert(self.report["figures"]["summary"], Summary)

    @cached_property
    def asked(self) -> Terms:
        """What the rule asked for; of the first releases, what they all did."""
        return msgspec.convert({"rule": self.rule, **self.terms}, Terms)

    @property
    def has_tested(self) -> bool:
        """Whether there were enough items to decide anything."""
        return is_enough(PairedCounts(self.items, self.better, self.worse), self.asked)

    @property
    def accuracy(self) -> float:
        """The share of items it has right."""
        return self.summary.accuracy.value

    @property
    def macro_f1(self) -> float:
        """The mean F1 of the labels."""
        return self.summary.macro_f1.value
