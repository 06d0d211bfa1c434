"""What a vote counts and what its history says: for all statements that write one."""

from django.db import migrations

# PostgreSQL puts the bodies of these functions in the place of each call (see
# 0023_queue_conditions), so they cost a vote nothing.
#
# A repeat is no vote. is_right: null where the item was no gold question.
COUNTS = """
CREATE FUNCTION labeling_vote_counts(
    reason varchar, is_right boolean, undone_at timestamptz)
RETURNS TABLE (votes integer, repeats integer, known integer, known_right integer)
LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT (undone_at IS NULL AND reason <> 'repeat')::int,
           (undone_at IS NULL AND reason = 'repeat')::int,
           (undone_at IS NULL AND is_right IS NOT NULL)::int,
           (undone_at IS NULL AND is_right IS TRUE)::int;
END
"""
EVENT = """
CREATE FUNCTION labeling_vote_event(
    labels varchar[], version integer, comment text, is_unsure boolean) RETURNS jsonb
LANGUAGE sql STABLE PARALLEL SAFE
RETURN jsonb_build_object('labels', labels, 'version', version, 'comment', comment,
                          'is_unsure', is_unsure)
"""


class Migration(migrations.Migration):
    dependencies = [("labeling", "0037_evaluation_votes")]
    operations = [
        migrations.RunSQL(
            COUNTS,
            "DROP FUNCTION labeling_vote_counts(varchar, boolean, timestamptz)",
        ),
        migrations.RunSQL(
            EVENT,
            "DROP FUNCTION labeling_vote_event(varchar[], integer, text, boolean)",
        ),
    ]
