"""Confidence as a posterior: existing projects keep the share of the votes."""

import django.db.models.deletion
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import migrations, models

_CHOICES = [
    ("posterior", "How likely it is right, by how often people are"),
    ("share", "The share of the votes that name it"),
]
_HELP = "How likely: from the votes, how often each voter has been right so far and the number of labels. The share: each vote counts the same."


def _settled_by(default: str) -> models.CharField:
    return models.CharField(
        "What makes a label confident",
        max_length=9,
        choices=_CHOICES,
        default=default,
        help_text=_HELP,
    )


class Migration(migrations.Migration):
    dependencies = [("labeling", "0029_mixture")]

    operations = [
        migrations.CreateModel(
            "Skills",
            [
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True,
                        primary_key=True,
                        serialize=False,
                        verbose_name="ID",
                    ),
                ),
                ("computed_at", models.DateTimeField()),
                (
                    "votes",
                    models.BigIntegerField(
                        help_text="The project's votes at that time."
                    ),
                ),
                (
                    "body",
                    models.JSONField(
                        default=dict,
                        help_text="Account → [right answers expected, answers that tell of it].",
                    ),
                ),
                (
                    "project",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="skills",
                        to="labeling.project",
                    ),
                ),
            ],
            options={"ordering": ["-pk"]},
        ),
        # Existing projects keep their rule until they choose.
        migrations.AddField("project", "settled_by", _settled_by("share")),
        migrations.AlterField("project", "settled_by", _settled_by("posterior")),
        migrations.AlterField(
            "project",
            "confidence",
            models.FloatField(
                "Confidence that settles an item",
                default=0.9,
                validators=[MinValueValidator(0.0), MaxValueValidator(1.0)],
                help_text="What a label needs at least: that likelihood, or that share. Where only one vote is asked for, that vote settles the item.",
            ),
        ),
        migrations.AddField(
            "resolution",
            "settled_by",
            models.CharField(
                blank=True,
                choices=_CHOICES,
                db_default="",
                help_text="What the confidence of votes is; none in the first releases: the share.",
                max_length=9,
            ),
        ),
        migrations.AddField(
            "resolution",
            "skills",
            models.ForeignKey(
                db_constraint=False,
                db_index=False,
                help_text="How often people were right, as it was taken for the confidence.",
                null=True,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                to="labeling.skills",
            ),
        ),
        migrations.AlterField(
            "resolution",
            "soft_label",
            models.JSONField(
                default=dict,
                help_text="Label → share of the votes, or how likely it is.",
            ),
        ),
    ]
