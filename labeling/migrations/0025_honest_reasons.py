"""What was called random and was never drawn says what it is."""

from __future__ import annotations

from typing import Any

from django.db import migrations, models

REASONS = [
    ("cold", "Cold"),
    ("model", "Model"),
    ("random", "Random"),
    ("evaluation", "Evaluation"),
    ("second", "Second"),
    ("gold", "Gold"),
    ("repeat", "Repeat"),
    ("chosen", "Chosen"),
    ("returned", "Returned"),
    ("refill", "Refill"),
    ("review", "Review"),
    ("import", "Import"),
]
MODELS = ("QueueEntry", "Assignment", "Annotation")


def name_them(apps: Any, _schema: Any) -> None:
    """Name refills so, and take old probabilities from what people chose by name.

    Of what was called random without a probability most was a refill; what somebody had
    chosen and given back cannot be told from it any more.
    """
    for name in MODELS:
        rows = apps.get_model("labeling", name)._base_manager
        rows.filter(reason="random", probability=None).update(reason="refill")
        rows.filter(reason="chosen").exclude(probability=None).update(probability=None)


def call_them_random(apps: Any, _schema: Any) -> None:
    for name in MODELS:
        rows = apps.get_model("labeling", name)._base_manager
        rows.filter(reason__in=("refill", "returned")).update(reason="random")


class Migration(migrations.Migration):
    dependencies = [("labeling", "0024_likeness")]
    operations = [
        *(
            migrations.AlterField(
                name, "reason", models.CharField(choices=REASONS, max_length=10)
            )
            for name in MODELS
        ),
        migrations.AlterField(
            "Project",
            "suggestion_mode",
            models.CharField(
                choices=[
                    ("blind", "Never shown"),
                    ("reveal_after", "Shown after the answer"),
                    ("assist", "Shown with the item"),
                ],
                default="blind",
                help_text="Only items that the model picks show one, and of these one in twenty never does; all others are answered blind.",
                max_length=12,
                verbose_name="The model's suggestions",
            ),
        ),
        migrations.RunPython(name_them, call_them_random),
    ]
