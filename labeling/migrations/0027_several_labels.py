"""What a model says of an item that may have several labels: all of them."""

import django.contrib.postgres.indexes
from django.db import migrations, models

# Of several labels only the likeliest was kept. The next order scores these items anew.
FORGET = """
DELETE FROM labeling_prediction p USING labeling_project j
WHERE p.project_id = j.id AND j.task_type = 'multi';
UPDATE labeling_queueentry e SET suggestion = NULL FROM labeling_project j
WHERE e.project_id = j.id AND j.task_type = 'multi' AND suggestion IS NOT NULL;
UPDATE labeling_assignment a SET suggestion = NULL FROM labeling_project j
WHERE a.project_id = j.id AND j.task_type = 'multi' AND a.state = 'leased'
      AND suggestion IS NOT NULL;
"""
# How sure a model is of what contradicts an item's labels: of a label that is missing,
# or of all it says where that leaves one of them out. Null where nothing does.
DOUBT = """
CREATE FUNCTION labeling_doubt_of_set(said jsonb, confidence float8, labels varchar[])
RETURNS float8 LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN greatest(
    (SELECT max(value::float8) FROM jsonb_each_text(said) WHERE key <> ALL(labels)),
    CASE WHEN EXISTS (SELECT FROM unnest(labels) AS label WHERE NOT said ? label)
         THEN confidence END)
"""


class Migration(migrations.Migration):
    dependencies = [("labeling", "0026_corrections")]
    operations = [
        migrations.AddField(
            model_name="prediction",
            name="labels",
            field=models.JSONField(
                help_text="Label → probability, where an item may have several; else null.",
                null=True,
            ),
        ),
        migrations.AddIndex(
            model_name="prediction",
            index=django.contrib.postgres.indexes.GinIndex(
                condition=models.Q(("labels__isnull", False)),
                fields=["labels"],
                name="prediction_by_labels",
            ),
        ),
        migrations.RunSQL(FORGET, migrations.RunSQL.noop),
        migrations.RunSQL(
            DOUBT,
            "DROP FUNCTION labeling_doubt_of_set(jsonb, float8, varchar[])",
        ),
    ]
