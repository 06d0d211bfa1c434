"""A project: what is labeled, with which labels, under which policy."""

from __future__ import annotations

import secrets
from typing import Any, ClassVar

from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q, Sum
from django.utils.translation import gettext_lazy as _

from labeling.models.people import Membership, User

SHARE = [MinValueValidator(0.0), MaxValueValidator(1.0)]


def new_seed() -> int:
    """Return a random 31-bit seed, drawn once per project."""
    return secrets.randbits(31)


class Work(models.TextChoices):
    """What a vote is asked for: roles may share it out among them."""

    FIRST = "first", _("First votes")
    FURTHER = "further", _("Further votes")
    EVALUATION = "evaluation", _("Held-out items")


ALL_WORK: list[str] = list(Work.values)


def everybody() -> list[str]:
    """Return all roles."""
    return list(Membership.Role.values)


def each_once(roles: list[str]) -> None:
    """Refuse a list that names a role twice."""
    if len(set(roles)) < len(roles):
        raise ValidationError(_("Each role once."))


def _roles(help_text: Any) -> ArrayField[list[str], list[str]]:
    return ArrayField(
        models.CharField(max_length=10, choices=Membership.Role),
        default=everybody,
        validators=[each_once],
        help_text=help_text,
    )


def _is_for_somebody(name: str) -> Q:
    known = Q(**{f"{name}__contained_by": everybody()})
    return known & Q(**{f"{name}__len__gte": 1})


class Project(models.Model):
    """A labeling project and its policy; every share is between 0 and 1."""

    class DataType(models.TextChoices):
        TEXT = "text", _("Text")
        IMAGE = "image", _("Image")
        TABLE = "table", _("Table")

    class TaskType(models.TextChoices):
        SINGLE = "single", _("Single")
        MULTI = "multi", _("Multi")

    class Strategy(models.TextChoices):
        MARGIN = "margin", _("Margin")
        LEAST_CONFIDENCE = "least_confidence", _("Least Confidence")
        ENTROPY = "entropy", _("Entropy")

    class Batch(models.TextChoices):
        SPREAD = "spread", _("Spread")
        RANKED = "ranked", _("Ranked")

    class SuggestionMode(models.TextChoices):
        BLIND = "blind", _("Blind")
        REVEAL = "reveal_after", _("Reveal")
        ASSIST = "assist", _("Assist")

    slug = models.SlugField(max_length=60, unique=True)
    name = models.CharField(max_length=120)
    data_type = models.CharField(max_length=5, choices=DataType)
    task_type = models.CharField(
        max_length=6, choices=TaskType, default=TaskType.SINGLE
    )
    created_by = models.ForeignKey(User, models.PROTECT, related_name="+", null=True)
    created_at = models.DateTimeField(auto_now_add=True)
    seed = models.PositiveIntegerField(default=new_seed, editable=False)
    is_paused = models.BooleanField(default=False)

    # The versions in force; history stays in their own tables.
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

    # From votes to labels.
    overlap = models.PositiveSmallIntegerField(
        default=1,
        validators=[MinValueValidator(1), MaxValueValidator(50)],
        help_text=_("Most votes an item may get."),
    )
    min_votes = models.PositiveSmallIntegerField(
        default=1,
        validators=[MinValueValidator(1), MaxValueValidator(50)],
        help_text=_("Fewest votes before an item can be settled."),
    )
    overlap_share = models.FloatField(
        default=1.0,
        validators=SHARE,
        help_text=_("Share of the items that may get more than one vote."),
    )
    confidence = models.FloatField(
        default=0.9,
        validators=SHARE,
        help_text=_("Least share of the votes that the winning label needs."),
    )
    free_choice = models.BooleanField(
        default=False, help_text=_("Members may pick which items they label.")
    )
    lease_minutes = models.PositiveSmallIntegerField(
        default=30, validators=[MinValueValidator(1), MaxValueValidator(1440)]
    )

    # What the queue serves.
    evaluation_share = models.FloatField(
        default=0.1,
        validators=[MinValueValidator(0.0), MaxValueValidator(0.5)],
        help_text=_("Share of the items set aside for evaluation."),
    )
    evaluation_rate = models.FloatField(
        default=0.2,
        validators=[MinValueValidator(0.0), MaxValueValidator(0.5)],
        help_text=_(
            "Share of served items from the evaluation split until it is labeled."
        ),
    )
    strategy = models.CharField(
        max_length=16,
        choices=Strategy,
        default=Strategy.MARGIN,
        help_text=_("How it is measured what the model is least sure of."),
    )
    batch = models.CharField(
        max_length=8,
        choices=Batch,
        default=Batch.SPREAD,
        help_text=_("How the next items are kept unlike each other."),
    )
    exploration_rate = models.FloatField(
        default=0.1,
        validators=SHARE,
        help_text=_("Share of served items that are picked at random."),
    )
    gold_rate = models.FloatField(
        default=0.0,
        validators=[MinValueValidator(0.0), MaxValueValidator(0.5)],
        help_text=_("Share of served items that are gold questions."),
    )
    repeat_rate = models.FloatField(
        default=0.0,
        validators=[MinValueValidator(0.0), MaxValueValidator(0.2)],
        help_text=_("Share of served items that the person has answered long before."),
    )
    least_skill = models.FloatField(
        default=0.0,
        validators=SHARE,
        help_text=_(
            "Whoever surely answers fewer gold questions right gets no more items; "
            "0: no limit."
        ),
    )
    suggestion_mode = models.CharField(
        max_length=12, choices=SuggestionMode, default=SuggestionMode.BLIND
    )

    queue_generation = models.PositiveBigIntegerField(
        default=0, editable=False, help_text="How many orders its queue has had."
    )

    # Which roles are asked for what; what is held already may be finished.
    first_votes_by = _roles(
        _("Roles whose votes come first on items that are not held out.")
    )
    further_votes_by = _roles(
        _("Roles that give such items the other votes that they need.")
    )
    evaluation_by = _roles(_("Roles that label the items set aside for evaluation."))
    checks_by = _roles(_("Roles that are asked gold questions and repeats."))

    # When to retrain.
    retrain_first = models.PositiveIntegerField(
        default=20,
        validators=[MinValueValidator(2)],
        help_text=_("New confident labels before the first training run."),
    )
    retrain_growth = models.FloatField(
        default=0.2,
        validators=[MinValueValidator(0.0), MaxValueValidator(5.0)],
        help_text=_("Later runs: growth of the confident labels since the last run."),
    )

    class Meta:
        ordering: ClassVar = ["name", "pk"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(
                    overlap__gte=1, min_votes__gte=1, min_votes__lte=F("overlap")
                ),
                name="votes_in_order",
            ),
            models.CheckConstraint(
                condition=Q(confidence__gte=0, confidence__lte=1),
                name="confidence_is_share",
            ),
            models.CheckConstraint(
                condition=_is_for_somebody("first_votes_by")
                & _is_for_somebody("further_votes_by")
                & _is_for_somebody("evaluation_by")
                & _is_for_somebody("checks_by"),
                name="work_is_for_known_roles",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def label_set_pk(self) -> int:
        """The label set in force; every project has one from its creation on."""
        if self.label_set_id is None:
            raise ValueError("The project has no label set.")
        return self.label_set_id

    @property
    def is_multi(self) -> bool:
        """Whether an item may have several labels, or none."""
        return self.task_type == self.TaskType.MULTI

    def works_for(self, role: str) -> list[str]:
        """Return what kinds of votes people of this role are asked for."""
        first, further = role in self.first_votes_by, role in self.further_votes_by
        evaluation = role in self.evaluation_by
        if first and further and evaluation:
            return ALL_WORK  # for every lease of most projects
        asked = zip(ALL_WORK, (first, further, evaluation), strict=True)
        return [work for work, is_asked in asked if is_asked]


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
    name = models.CharField(max_length=120)
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
    """Exact counts, changed in the transaction that changes what they count.

    A row for each person, so that nobody waits for another's vote, and one of nobody's
    doing; a project's counts are their sums. A person's own are read at each lease,
    where counting would read all that they ever did.
    """

    project = models.ForeignKey(
        Project, models.CASCADE, related_name="counters", db_index=False
    )
    annotator = models.ForeignKey(
        User, models.PROTECT, related_name="+", null=True, db_index=False
    )
    votes = models.BigIntegerField(default=0, db_default=0)
    # Answers that are no votes.
    repeats = models.BigIntegerField(default=0, db_default=0)
    # Of the votes: those on gold questions, and how many of them are right.
    known = models.BigIntegerField(default=0, db_default=0)
    known_right = models.BigIntegerField(default=0, db_default=0)
    skips = models.BigIntegerField(default=0, db_default=0)
    flags = models.BigIntegerField(default=0, db_default=0)
    # Pool items (not evaluation) that ever got a first confident label.
    confident = models.BigIntegerField(default=0, db_default=0)

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

    @staticmethod
    def add(project_id: int, of: int | None = None, **changes: int) -> None:
        """Change counts in the caller's transaction: of a person, or nobody's."""
        row = ProjectCounter.objects.filter(project_id=project_id, annotator_id=of)
        more = {name: F(name) + change for name, change in changes.items()}
        if not row.update(**more):
            new = ProjectCounter(project_id=project_id, annotator_id=of)
            row.bulk_create([new], ignore_conflicts=True)
            row.update(**more)
