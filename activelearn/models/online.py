"""Online tests: a new version beside the one that serves, on what comes in."""

from __future__ import annotations

from typing import ClassVar, Final

import msgspec
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from activelearn.core.sequential import ALPHA, ArmCount, PairedEvidence
from activelearn.models.run import TrainingRun
from activelearn.models.version import LONGEST_REASON, ModelVersion
from labeling.models import LabelSet, Project, User
from labeling.models.fields import MessageField

# Of the traffic, step by step, that a canary answers.
SHARES: Final = (0.05, 0.25, 0.5, 1.0)


class ArmTraffic(msgspec.Struct, frozen=True):
    """What one of the two has answered; seconds: in all, features and prediction."""

    calls: int = 0
    items: int = 0
    reviews: int = 0
    errors: int = 0
    seconds: float = 0.0

    def __add__(self, other: ArmTraffic) -> ArmTraffic:
        return ArmTraffic(
            self.calls + other.calls,
            self.items + other.items,
            self.reviews + other.reviews,
            self.errors + other.errors,
            self.seconds + other.seconds,
        )

    @property
    def reviewed(self) -> ArmCount:
        """How many of its items went to people."""
        return ArmCount(self.reviews, self.items)

    @property
    def each(self) -> float:
        """Seconds for an item."""
        return self.seconds / self.items if self.items else 0.0


class OnlineTest(models.Model):
    """A challenger beside the champion; at most one goes on in a project."""

    class Kind(models.TextChoices):
        SHADOW = "shadow", _("Shadow")
        CANARY = "canary", _("Canary")
        SPLIT = "split", _("A/B test")

    class Metric(models.TextChoices):
        ACCURACY = "accuracy", _("Accuracy: on the same items, as people settle them")
        REVIEWS = "reviews", _("Review rate: of the items that each answered itself")

    class Follows(models.TextChoices):
        """What follows where the challenger has proved to be better."""

        CANARY = "canary", _("A canary")
        CHAMPION = "champion", _("It serves")
        PERSON = "person", _("A person decides")

    class Verdict(models.TextChoices):
        BETTER = "better", _("Better")
        WORSE = "worse", _("Worse")
        NO_GAIN = "no gain", _("Not better by as much")
        CANNOT_TELL = "cannot tell", _("Cannot tell")
        GUARD = "guard", _("A guard broke")
        PERSON = "person", _("Stopped by a person")
        NO_RESULT = "no result", _("No result")

    project = models.ForeignKey(Project, models.CASCADE, related_name="online_tests")
    kind = models.CharField(max_length=8, choices=Kind)
    challenger = models.ForeignKey(
        ModelVersion, models.CASCADE, related_name="online_tests"
    )
    champion = models.ForeignKey(ModelVersion, models.RESTRICT, related_name="+")
    label_set = models.ForeignKey(
        LabelSet,
        models.RESTRICT,
        related_name="+",
        help_text="In whose words both are compared.",
    )
    run = models.ForeignKey(
        TrainingRun,
        models.CASCADE,
        null=True,
        related_name="online_tests",
        help_text="The run whose gate began it; none where a person did.",
    )
    metric = models.CharField(max_length=8, choices=Metric, default=Metric.ACCURACY)
    least = models.FloatField(
        default=0.01, help_text="The least difference that matters, a share."
    )
    alpha = models.FloatField(default=ALPHA)
    most = models.PositiveIntegerField(
        default=2000, help_text="Settled items after which it ends."
    )
    days = models.PositiveSmallIntegerField(
        default=14, help_text="After which it ends."
    )
    follows = models.CharField(max_length=8, choices=Follows, default=Follows.PERSON)
    step_calls = models.PositiveIntegerField(
        default=100, help_text="Calls that the challenger answers in each step."
    )
    step_hours = models.FloatField(default=1.0, help_text="Of each step, at least.")
    share = models.FloatField(
        default=0.0, help_text="Of the traffic that the challenger answers."
    )
    stepped_at = models.DateTimeField(help_text="Since when it has this share.")
    step_from = models.PositiveIntegerField(
        default=0, help_text="Calls that the challenger had answered by then."
    )
    looked_at = models.DateTimeField(help_text="When its evidence was last looked at.")
    evidence = models.JSONField(
        default=dict, help_text="So far: a core.sequential.PairedEvidence."
    )
    traffic = models.JSONField(
        default=dict, help_text="Of each arm that was counted: an ArmTraffic."
    )
    verdict = models.CharField(
        max_length=12, choices=Verdict, blank=True, db_default=""
    )
    explanation = MessageField(null=True)
    started_at = models.DateTimeField()
    started_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    why = models.CharField(
        max_length=LONGEST_REASON,
        blank=True,
        db_default="",
        help_text="In the words of the person who began it.",
    )
    ended_at = models.DateTimeField(null=True)
    ended_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    ended_why = models.CharField(max_length=LONGEST_REASON, blank=True, db_default="")

    class Meta:
        ordering: ClassVar = ["-pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["project"],
                condition=Q(ended_at=None),
                name="one_online_test_at_a_time",
            ),
            models.CheckConstraint(
                condition=~Q(challenger=F("champion")), name="online_test_of_two"
            ),
            models.CheckConstraint(
                condition=Q(ended_at=None, verdict="")
                | (Q(ended_at__isnull=False) & ~Q(verdict="")),
                name="online_test_ends_with_a_verdict",
            ),
            models.CheckConstraint(
                condition=Q(share__gte=0, share__lte=1)
                & (Q(kind="shadow", share=0) | ~Q(kind="shadow") & Q(share__gt=0)),
                name="shadow_answers_nobody",
            ),
            models.CheckConstraint(
                condition=Q(least__gt=0, least__lt=1, alpha__gt=0, alpha__lt=1),
                name="online_test_has_a_plan",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} of {self.challenger_id}"

    @property
    def seen(self) -> PairedEvidence:
        """The evidence of the pairs so far."""
        return PairedEvidence(**self.evidence)

    def traffic_of(self, *, is_challenger: bool) -> ArmTraffic:
        """Return what one of the two has answered, as far as it is counted."""
        kept = self.traffic.get("challenger" if is_challenger else "champion", {})
        return msgspec.convert(kept, ArmTraffic)


class OnlineLook(models.Model):
    """One look at an online test; only ever added."""

    test = models.ForeignKey(OnlineTest, models.CASCADE, related_name="looks")
    at = models.DateTimeField(auto_now_add=True)
    share = models.FloatField()
    items = models.PositiveIntegerField()
    better = models.PositiveIntegerField()
    worse = models.PositiveIntegerField()
    benefit = models.FloatField(help_text="The natural logarithm of the evidence.")
    harm = models.FloatField(help_text="The natural logarithm of the evidence.")
    pairs = models.JSONField(
        default=list,
        help_text="What is new in this look: OnlinePair, in the order of settling.",
    )

    class Meta:
        ordering: ClassVar = ["pk"]

    def __str__(self) -> str:
        return f"look at {self.test_id}"


class OnlinePair(msgspec.Struct, frozen=True):
    """An item that people have settled, and what both versions say of it."""

    item: int
    truth: list[str]
    champion: list[str]
    challenger: list[str]


class OnlineCall(models.Model):
    """A call that one of the two has answered, until a look has counted it."""

    test = models.ForeignKey(OnlineTest, models.CASCADE, related_name="calls")
    is_challenger = models.BooleanField()
    items = models.PositiveIntegerField()
    reviews = models.PositiveIntegerField(default=0)
    errors = models.PositiveIntegerField(default=0)
    seconds = models.FloatField(default=0.0)

    def __str__(self) -> str:
        return f"call in {self.test_id}"
