"""The settings of a project about what models learn from, and when."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from activelearn.core import causes
from labeling.models.policy import between
from labeling.models.setting import SettingGroup, setting

RETRAIN: Final = SettingGroup(_("When to retrain"))
WEIGHTS: Final = SettingGroup(_("What a label counts"))


def _weight(words: Any, help_text: Any) -> models.FloatField[float, float]:
    return models.FloatField(
        words, default=1.0, validators=between(0.1, 10.0), help_text=help_text
    )


def only_causes(rule: str) -> None:
    """Check a rule of causes; raises ValidationError with the word that is wrong."""
    try:
        causes.groups_of(rule)
    except ValueError as error:
        raise ValidationError(
            _("“%(word)s” cannot start a run here: %(known)s, joined by and / or."),
            params={"word": str(error), "known": ", ".join(causes.CAUSES)},
        ) from error


def days_of(text: str) -> tuple[datetime, datetime]:
    """Return where days such as ``2026-03-01..2026-03-31`` begin, and where they end, in UTC.

    Raises ValueError where they are written in another way, or end before they begin.
    """
    first, last = (date.fromisoformat(part.strip()) for part in text.split(".."))
    if last < first:
        raise ValueError(text)
    begin, end = (datetime.combine(day, time(), UTC) for day in (first, last))
    return begin, end + timedelta(days=1)


def only_days(text: str) -> None:
    """Check days that are left out; raises ValidationError where they are none."""
    try:
        days_of(text)
    except (ValueError, OverflowError) as error:
        raise ValidationError(
            _("Write the first and the last day as 2026-03-01..2026-03-31.")
        ) from error


class TeachingPolicy(models.Model):
    """When a model is trained anew, and how much each label counts then."""

    class Window(models.TextChoices):
        ALL = "all", _("All labels")
        LABELS = "labels", _("The newest labels")
        DAYS = "days", _("The labels of the last days")

    retrain_first = setting(
        models.PositiveIntegerField(
            _("Labels before the first run"),
            default=20,
            validators=[MinValueValidator(2)],
            help_text=_("New confident labels before the first training run."),
        ),
        RETRAIN,
        "learner",
    )
    retrain_growth = setting(
        models.FloatField(
            _("Growth before the next run"),
            default=0.2,
            validators=between(0.0, 5.0),
            help_text=_(
                "Share by which the confident labels grow before the next training run; at "
                "least ten labels."
            ),
        ),
        RETRAIN,
        "learner",
    )
    retrain_when = setting(
        models.CharField(
            _("What starts a run"),
            max_length=100,
            default=causes.LABELS,
            db_default=causes.LABELS,
            validators=[only_causes],
            help_text=_(
                "labels, schedule, errors, drift, feedback, or several joined by and / or: "
                "labels or errors. labels: enough new ones, by the two settings before this; "
                "schedule: enough days; errors and drift: an alarm of the watch; feedback: "
                "enough predictions that were called wrong."
            ),
        ),
        RETRAIN,
        "learner",
        "pages",
    )
    retrain_days = setting(
        models.PositiveSmallIntegerField(
            _("Days between runs by schedule"),
            default=30,
            db_default=30,
            validators=between(1, 3650),
            help_text=_(
                "Where a schedule may start a run: this many days after the last one, if there "
                "are new labels."
            ),
        ),
        RETRAIN,
        "learner",
    )
    retrain_feedback = setting(
        models.PositiveSmallIntegerField(
            _("Predictions called wrong that start a run"),
            default=50,
            db_default=50,
            validators=between(1, 10_000),
            help_text=_(
                "Where feedback may start a run: this many since the last one."
            ),
        ),
        RETRAIN,
        "learner",
    )
    retrain_most = setting(
        models.PositiveSmallIntegerField(
            _("Most runs in 30 days"),
            default=0,
            db_default=0,
            validators=between(0, 10_000),
            help_text=_(
                "Of those that start by themselves; 0 is no limit. A person may always ask "
                "for one."
            ),
        ),
        RETRAIN,
        "learner",
    )
    weight_expert = setting(
        _weight(
            _("Weight of experts' labels"),
            _("How much a label by an expert counts in training beside the others."),
        ),
        WEIGHTS,
        "learner",
    )
    weight_gold = setting(
        _weight(
            _("Weight of imported labels"),
            _("How much a label that came with a file counts in training."),
        ),
        WEIGHTS,
        "learner",
    )
    weight_consensus = setting(
        _weight(
            _("Weight of labels by votes"),
            _("How much a label by the annotators' votes counts in training."),
        ),
        WEIGHTS,
        "learner",
    )
    weight_auto = setting(
        models.FloatField(
            _("Weight of labels that the model accepted"),
            default=0.0,
            db_default=0.0,
            validators=between(0.0, 1.0),
            help_text=_(
                "How much a label counts in training that a model's sure answer gave without a "
                "person; 0: models learn from none of them."
            ),
        ),
        WEIGHTS,
        "learner",
    )
    half_life_days = setting(
        models.PositiveSmallIntegerField(
            _("Half-life of labels in days"),
            default=0,
            validators=between(0, 3650),
            help_text=_(
                "A label that is older than the newest one by this many days counts half in "
                "training; 0: age does not matter."
            ),
        ),
        WEIGHTS,
        "learner",
    )
    window = setting(
        models.CharField(
            _("Labels to learn from"),
            max_length=6,
            choices=Window,
            default=Window.ALL,
            db_default=Window.ALL,
            help_text=_(
                "Models learn from these, and are judged on held-out labels of the same time. "
                "The models page can try which would have been best."
            ),
        ),
        WEIGHTS,
        "learner",
    )
    window_size = setting(
        models.PositiveIntegerField(
            _("Size of the window"),
            default=1000,
            db_default=1000,
            validators=between(1, 10_000_000),
            help_text=_(
                "How many labels, or how many days before the newest label; without effect "
                "where all labels are learned from."
            ),
        ),
        WEIGHTS,
        "learner",
    )
    left_out_days = setting(
        models.CharField(
            _("Days left out"),
            max_length=22,
            blank=True,
            default="",
            db_default="",
            validators=[only_days],
            help_text=_(
                "The first and the last day whose labels models neither learn from nor are "
                "judged on, as 2026-03-01..2026-03-31 (UTC): when something was wrong."
            ),
        ),
        WEIGHTS,
        "learner",
    )

    class Meta:
        abstract = True
