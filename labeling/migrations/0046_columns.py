"""Data and metadata keep the order of their keys; projects know that of their columns."""

from typing import ClassVar

import django.contrib.postgres.fields
from django.db import migrations, models

import labeling.models.fields

# Parsing each row would take ten times as long as looking for the words in its text:
# the cost has the planner ask that first.
SAYS = """
CREATE FUNCTION labeling_says(data json, pattern text) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE COST 1000
BEGIN ATOMIC
    SELECT EXISTS (
        SELECT FROM jsonb_path_query(data::jsonb, 'strict $.**') part
        WHERE jsonb_typeof(part) IN ('string', 'number', 'boolean')
              AND upper(part #>> '{}') LIKE pattern);
END
"""


class Migration(migrations.Migration):
    dependencies: ClassVar = [("labeling", "0045_job_request")]

    operations: ClassVar = [
        migrations.AddField(
            "project",
            "columns",
            django.contrib.postgres.fields.ArrayField(
                base_field=models.TextField(), default=list, editable=False, size=None
            ),
        ),
        # One statement for both: it writes the table anew.
        migrations.RunSQL(
            "ALTER TABLE labeling_item"
            " ALTER COLUMN data TYPE json USING data::json,"
            " ALTER COLUMN metadata TYPE json USING metadata::json",
            "ALTER TABLE labeling_item"
            " ALTER COLUMN data TYPE jsonb USING data::jsonb,"
            " ALTER COLUMN metadata TYPE jsonb USING metadata::jsonb",
            state_operations=[
                migrations.AlterField(
                    "item",
                    "data",
                    labeling.models.fields.OrderedJSONField(
                        help_text="Text: {text, …}; image: {image, …}; table: columns."
                    ),
                ),
                migrations.AlterField(
                    "item",
                    "metadata",
                    labeling.models.fields.OrderedJSONField(blank=True, default=dict),
                ),
            ],
        ),
        migrations.RunSQL(SAYS, "DROP FUNCTION labeling_says(json, text)"),
    ]
