"""Each person's counts in a row of their own, where they were split by chance."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

_OF_PEOPLE = """
    INSERT INTO labeling_projectcounter
        (project_id, annotator_id, shard, votes, repeats, skips, flags, confident)
    SELECT project_id, person, 0, sum(votes), sum(repeats), sum(skips), sum(flags), 0
    FROM (
        SELECT project_id, annotator_id AS person,
               count(*) FILTER (WHERE reason <> 'repeat') AS votes,
               count(*) FILTER (WHERE reason = 'repeat') AS repeats,
               0 AS skips, 0 AS flags
        FROM labeling_annotation WHERE undone_at IS NULL GROUP BY 1, 2
        UNION ALL
        SELECT project_id, actor_id, 0, 0, count(*) FILTER (WHERE kind = 'skipped'),
               count(*) FILTER (WHERE kind = 'flagged')
        FROM labeling_annotationevent
        WHERE kind IN ('skipped', 'flagged') AND actor_id IS NOT NULL GROUP BY 1, 2
    ) AS done
    GROUP BY project_id, person
"""
# What is left is nobody's: a project's sums stay what they were.
_OF_NOBODY = """
    UPDATE labeling_projectcounter c
    SET votes = r.votes, skips = r.skips, flags = r.flags, confident = r.confident
    FROM (
        SELECT project_id, sum(votes * side) AS votes, sum(skips * side) AS skips,
               sum(flags * side) AS flags, sum(confident * side) AS confident
        FROM (
            SELECT *, CASE WHEN annotator_id IS NULL THEN 1 ELSE -1 END AS side
            FROM labeling_projectcounter
        ) AS signed
        GROUP BY project_id
    ) AS r
    WHERE c.project_id = r.project_id AND c.annotator_id IS NULL
"""
_ONE_OF_NOBODY = """
    DELETE FROM labeling_projectcounter c USING labeling_projectcounter other
    WHERE c.annotator_id IS NULL AND other.annotator_id IS NULL
          AND c.project_id = other.project_id AND c.id > other.id
"""


class Migration(migrations.Migration):

    dependencies = [
        ('labeling', '0014_goes_with_its_project'),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='projectcounter',
            name='one_counter_shard',
        ),
        migrations.AddField(
            model_name='projectcounter',
            name='annotator',
            field=models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='projectcounter',
            name='repeats',
            field=models.BigIntegerField(db_default=0, default=0),
        ),
        migrations.AlterField(
            model_name='projectcounter',
            name='confident',
            field=models.BigIntegerField(db_default=0, default=0),
        ),
        migrations.AlterField(
            model_name='projectcounter',
            name='flags',
            field=models.BigIntegerField(db_default=0, default=0),
        ),
        migrations.AlterField(
            model_name='projectcounter',
            name='skips',
            field=models.BigIntegerField(db_default=0, default=0),
        ),
        migrations.AlterField(
            model_name='projectcounter',
            name='votes',
            field=models.BigIntegerField(db_default=0, default=0),
        ),
        # A table with checks still to come cannot be altered.
        migrations.RunSQL(
            ["SET CONSTRAINTS ALL IMMEDIATE", _OF_PEOPLE, _OF_NOBODY, _ONE_OF_NOBODY,
             "SET CONSTRAINTS ALL DEFERRED"],
        ),
        migrations.RemoveField(
            model_name='projectcounter',
            name='shard',
        ),
        migrations.AddConstraint(
            model_name='projectcounter',
            constraint=models.UniqueConstraint(fields=('project', 'annotator'), name='one_counter_per_person', nulls_distinct=False),
        ),
    ]
