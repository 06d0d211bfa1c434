"""Which representation a project's items are read by, and what it was compared with."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models

from labeling.models import Project


class RepresentationChoice(models.Model):
    """A comparison of the representations, and the one in force since then.

    Only ever added; the newest counts. A model goes on with the features of its file.
    """

    project = models.ForeignKey(
        Project, models.CASCADE, related_name="representation_choices"
    )
    number = models.PositiveIntegerField()
    name = models.CharField(max_length=20)
    before = models.CharField(
        max_length=20, help_text="The one that was in force when it was compared."
    )
    label_count = models.PositiveIntegerField(
        help_text="Confident labels at that moment; twice as many cause the next one."
    )
    items = models.PositiveIntegerField(help_text="Labels that it was compared on.")
    compared = models.JSONField(
        help_text="By name: the specification's hash, and the accuracy with its interval."
    )
    gain = models.FloatField(
        help_text="How much more often the best is right than the one before."
    )
    error = models.FloatField(help_text="The standard error of that.")
    known_words = models.FloatField(
        null=True,
        help_text="Of a look before any label: the share of words that the encoder knows.",
    )
    is_by_hand = models.BooleanField(
        default=False,
        help_text="Somebody wants this one: comparisons do not change it.",
    )
    chosen_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        help_text="Who has chosen this one, or that accuracy chooses.",
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering: ClassVar = ["-number"]
        constraints: ClassVar = [
            # Of two workers that compare at once, the first one's counts.
            models.UniqueConstraint(
                fields=["project", "number"], name="one_choice_number"
            )
        ]

    def __str__(self) -> str:
        return f"representation {self.number}: {self.name}"


class AddedEncoder(models.Model):
    """An encoder beside those that travel along: somebody has added it to a project.

    What it tells of a sample is frozen with it; until then it has no part in anything.
    """

    project = models.ForeignKey(Project, models.CASCADE, related_name="added_encoders")
    name = models.CharField(max_length=20, help_text="Of the representation with it.")
    given = models.JSONField(
        help_text="What names it: with its hash, where it is a file."
    )
    sealed = models.TextField(
        blank=True, help_text="The key of an address, encrypted; never shown."
    )
    encoder = models.JSONField(
        null=True, blank=True, help_text="Its part of the specification, once frozen."
    )
    added_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering: ClassVar = ["pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["project", "name"], name="one_encoder_of_a_name"
            )
        ]

    def __str__(self) -> str:
        return f"encoder {self.name}"
