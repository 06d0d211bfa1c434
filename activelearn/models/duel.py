"""Duels: what people are asked about to tell two versions apart, and what came of it."""

from __future__ import annotations

from typing import ClassVar

import msgspec
from django.db import models
from django.db.models import F, Q

from activelearn.core import duel as core
from activelearn.core.intervals import Estimate
from activelearn.models.version import ModelVersion
from labeling.models import LabelSet, Project
from labeling.models.fields import MessageField

# Of a duel that goes on, and of one that decided nothing, so that there may be another.
GOES_ON = ("", "go on")
NO_RESULT = "no result"


class DuelPlace(msgspec.Struct, frozen=True):
    """An item that people are asked about, in the words of the duel's label set.

    probability: of it to be among those that are asked about, of all on which the two
    differ. champion, challenger: what each says of it.
    """

    item: int
    probability: float
    champion: list[str]
    challenger: list[str]


class Duel(models.Model):
    """Two versions, and a random sample of the open items on which they differ."""

    project = models.ForeignKey(Project, models.CASCADE, related_name="duels")
    challenger = models.ForeignKey(ModelVersion, models.CASCADE, related_name="duels")
    champion = models.ForeignKey(ModelVersion, models.RESTRICT, related_name="+")
    label_set = models.ForeignKey(
        LabelSet,
        models.RESTRICT,
        related_name="+",
        help_text="In whose words both have answered.",
    )
    seed = models.PositiveBigIntegerField(help_text="Of the draw.")
    items = models.PositiveIntegerField(
        help_text="Open items, or a random sample of them, that both have answered."
    )
    differing = models.PositiveIntegerField(
        help_text="On how many of these they say different labels."
    )
    places = models.JSONField(
        default=list,
        help_text="Those that people may be asked about, in random order: DuelPlace.",
    )
    asked = models.PositiveIntegerField(
        default=0, help_text="How many of the places are asked about so far."
    )
    answered = models.PositiveIntegerField(
        default=0, help_text="Of these, how many are answered."
    )
    labels_then = models.PositiveBigIntegerField(
        default=0, help_text="Confident labels and corrections when it began."
    )
    alpha = models.FloatField(
        null=True, help_text="The error of its tests together, from the first one on."
    )
    better = models.PositiveIntegerField(
        default=0, help_text="Answers that are the challenger's."
    )
    worse = models.PositiveIntegerField(
        default=0, help_text="Answers that are the champion's."
    )
    gain = models.JSONField(
        null=True,
        help_text="In accuracy over ``items``: a core.intervals.Estimate.",
    )
    p = models.FloatField(null=True, help_text="Of the exact sign test.")
    verdict = models.CharField(max_length=20, blank=True, db_default="")
    explanation = MessageField(null=True)
    started_at = models.DateTimeField(auto_now_add=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        ordering: ClassVar = ["-pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["project"],
                condition=Q(ended_at=None),
                name="one_duel_at_a_time",
            ),
            # Trying again until chance is kind would raise the error above what the policy states.
            models.UniqueConstraint(
                fields=["challenger", "champion"],
                condition=~Q(verdict=NO_RESULT),
                name="one_duel_of_two",
            ),
            models.CheckConstraint(
                condition=~Q(challenger=F("champion")), name="duel_of_two"
            ),
            models.CheckConstraint(
                condition=Q(differing__lte=F("items"), asked__lte=F("differing"))
                & Q(answered__lte=F("asked")),
                name="duel_counts",
            ),
            models.CheckConstraint(
                condition=Q(ended_at=None, verdict__in=GOES_ON)
                | (Q(ended_at__isnull=False) & ~Q(verdict__in=GOES_ON)),
                name="duel_ends_with_a_verdict",
            ),
        ]

    def __str__(self) -> str:
        return f"duel of {self.challenger_id} and {self.champion_id}"

    @property
    def whole(self) -> list[DuelPlace]:
        """All that people may be asked about, in order."""
        return msgspec.convert(self.places, list[DuelPlace])

    @property
    def drawn(self) -> core.DuelSample:
        """The draw, without the items that nobody is asked about."""
        order = tuple(place.item for place in self.whole)
        return core.DuelSample(self.items, order, self.differing - len(order))

    @property
    def asked_items(self) -> list[int]:
        """The items that people are asked about, in order."""
        return [place.item for place in self.whole[: self.asked]]

    @property
    def wanted(self) -> int:
        """How many votes are still to come before it is judged."""
        return 0 if self.ended_at else self.asked - self.answered

    @property
    def estimate(self) -> Estimate | None:
        """The gain in accuracy over ``items``; None before it was judged."""
        return Estimate(**self.gain) if self.gain else None
