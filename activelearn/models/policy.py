"""The settings of a project that the learner reads."""

from __future__ import annotations

from typing import Final

from django.db import models
from django.utils.translation import gettext_lazy as _

from activelearn.models.teaching import TeachingPolicy
from labeling.models.policy import MAX_SOURCE, NEXT, VOTES, between
from labeling.models.setting import PolicyPart, SettingGroup, setting

AIM: Final = SettingGroup(_("What is good enough"))
GATE: Final = SettingGroup(_("When a new model takes over"))
AUTOMATION: Final = SettingGroup(_("What the model may accept"))


class LearningPolicy(TeachingPolicy, PolicyPart):
    """How the queue is ordered, and when a model is trained anew."""

    class Strategy(models.TextChoices):
        AUTO = (
            "auto",
            _(
                "Automatic: a start that covers the data, then margin; good for most data"
            ),
        )
        MARGIN = "margin", _("Margin: the two likeliest labels are close")
        LEAST_CONFIDENCE = (
            "least_confidence",
            _("Least confidence: the likeliest label is unlikely"),
        )
        ENTROPY = "entropy", _("Entropy: many labels are likely")
        BALANCED = (
            "balanced",
            _("Balanced margin: labels with few examples first; where some are rare"),
        )
        COMMITTEE = (
            "committee",
            _(
                "Committee: models of different samples disagree; where labels are noisy"
            ),
        )
        BADGE = (
            "badge",
            _("BADGE: what changes the model most, each in another way; large batches"),
        )
        TYPICLUST = (
            "typiclust",
            _(
                "TypiClust: typical items of ever smaller clusters; where labels are many"
            ),
        )
        EXTERNAL = (
            "external",
            _("From outside: a source of predictions is least sure"),
        )

    class AimFigure(models.TextChoices):
        MACRO_F1 = "macro_f1", _("Macro F1: each label counts as much")
        BALANCED = (
            "balanced_accuracy",
            _("Balanced accuracy: mean recall of the labels"),
        )
        ACCURACY = "accuracy", _("Accuracy: each item counts as much")

    class Gate(models.TextChoices):
        STRICT = (
            "strict",
            _("Strict: in at most 5 of 100 projects one ever does that is no better"),
        )
        BALANCED = (
            "balanced",
            _("Balanced: one does that is hardly worse; up to half of the equal ones"),
        )
        MANUAL = "manual", _("By hand: each waits for a person, who sees the evidence")

    class Release(models.TextChoices):
        AT_ONCE = "at_once", _("At once: it serves")
        SHADOW = (
            "shadow",
            _("Shadow first: it predicts unseen until people's labels prove it"),
        )
        CANARY = (
            "canary",
            _(
                "Shadow, then canary: it answers 5, 25, 50 and 100 of 100 calls, step by step"
            ),
        )

    class Batch(models.TextChoices):
        SPREAD = "spread", _("Spread: one from each cluster of unsure items")
        RANKED = "ranked", _("Ranked: modAL's ranked batch")

    strategy = setting(
        models.CharField(
            _("How the next items are chosen"),
            max_length=16,
            choices=Strategy,
            default=Strategy.AUTO,
            help_text=_("By which rule the model chooses what people are asked next."),
        ),
        NEXT,
        "learner",
        "pages",
    )
    ranked_by = setting(
        models.CharField(
            _("Whose doubt, from outside"),
            max_length=MAX_SOURCE,
            default="",
            db_default="",
            blank=True,
            help_text=_(
                "The name of the source whose scores order the items where that is chosen. "
                "Items without one follow, as the project's own model orders them."
            ),
        ),
        NEXT,
        "learner",
    )
    batch = setting(
        models.CharField(
            _("How the next items differ"),
            max_length=8,
            choices=Batch,
            default=Batch.SPREAD,
            help_text=_(
                "How items that come one after another are kept unlike each other."
            ),
        ),
        NEXT,
        "learner",
    )
    exploration_rate = setting(
        models.FloatField(
            _("Random share of the queue"),
            default=0.1,
            validators=between(0.0, 1.0),
            help_text=_(
                "Share of the items people get that are drawn at random: they measure what "
                "the model's choice is worth."
            ),
        ),
        NEXT,
        "learner",
        "pages",
    )
    fall_back = setting(
        models.BooleanField(
            _("Chance where the model's choice does not pay"),
            default=True,
            db_default=True,
            help_text=_(
                "Where the model's choice is measured to cost labels, twice in a row, items are "
                "drawn at random until it seems to save some again."
            ),
        ),
        NEXT,
        "learner",
        "pages",
    )
    by_minute = setting(
        models.BooleanField(
            _("Gain per minute"),
            default=False,
            db_default=False,
            help_text=_(
                "Of the items that the model is unsure of, those go first that tell it most per "
                "expected second: how long texts and rows take is learned from the votes. "
                "Held-out items and those drawn at random are not touched."
            ),
        ),
        NEXT,
        "learner",
    )
    likely_labels = setting(
        models.BooleanField(
            _("Likely labels first"),
            default=True,
            db_default=True,
            help_text=_(
                "Where a project has more than 20 labels and suggestions are shown: the station "
                "shows the labels that hold the right one in 95 of 100 items drawn at random; the others are one "
                "click or the key of the search away."
            ),
        ),
        VOTES,
        "learner",
        "pages",
    )
    gate = setting(
        models.CharField(
            _("The gate"),
            max_length=8,
            choices=Gate,
            default=Gate.BALANCED,
            help_text=_(
                "By which rule held-out items decide whether a new model takes over. The "
                "stricter the rule, the more held-out labels it needs."
            ),
        ),
        GATE,
        "learner",
    )
    duel = setting(
        models.BooleanField(
            _("A duel where held-out items cannot tell"),
            default=False,
            help_text=_(
                "People are then asked about up to 300 open items on which the new model "
                "and the one that serves differ, before what the model would choose and "
                "without its answer. That tells with far fewer labels."
            ),
        ),
        GATE,
        "learner",
    )
    release = setting(
        models.CharField(
            _("What the gate's yes leads to"),
            max_length=8,
            choices=Release,
            default=Release.AT_ONCE,
            db_default=Release.AT_ONCE,
            help_text=_(
                "Whether a new version that the gate lets pass serves at once, or is first "
                "tried beside the one that serves."
            ),
        ),
        GATE,
        "learner",
    )
    shadow_unsure = setting(
        models.BooleanField(
            _("A shadow where held-out items cannot tell"),
            default=False,
            db_default=False,
            help_text=_(
                "A new version of which held-out items cannot tell is then tried in shadow. "
                "Where the project wants duels, the duel comes instead."
            ),
        ),
        GATE,
        "learner",
    )
    aim = setting(
        models.FloatField(
            _("Aim on held-out items"),
            default=0.0,
            validators=between(0.0, 1.0),
            help_text=_(
                "What the model is to reach on the held-out items, from 0 to 1; 0 is no aim. "
                "The models page says how far it is."
            ),
        ),
        AIM,
        "learner",
        "pages",
    )
    aim_figure = setting(
        models.CharField(
            _("Figure of the aim"),
            max_length=20,
            choices=AimFigure,
            default=AimFigure.MACRO_F1,
            help_text=_("Which figure is to reach the aim."),
        ),
        AIM,
        "learner",
        "pages",
    )

    automation_risk = setting(
        models.FloatField(
            _("Most that may be accepted wrongly"),
            default=0.02,
            db_default=0.02,
            validators=between(0.001, 0.5),
            help_text=_(
                "Share of the accepted answers that may be wrong: 0.02 is 2 of 100. What the "
                "model is less sure of goes to people."
            ),
        ),
        AUTOMATION,
        *("learner", "pages"),
    )
    automation_confidence = setting(
        models.FloatField(
            _("Confidence of that promise"),
            default=0.95,
            db_default=0.95,
            validators=between(0.5, 0.999),
            help_text=_(
                "How sure the random labels have to make it that the share is kept; the surer, "
                "the more labels it takes."
            ),
        ),
        AUTOMATION,
        *("learner", "pages"),
    )
    audit_share = setting(
        models.FloatField(
            _("Audited share of what is accepted"),
            default=0.02,
            db_default=0.02,
            validators=between(0.0, 1.0),
            help_text=_(
                "Share of the accepted items that people are asked about without the model's "
                "answer; at least 50 a week, where there are as many."
            ),
        ),
        AUTOMATION,
        *("learner", "pages"),
    )

    hourly_rate = setting(
        models.FloatField(
            _("Cost of an hour of labeling"),
            default=0.0,
            db_default=0.0,
            validators=between(0.0, 10_000.0),
            help_text=_(
                "In your currency. The models page tells what more labels would cost; with 0, "
                "how many hours they take."
            ),
        ),
        AIM,
        "pages",
    )

    def __str__(self) -> str:
        return f"learning in {self.project_id}"
