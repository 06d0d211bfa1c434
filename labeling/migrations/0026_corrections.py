"""What experts found ambiguous is no confident label; corrections are counted."""

from django.db import migrations, models

_AMBIGUOUS = """
    UPDATE labeling_resolution r SET is_ambiguous = true
    FROM labeling_disagreement d
    WHERE d.resolution_id = r.id AND d.outcome = 'ambiguous'
"""
# Only of projects that have such labels, and as ``counts.recount`` counts.
_COUNTS = """
    UPDATE labeling_projectcounter c SET confident = (
        SELECT count(DISTINCT r.item_id) FROM labeling_resolution r
        JOIN labeling_item i ON i.id = r.item_id
        WHERE r.project_id = c.project_id AND i.split = 'pool' AND NOT r.is_ambiguous)
    WHERE c.annotator_id IS NULL AND c.project_id IN (
        SELECT project_id FROM labeling_resolution WHERE is_ambiguous)
"""


class Migration(migrations.Migration):
    dependencies = [("labeling", "0025_honest_reasons")]

    operations = [
        migrations.AddField(
            "resolution",
            "is_ambiguous",
            models.BooleanField(
                db_default=False,
                default=False,
                help_text="An expert finds no single answer right: it is learned by its shares.",
            ),
        ),
        migrations.AddField(
            "resolution",
            "is_correction",
            models.BooleanField(
                db_default=False,
                default=False,
                help_text="It changed the label of before, which counts toward a retrain.",
            ),
        ),
        migrations.AddField(
            "projectcounter",
            "corrected",
            models.BigIntegerField(db_default=0, default=0),
        ),
        migrations.RunSQL([_AMBIGUOUS, _COUNTS], migrations.RunSQL.noop),
    ]
