"""A project's policy: the settings that labeling itself reads."""

from __future__ import annotations

from typing import Any, ClassVar, Final

from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from labeling.models.people import Membership
from labeling.models.setting import SettingGroup, setting

# The groups stand on the page in the order in which they first occur below.
PROJECT: Final = SettingGroup(_("Project"))
VOTES: Final = SettingGroup(_("From votes to labels"))
NEXT: Final = SettingGroup(_("What is asked next"))
CHECKS: Final = SettingGroup(_("How people are checked"))
ROLES: Final = SettingGroup(_("Who is asked for what"))


class Purpose(models.TextChoices):
    """What a vote is asked for: roles may share it out among them."""

    FIRST = "first", _("First votes")
    FURTHER = "further", _("Further votes")
    EVALUATION = "evaluation", _("Held-out items")


# Columns that stand beside an item: how many, and how long their names are.
MOST_BESIDE: Final = 20
MAX_COLUMN: Final = 200
# How long the name of a source of predictions is.
MAX_SOURCE: Final = 100

ALL_PURPOSES: list[str] = list(Purpose.values)


def between(low: float, high: float) -> list[Any]:
    """Return validators for a number from ``low`` to ``high``."""
    return [MinValueValidator(low), MaxValueValidator(high)]


def everybody() -> list[str]:
    """Return all roles."""
    return list(Membership.Role.values)


def each_once(roles: list[str]) -> None:
    """Check a list of roles; raises ValidationError if it names one twice."""
    if len(set(roles)) < len(roles):
        raise ValidationError(_("Each role once."))


def each_column_once(columns: list[str]) -> None:
    """Check names of columns; raises ValidationError if it names one twice."""
    if len(set(columns)) < len(columns):
        raise ValidationError(_("Each column once."))


def _roles(words: Any, help_text: Any) -> ArrayField[list[str], list[str]]:
    return ArrayField(
        models.CharField(max_length=10, choices=Membership.Role),
        verbose_name=words,
        default=everybody,
        validators=[each_once],
        help_text=help_text,
    )


def _names_roles(name: str) -> Q:
    are_roles = Q(**{f"{name}__contained_by": everybody()})
    return are_roles & Q(**{f"{name}__len__gte": 1})


class ProjectPolicy(models.Model):
    """Settings in the project's own row; every share is between 0 and 1."""

    class SuggestionMode(models.TextChoices):
        BLIND = "blind", _("Never shown")
        REVEAL = "reveal_after", _("Shown after the answer")
        ASSIST = "assist", _("Shown with the item")

    class SettledBy(models.TextChoices):
        POSTERIOR = "posterior", _("How likely it is right, by how often people are")
        SHARE = "share", _("The share of the votes that name it")

    is_paused = setting(
        models.BooleanField(
            _("Paused: nobody gets new items"),
            default=False,
            help_text=_("What people hold already may be finished."),
        ),
        PROJECT,
        *("queue", "pages"),
    )
    beside = setting(
        ArrayField(
            models.CharField(max_length=MAX_COLUMN),
            verbose_name=_("Shown beside the item"),
            size=MOST_BESIDE,
            default=list,
            blank=True,
            validators=[each_column_once],
            help_text=_(
                "Further columns of the data or the metadata, in this order, that people "
                "see while they label a text or a picture. Choose none that tells the label."
            ),
        ),
        PROJECT,
        "pages",
    )

    min_votes = setting(
        models.PositiveSmallIntegerField(
            _("Fewest votes per item"),
            default=1,
            validators=between(1, 50),
            help_text=_("How many votes an item needs before it can get its label."),
        ),
        VOTES,
        *("queue", "votes", "transfer"),
    )
    overlap = setting(
        models.PositiveSmallIntegerField(
            _("Most votes per item"),
            default=1,
            validators=between(1, 50),
            help_text=_(
                "While an item's votes disagree, more are asked for, up to this number."
            ),
        ),
        VOTES,
        "votes",
    )
    overlap_share = setting(
        models.FloatField(
            _("Share of items with several votes"),
            default=1.0,
            validators=between(0.0, 1.0),
            help_text=_("Share of the items that may get more than one vote."),
        ),
        VOTES,
        *("votes", "transfer"),
    )
    settled_by = setting(
        models.CharField(
            _("What makes a label confident"),
            max_length=9,
            choices=SettledBy,
            default=SettledBy.POSTERIOR,
            help_text=_(
                "How likely: from the votes, how often each voter has been right so far "
                "and the number of labels. The share: each vote counts the same."
            ),
        ),
        VOTES,
        "votes",
    )
    confidence = setting(
        models.FloatField(
            _("Confidence that settles an item"),
            default=0.9,
            validators=between(0.0, 1.0),
            help_text=_(
                "What a label needs at least: that likelihood, or that share. Where only "
                "one vote is asked for, that vote settles the item."
            ),
        ),
        VOTES,
        *("votes", "learner"),
    )
    model_votes = setting(
        models.BooleanField(
            _("The model's answer counts as a vote"),
            default=False,
            help_text=_(
                "Where a label is confident by how likely it is: the log odds of the model's "
                "answer are added to those of the votes, times a weight that votes and "
                "experts' answers have proved. Only on items that it has not learned from; "
                "never on held-out items."
            ),
        ),
        VOTES,
        *("votes", "learner"),
    )
    free_choice = setting(
        models.BooleanField(
            _("Members may choose their items"),
            default=False,
            help_text=_("Members may ask the API for items by name."),
        ),
        VOTES,
        "queue",
    )
    lease_minutes = setting(
        models.PositiveSmallIntegerField(
            _("Minutes an item is lent for"),
            default=30,
            validators=between(1, 1440),
            help_text=_(
                "An item that is not answered in this time goes to somebody else."
            ),
        ),
        VOTES,
        *("queue", "votes", "pages"),
    )
    suggestion_mode = setting(
        models.CharField(
            _("The model's suggestions"),
            max_length=12,
            choices=SuggestionMode,
            default=SuggestionMode.BLIND,
            help_text=_(
                "Only items that the model picks show one, and of these one in twenty never "
                "does; all others are answered blind."
            ),
        ),
        VOTES,
        *("votes", "learner", "pages"),
    )
    suggestions_by = setting(
        models.CharField(
            _("Whose suggestions"),
            max_length=MAX_SOURCE,
            default="",
            db_default="",
            blank=True,
            help_text=_(
                "The name of a source of predictions from outside, as the page Predictions "
                "has it. Left empty, they are the project's own model's."
            ),
        ),
        VOTES,
        *("transfer", "learner", "pages"),
    )

    evaluation_share = setting(
        models.FloatField(
            _("Held out at import"),
            default=0.1,
            validators=between(0.0, 0.5),
            help_text=_(
                "Share of imported items that are set aside to judge models; none is trained on."
            ),
        ),
        NEXT,
        "transfer",
    )
    evaluation_rate = setting(
        models.FloatField(
            _("Held-out share of the queue"),
            default=0.2,
            validators=between(0.0, 0.5),
            help_text=_(
                "Share of the items people get that are held out, until enough are labeled."
            ),
        ),
        NEXT,
        *("queue", "learner"),
    )

    evaluation_votes = setting(
        models.PositiveSmallIntegerField(
            _("Votes per held-out item"),
            default=2,
            validators=between(1, 50),
            help_text=_(
                "Models are judged on held-out items. Each gets its label by its first "
                "votes like any other; then more people answer it blind, up to this "
                "number, and an expert decides where they differ."
            ),
        ),
        NEXT,
        *("queue", "votes"),
    )

    gold_rate = setting(
        models.FloatField(
            _("Gold share of the queue"),
            default=0.0,
            validators=between(0.0, 0.5),
            help_text=_("Share of the items people get whose answer is known already."),
        ),
        CHECKS,
        "queue",
    )
    repeat_rate = setting(
        models.FloatField(
            _("Repeated share of the queue"),
            default=0.0,
            validators=between(0.0, 0.2),
            help_text=_(
                "Share of the items people get that they answered long before: it shows "
                "how steady they are."
            ),
        ),
        CHECKS,
        "queue",
    )
    least_skill = setting(
        models.FloatField(
            _("Least share of right answers to gold questions"),
            default=0.0,
            validators=between(0.0, 1.0),
            help_text=_(
                "Whoever is below it with 95 % certainty gets no more items; 0: no limit."
            ),
        ),
        CHECKS,
        "queue",
    )

    # What somebody holds already may be finished, whatever these say.
    first_votes_by = setting(
        _roles(
            _("First votes"),
            _(
                "Roles that are asked for the first vote on an item that is not held out."
            ),
        ),
        ROLES,
        "queue",
    )
    further_votes_by = setting(
        _roles(
            _("Further votes"),
            _("Roles that are asked for the other votes on such an item."),
        ),
        ROLES,
        "queue",
    )
    evaluation_by = setting(
        _roles(
            _("Held-out items"),
            _("Roles that are asked for every vote on an item that is held out."),
        ),
        ROLES,
        "queue",
    )
    checks_by = setting(
        _roles(
            _("Gold questions and repeats"),
            _("Roles that are asked gold questions and repeats."),
        ),
        ROLES,
        "queue",
    )

    class Meta:
        abstract = True
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
                condition=_names_roles("first_votes_by")
                & _names_roles("further_votes_by")
                & _names_roles("evaluation_by")
                & _names_roles("checks_by"),
                name="work_is_for_known_roles",
            ),
        ]

    def purposes_for(self, role: str) -> list[str]:
        """Return what kinds of votes people of this role are asked for."""
        first, further = role in self.first_votes_by, role in self.further_votes_by
        evaluation = role in self.evaluation_by
        if first and further and evaluation:
            return ALL_PURPOSES  # for every lease of most projects
        asked = zip(ALL_PURPOSES, (first, further, evaluation), strict=True)
        return [purpose for purpose, is_asked in asked if is_asked]
