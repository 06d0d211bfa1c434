"""What goes in and out of a model, window by window, and what was made of each."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from labeling.models import Project, User


class WatchPart(models.Model):
    """What one process has seen of a project's traffic within seconds.

    Whoever judges adds the parts up, keeps them as a window and deletes them. Each process
    writes rows of its own, so none waits for another.
    """

    project = models.ForeignKey(Project, models.CASCADE, related_name="+")
    model_number = models.PositiveIntegerField()
    size = models.PositiveIntegerField(help_text="Items.")
    gathered = models.JSONField(help_text="A core.watching.gathering.Gathered.")
    rows = models.BinaryField(help_text="A random sample of rows, as float16.")
    names = ArrayField(
        models.TextField(), help_text="What was predicted of each row of the sample."
    )
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["pk"]

    def __str__(self) -> str:
        return f"{self.size} predictions of version {self.model_number}"


class AskedItem(models.Model):
    """An item that came because the model was not sure of it: no random sample.

    By its content, not its row: it is written beside the item, and outlives it.
    """

    project = models.ForeignKey(Project, models.CASCADE, related_name="+")
    content_hash = models.CharField(max_length=64)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["project", "content_hash"], name="one_asked_item"
            )
        ]

    def __str__(self) -> str:
        return self.content_hash[:12]


class SentBatch(models.Model):
    """Items that a person has sent to people: the next orders begin with them."""

    project = models.ForeignKey(Project, models.CASCADE, related_name="+")
    items = ArrayField(models.BigIntegerField())
    by = models.ForeignKey(User, models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering: ClassVar = ["-pk"]

    def __str__(self) -> str:
        return f"{len(self.items)} items"


class WatchReference(models.Model):
    """What a version was made with: what its windows are compared to."""

    project = models.ForeignKey(Project, models.CASCADE, related_name="+")
    model_number = models.PositiveIntegerField()
    gathered = models.JSONField(help_text="A core.watching.gathering.Gathered.")
    rows = models.BinaryField(help_text="A random sample of rows, as float16.")
    names = ArrayField(models.TextField())
    confidence = models.FloatField(
        null=True,
        help_text="How right it expected to be on held-out items; none without 50 of them.",
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["project", "model_number"], name="one_watch_reference"
            )
        ]

    def __str__(self) -> str:
        return f"reference of version {self.model_number}"


class WatchWindow(models.Model):
    """A window with its verdict; only ever added, and forgotten after a year."""

    class Stream(models.TextChoices):
        TRAFFIC = "traffic", _("Predictions for other programs")
        ITEMS = "items", _("Items that came in")
        OUTCOMES = "outcomes", _("Labels of items that chance drew")

    class Kind(models.TextChoices):
        NONE = "none", _("No change")
        BUG = "data bug", _("The data look broken")
        PRIOR = "prior", _("Labels in another mix")
        COVARIATE = "covariate", _("Other items than before")
        CONCEPT = "concept", _("Other labels for the same items")

    class Light(models.TextChoices):
        GREEN = "green", _("All is well")
        YELLOW = "yellow", _("Something has changed")
        RED = "red", _("Something is wrong")
        GRAY = "gray", _("Nothing is known yet")

    class Act(models.TextChoices):
        NOTHING = "nothing", _("Nothing is to be done.")
        MEND = "mend the data", _("Mend where the data come from; do not retrain.")
        WAIT = "wait", _("Wait: nothing says that this does harm.")
        ASK = "ask people", _("Ask people about random items to see whether it harms.")
        RETRAIN = "retrain", _("Retrain: labels show that the model errs more often.")

    class Shape(models.TextChoices):
        NONE = "none", _("no change")
        SUDDEN = "sudden", _("at once")
        GRADUAL = "gradual", _("little by little")
        TEMPORARY = "temporary", _("for a while")
        RECURRING = "recurring", _("again and again")

    project = models.ForeignKey(Project, models.CASCADE, related_name="watch_windows")
    model_number = models.PositiveIntegerField()
    stream = models.CharField(max_length=8, choices=Stream)
    size = models.PositiveIntegerField(help_text="Items.")
    gathered = models.JSONField(help_text="A core.watching.gathering.Gathered.")
    last_item = models.BigIntegerField(
        default=0, help_text="The last item of the window; 0 of traffic."
    )
    kind = models.CharField(max_length=9, choices=Kind)
    light = models.CharField(max_length=6, choices=Light)
    act = models.CharField(max_length=13, choices=Act)
    shape = models.CharField(max_length=9, choices=Shape)
    evidence = models.JSONField(help_text="A core.watching.verdicts.Evidence.")
    outliers = models.JSONField(
        default=list,
        help_text="Groups of items unlike all that was learned from; ids, the largest first.",
    )
    since_at = models.DateTimeField(null=True, help_text="When the change began.")
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering: ClassVar = ["-ended_at", "-pk"]
        indexes: ClassVar = [
            models.Index(fields=["project", "-ended_at", "-id"], name="watch_newest")
        ]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(started_at__lte=models.F("ended_at")),
                name="watch_window_has_a_span",
            )
        ]

    def __str__(self) -> str:
        return f"{self.stream}: {self.kind}"
