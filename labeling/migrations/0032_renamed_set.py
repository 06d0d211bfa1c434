"""A set of labels with their probabilities, under other names."""

from django.db import migrations

# Two labels that become one are as likely as the likelier; one that is none any more
# goes. label: the likeliest that is left. Both are null where none is.
RENAMED = """
CREATE FUNCTION labeling_renamed_set(said jsonb, moves jsonb, today text[])
RETURNS TABLE (labels jsonb, label text) LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$
    SELECT jsonb_object_agg(name, share), (array_agg(name ORDER BY share DESC, name))[1]
    FROM (SELECT coalesce(moves ->> key, key) AS name, max(value::float8) AS share
          FROM jsonb_each_text(said) GROUP BY 1) AS renamed
    WHERE name = ANY(today)
$$
"""


class Migration(migrations.Migration):
    dependencies = [("labeling", "0031_model_votes")]
    operations = [
        migrations.RunSQL(
            RENAMED, "DROP FUNCTION labeling_renamed_set(jsonb, jsonb, text[])"
        )
    ]
