"""What an expert labels blind is called so; the rows stay."""

from __future__ import annotations

from typing import ClassVar

import django.db.models.deletion
from django.db import migrations, models

RENAME = """
ALTER TABLE labeling_blindlabels
    RENAME CONSTRAINT one_blind_answer TO one_set_of_blind_labels
"""
BACK = """
ALTER TABLE labeling_blindlabels
    RENAME CONSTRAINT one_set_of_blind_labels TO one_blind_answer
"""


class Migration(migrations.Migration):
    dependencies: ClassVar = [("labeling", "0048_sources")]

    operations: ClassVar = [
        migrations.RenameModel("BlindAnswer", "BlindLabels"),
        migrations.AlterField(
            "blindlabels",
            "disagreement",
            models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="blind_labels",
                to="labeling.disagreement",
            ),
        ),
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunSQL(RENAME, BACK)],
            state_operations=[
                migrations.RemoveConstraint("blindlabels", "one_blind_answer"),
                migrations.AddConstraint(
                    "blindlabels",
                    models.UniqueConstraint(
                        fields=("disagreement", "expert"),
                        name="one_set_of_blind_labels",
                    ),
                ),
            ],
        ),
    ]
