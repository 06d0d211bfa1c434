"""What a worker has said becomes a message: old sentences stay as they are.

A column of PostgreSQL changes its type by an expression without subqueries, so the log
is first written anew as the text of its JSON.
"""

from django.db import migrations, models

import labeling.models.fields

AS_MESSAGES = """
UPDATE labeling_job SET log = (
    SELECT coalesce(jsonb_agg(jsonb_build_object(
        'at', CASE WHEN line ~ '^\\d\\d:\\d\\d:\\d\\d ' THEN left(line, 8) ELSE '' END,
        'text', CASE WHEN line ~ '^\\d\\d:\\d\\d:\\d\\d ' THEN substr(line, 10) ELSE line END,
        'values', '{}'::jsonb) ORDER BY number), '[]')::text
    FROM regexp_split_to_table(log, E'\\n') WITH ORDINALITY AS l (line, number)
    WHERE line <> '');
ALTER TABLE labeling_job
    ALTER COLUMN log TYPE jsonb USING log::jsonb,
    ALTER COLUMN error DROP NOT NULL,
    ALTER COLUMN error TYPE jsonb USING CASE WHEN error <> ''
        THEN jsonb_build_object('text', error, 'values', '{}'::jsonb) END;
UPDATE labeling_importrun SET errors = (
    SELECT jsonb_agg(jsonb_build_object('row', refused -> 'row', 'reason',
        jsonb_build_object('text', refused -> 'reason', 'values', '{}'::jsonb))
        ORDER BY number)
    FROM jsonb_array_elements(errors) WITH ORDINALITY AS r (refused, number))
WHERE errors <> '[]';
"""


class Migration(migrations.Migration):
    dependencies = [("labeling", "0021_annotation_managers")]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunSQL(AS_MESSAGES)],
            state_operations=[
                migrations.AlterField(
                    model_name="job",
                    name="log",
                    field=models.JSONField(
                        default=list, help_text="Messages, each with its time."
                    ),
                ),
                migrations.AlterField(
                    model_name="job",
                    name="error",
                    field=labeling.models.fields.MessageField(null=True),
                ),
            ],
        )
    ]
