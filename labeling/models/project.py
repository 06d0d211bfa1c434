"""A project: what is labeled, with which labels, under which policy."""

from __future__ import annotations

import secrets
from typing import ClassVar, Final

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q, Sum
from django.utils.translation import gettext_lazy as _

from labeling.models.automation import Automation
from labeling.models.people import User
from labeling.models.policy import ProjectPolicy

# Of a project: its labels, and the characters of one.
MAX_LABELS: Final = 1000
MAX_LABEL: Final = 120


def new_seed() -> int:
    """Return a random 31-bit seed, drawn once per project."""
    return secrets.randbits(31)


class Project(ProjectPolicy):
    """A labeling project and its policy."""

    class DataType(models.TextChoices):
        TEXT = "text", _("Text")
        IMAGE = "image", _("Image")
        TABLE = "table", _("Table")

    class TaskType(models.TextChoices):
        SINGLE = "single", _("exactly one")
        MULTI = "multi", _("any number")

    slug = models.SlugField(max_length=60, unique=True)
    name = models.CharField(_("Name"), max_length=120)
    data_type = models.CharField(max_length=5, choices=DataType)
    task_type = models.CharField(
        max_length=6, choices=TaskType, default=TaskType.SINGLE
    )
    created_by = models.ForeignKey(User, models.PROTECT, related_name="+", null=True)
    created_at = models.DateTimeField(auto_now_add=True)
    seed = models.PositiveIntegerField(default=new_seed, editable=False)

    # The versions in force; older ones stay in their own tables.
    label_set = models.ForeignKey(
        "labeling.LabelSet",
        models.RESTRICT,
        related_name="+",
        null=True,
        editable=False,
    )
    guideline = models.ForeignKey(
        "labeling.Guideline",
        models.RESTRICT,
        related_name="+",
        null=True,
        editable=False,
    )

    # Names of the data's fields, as files brought them; a project of an earlier release
    # has none before its next import.
    columns = ArrayField(models.TextField(), default=list, editable=False)

    # Not a setting: whoever raises it sees first what that would do.
    automation = models.CharField(
        max_length=10,
        choices=Automation,
        default=Automation.ASSISTANCE,
        db_default=Automation.ASSISTANCE,
        editable=False,
        help_text="How much is left to the model: the dial.",
    )

    queue_generation = models.PositiveBigIntegerField(
        default=0, editable=False, help_text="How many orders its queue has had."
    )

    class Meta(ProjectPolicy.Meta):
        ordering: ClassVar = ["name", "pk"]

    def __str__(self) -> str:
        return self.name

    @property
    def label_set_pk(self) -> int:
        """The key of the label set in force.

        Raises ValueError for a project that is just being created and has none yet.
        """
        if self.label_set_id is None:
            raise ValueError("The project has no label set.")
        return self.label_set_id

    @property
    def hides_model(self) -> bool:
        """Whether nobody sees what the model says of an item, and it has no say."""
        return self.automation in (Automation.HUMAN, Automation.SHADOW)

    @property
    def shown_suggestions(self) -> str:
        """When people see suggestions: never where the dial hides the model."""
        hidden: str = Project.SuggestionMode.BLIND
        return hidden if self.hides_model else self.suggestion_mode

    @property
    def is_multi(self) -> bool:
        """Whether an item may have several labels, or none."""
        return self.task_type == self.TaskType.MULTI


class LabelSet(models.Model):
    """One immutable version of a project's labels."""

    project = models.ForeignKey(Project, models.CASCADE, related_name="label_sets")
    version = models.PositiveIntegerField()
    created_by = models.ForeignKey(User, models.PROTECT, related_name="+", null=True)
    created_at = models.DateTimeField(auto_now_add=True)
    mapping = models.JSONField(
        default=dict, help_text="Label of the version before → label of this one."
    )

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["project", "version"], name="one_label_set_version"
            )
        ]

    def __str__(self) -> str:
        return f"labels v{self.version}"


class Label(models.Model):
    """A class of one label-set version."""

    label_set = models.ForeignKey(LabelSet, models.CASCADE, related_name="labels")
    position = models.PositiveSmallIntegerField()
    name = models.CharField(max_length=MAX_LABEL)
    hotkey = models.CharField(max_length=1, blank=True)
    color = models.CharField(max_length=7, blank=True)
    description = models.TextField(blank=True)

    class Meta:
        ordering: ClassVar = ["position"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["label_set", "name"], name="one_label_name"
            ),
            models.UniqueConstraint(
                fields=["label_set", "position"], name="one_label_position"
            ),
            models.UniqueConstraint(
                fields=["label_set", "hotkey"],
                condition=~Q(hotkey=""),
                name="one_label_hotkey",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Guideline(models.Model):
    """One immutable version of the text that tells annotators how to decide."""

    project = models.ForeignKey(Project, models.CASCADE, related_name="guidelines")
    version = models.PositiveIntegerField()
    text = models.TextField(blank=True, help_text="Markdown.")
    created_by = models.ForeignKey(User, models.PROTECT, related_name="+", null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["project", "version"], name="one_guideline_version"
            )
        ]

    def __str__(self) -> str:
        return f"guideline v{self.version}"


class ProjectCounter(models.Model):
    """Exact counts, changed in the same transaction as the rows that they count.

    Each person has a row, so that nobody waits for another's vote; one row without an
    annotator counts what no person did. A project's counts are the sums. A lease reads
    the person's row, since counting would read all that they ever did.
    """

    project = models.ForeignKey(
        Project, models.CASCADE, related_name="counters", db_index=False
    )
    annotator = models.ForeignKey(
        User, models.PROTECT, related_name="+", null=True, db_index=False
    )
    votes = models.BigIntegerField(default=0, db_default=0)
    # Answers to repeated questions, which are no votes.
    repeats = models.BigIntegerField(default=0, db_default=0)
    # Of the votes: those on gold questions, and how many of them are right.
    known = models.BigIntegerField(default=0, db_default=0)
    known_right = models.BigIntegerField(default=0, db_default=0)
    skips = models.BigIntegerField(default=0, db_default=0)
    flags = models.BigIntegerField(default=0, db_default=0)
    # Pool items (not evaluation) that ever got a first confident label, and how often a
    # confident label of such an item was changed to another one.
    confident = models.BigIntegerField(default=0, db_default=0)
    corrected = models.BigIntegerField(default=0, db_default=0)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["project", "annotator"],
                nulls_distinct=False,
                name="one_counter_per_person",
            )
        ]

    def __str__(self) -> str:
        return f"counter {self.project_id}/{self.annotator_id}"

    @classmethod
    def confident_of(cls, project_id: int) -> int:
        """Return how many pool items ever got a confident label."""
        rows = cls.objects.filter(project_id=project_id)
        return int(rows.aggregate(total=Sum("confident", default=0))["total"])

    @classmethod
    def toward_retrain(cls, project_id: int) -> int:
        """Return how many first labels and corrections of them pool items ever got."""
        total = Sum(F("confident") + F("corrected"), default=0)
        rows = cls.objects.filter(project_id=project_id)
        return int(rows.aggregate(total=total)["total"])

    @staticmethod
    def add(project_id: int, of: int | None = None, **changes: int) -> None:
        """Add ``changes`` to the counts ``of`` a person, or to the row without one.

        Runs in the caller's transaction.
        """
        row = ProjectCounter.objects.filter(project_id=project_id, annotator_id=of)
        increments = {name: F(name) + change for name, change in changes.items()}
        if not row.update(**increments):
            # Two first votes may race to create the row; either may win.
            new = ProjectCounter(project_id=project_id, annotator_id=of)
            row.bulk_create([new], ignore_conflicts=True)
            row.update(**increments)
