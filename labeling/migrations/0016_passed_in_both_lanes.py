"""How far a person has passed over either lane, and who has ever skipped."""

from django.db import migrations, models

_SKIPPED = """
    UPDATE labeling_membership m SET has_skipped = true
    FROM labeling_projectcounter c
    WHERE c.project_id = m.project_id AND c.annotator_id = m.user_id AND c.skips > 0
"""


class Migration(migrations.Migration):

    dependencies = [
        ('labeling', '0015_right_answers'),
    ]

    operations = [
        migrations.RemoveField(
            model_name='membership',
            name='passed_rank',
        ),
        migrations.AddField(
            model_name='membership',
            name='has_skipped',
            field=models.BooleanField(default=False, editable=False),
        ),
        migrations.AddField(
            model_name='membership',
            name='passed_first',
            field=models.FloatField(default=float("-inf"), editable=False),
        ),
        migrations.AddField(
            model_name='membership',
            name='passed_further',
            field=models.FloatField(default=float("-inf"), editable=False),
        ),
        migrations.RunSQL([_SKIPPED]),
    ]
