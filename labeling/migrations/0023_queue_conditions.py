"""The queue's shared conditions, which its statements name (services/queue/queue.sql)."""

from django.db import migrations

# PostgreSQL puts the bodies of these functions in the place of each call: no SET clause,
# not STRICT, and what reads a table returns rows. A body that is parsed when it is made
# does not depend on the search_path.
WORK_OF = """
CREATE FUNCTION labeling_work_of(split varchar, slot integer) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN split = 'evaluation' THEN 'evaluation'
            WHEN slot = 0 THEN 'first' ELSE 'further' END
"""
# LIMIT keeps the look-up a subquery for each entry, by the index of the person and the
# item. As a join the planner may read all that a person has ever done.
MET_BY = """
CREATE FUNCTION labeling_met_by(person bigint, item bigint) RETURNS SETOF bigint
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT a.id FROM labeling_assignment a
    WHERE a.annotator_id = person AND a.item_id = item AND NOT a.is_repeat
          AND a.state NOT IN ('expired', 'released')
    LIMIT 1;
END
"""
# One rule for what is put into the queue and for what is lent from it: with two, an
# entry could be put in, dropped by a lease, and put in again without end. Both
# conditions count: a slot may be free while enough people hold others, where the number
# of votes that are wanted was lowered.
FREE_SLOT = """
CREATE VIEW labeling_freeslot AS
SELECT i.project_id, i.id AS item_id, n.slot, i.split, i.votes, i.votes_wanted,
       labeling_work_of(i.split, n.slot) AS work
FROM labeling_item i CROSS JOIN LATERAL generate_series(0, i.votes_wanted - 1) n (slot)
WHERE i.state = 'open' AND (
          SELECT count(*) FROM labeling_assignment a
          WHERE a.item_id = i.id AND a.state IN ('leased', 'answered')
                AND a.reason NOT IN ('gold', 'repeat')) < i.votes_wanted
      AND (SELECT a.id FROM labeling_assignment a
           WHERE a.item_id = i.id AND a.slot = n.slot
                 AND a.state IN ('leased', 'answered') LIMIT 1) IS NULL
"""


class Migration(migrations.Migration):
    dependencies = [("labeling", "0022_messages")]
    operations = [
        migrations.RunSQL(
            WORK_OF, "DROP FUNCTION labeling_work_of(varchar, integer)"
        ),
        migrations.RunSQL(MET_BY, "DROP FUNCTION labeling_met_by(bigint, bigint)"),
        migrations.RunSQL(FREE_SLOT, "DROP VIEW labeling_freeslot"),
    ]
