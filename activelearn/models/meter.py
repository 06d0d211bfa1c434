"""What the model's choice saves, as it was measured, and who orders the queue since."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from labeling.models import Project


class MeterLook(models.Model):
    """A look at both arms, of which a later one takes nothing back.

    Only ever added, at most one at each number of labels. Who orders follows from the looks
    by ``core.meter.orderer``; the project's settings say whether that is followed.
    """

    class Orderer(models.TextChoices):
        MODEL = "model", _("the model")
        CHANCE = "chance", _("chance")

    class Verdict(models.TextChoices):
        SAVES = "saves", _("It saves labels")
        COSTS = "costs", _("It costs labels")
        UNSURE = "cannot tell", _("Cannot tell yet")

    project = models.ForeignKey(Project, models.CASCADE, related_name="meter_looks")
    labels = models.PositiveIntegerField(help_text="Of each arm.")
    held_out = models.PositiveIntegerField(help_text="Items that both answered.")
    value = models.FloatField(
        help_text="The share of the labels that the model's choice saves."
    )
    low = models.FloatField(null=True, help_text="None: too low to be measured.")
    high = models.FloatField(null=True, help_text="None: too high to be measured.")
    verdict = models.CharField(max_length=11, choices=Verdict)
    more = models.PositiveIntegerField(
        help_text="Held-out labels that are expected to tell; 0 where it is told."
    )
    points = models.JSONField(
        help_text="By number of labels, the accuracy of each arm with its interval."
    )
    before = models.CharField(max_length=6, choices=Orderer)
    orderer = models.CharField(max_length=6, choices=Orderer)
    strategy = models.CharField(
        max_length=16,
        blank=True,
        db_default="",
        help_text="How the project chose then; empty where an earlier release looked.",
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering: ClassVar = ["-labels"]
        constraints: ClassVar = [
            # Of two workers that look at once, the first one's counts.
            models.UniqueConstraint(fields=["project", "labels"], name="one_meter_look")
        ]

    def __str__(self) -> str:
        return f"meter at {self.labels}: {self.verdict}"

    @property
    def is_switch(self) -> bool:
        """Whether another one orders since this look."""
        return self.orderer != self.before
