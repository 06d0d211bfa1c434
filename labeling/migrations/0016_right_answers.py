"""Whether answers to gold questions are right, and each person's counts of it."""

from django.db import migrations, models

_ANSWERS = """
    UPDATE labeling_annotation a
    SET is_right = EXISTS (
        SELECT 1 FROM labeling_gold g
        WHERE g.item_id = a.item_id AND g.labels = a.labels)
    WHERE reason = 'gold'
"""
_COUNTS = """
    UPDATE labeling_projectcounter c SET known = a.known, known_right = a.known_right
    FROM (
        SELECT project_id, annotator_id, count(*) AS known,
               count(*) FILTER (WHERE is_right) AS known_right
        FROM labeling_annotation WHERE reason = 'gold' AND undone_at IS NULL
        GROUP BY 1, 2
    ) AS a
    WHERE c.project_id = a.project_id AND c.annotator_id = a.annotator_id
"""


class Migration(migrations.Migration):

    dependencies = [
        ('labeling', '0015_counts_of_each_person'),
    ]

    operations = [
        migrations.AddField(
            model_name='annotation',
            name='is_right',
            field=models.BooleanField(editable=False, help_text='Whether it was the known answer; null: no gold question.', null=True),
        ),
        migrations.AddField(
            model_name='projectcounter',
            name='known',
            field=models.BigIntegerField(db_default=0, default=0),
        ),
        migrations.AddField(
            model_name='projectcounter',
            name='known_right',
            field=models.BigIntegerField(db_default=0, default=0),
        ),
        migrations.RunSQL([_ANSWERS, _COUNTS]),
    ]
