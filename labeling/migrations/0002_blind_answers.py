"""Every expert's blind answer has a row of its own."""

import django.contrib.postgres.fields
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

COPY = """
INSERT INTO labeling_blindanswer (disagreement_id, expert_id, labels, at)
SELECT id, blind_by_id, blind_answer, opened_at FROM labeling_disagreement
WHERE blind_by_id IS NOT NULL AND blind_answer IS NOT NULL
"""


class Migration(migrations.Migration):
    dependencies = [("labeling", "0001_initial")]

    operations = [
        migrations.CreateModel(
            name="BlindAnswer",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True,
                        primary_key=True,
                        serialize=False,
                        verbose_name="ID",
                    ),
                ),
                (
                    "labels",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=120), size=None
                    ),
                ),
                ("at", models.DateTimeField(auto_now_add=True)),
                (
                    "disagreement",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="blind_answers",
                        to="labeling.disagreement",
                    ),
                ),
                (
                    "expert",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("disagreement", "expert"), name="one_blind_answer"
                    )
                ],
            },
        ),
        migrations.RunSQL(COPY, migrations.RunSQL.noop),
        migrations.RemoveField("disagreement", "blind_answer"),
        migrations.RemoveField("disagreement", "blind_by"),
    ]
