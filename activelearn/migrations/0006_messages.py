"""Why a run began and what came of it become messages; old sentences stay as they are."""

from django.db import migrations

import labeling.models.fields

AS_MESSAGES = """
ALTER TABLE activelearn_trainingrun
    ALTER COLUMN reason TYPE jsonb USING
        CASE WHEN trigger = 'person' AND reason <> 'asked for'
        THEN jsonb_build_object('text', reason, 'is_verbatim', true)
        ELSE jsonb_build_object('text', reason, 'values', '{}'::jsonb) END,
    ALTER COLUMN explanation DROP NOT NULL,
    ALTER COLUMN explanation TYPE jsonb USING CASE WHEN explanation <> ''
        THEN jsonb_build_object('text', explanation, 'values', '{}'::jsonb) END;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("activelearn", "0005_learning_policy"),
        ("labeling", "0022_messages"),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunSQL(AS_MESSAGES)],
            state_operations=[
                migrations.AlterField(
                    model_name="trainingrun",
                    name="reason",
                    field=labeling.models.fields.MessageField(),
                ),
                migrations.AlterField(
                    model_name="trainingrun",
                    name="explanation",
                    field=labeling.models.fields.MessageField(null=True),
                ),
            ],
        )
    ]
