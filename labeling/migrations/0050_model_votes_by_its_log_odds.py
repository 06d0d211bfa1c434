"""The help of a setting says how the model's answer counts; the rows stay."""

from __future__ import annotations

from typing import ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies: ClassVar = [("labeling", "0049_blind_labels")]

    operations: ClassVar = [
        migrations.AlterField(
            "project",
            "model_votes",
            models.BooleanField(
                default=False,
                help_text="Where a label is confident by how likely it is: the log odds of "
                "the model's answer are added to those of the votes, times a weight that "
                "votes and experts' answers have proved. Only on items that it has not "
                "learned from; never on held-out items.",
                verbose_name="The model's answer counts as a vote",
            ),
        ),
    ]
