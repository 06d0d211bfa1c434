"""Held-out items are answered by more than one person, blind, after they have a label."""

import django.core.validators
from django.db import migrations, models
from django.db.models import F, Q

# As WANTS_VOTES of labeling/models/item.py, which the index has as its condition.
FREE_SLOT = """
CREATE OR REPLACE VIEW labeling_freeslot AS
SELECT i.project_id, i.id AS item_id, n.slot, i.split, i.votes, i.votes_wanted,
       labeling_work_of(i.split, n.slot) AS work
FROM labeling_item i CROSS JOIN LATERAL generate_series(0, i.votes_wanted - 1) n (slot)
WHERE {asked} AND (
          SELECT count(*) FROM labeling_assignment a
          WHERE a.item_id = i.id AND a.state IN ('leased', 'answered')
                AND a.reason NOT IN ('gold', 'repeat')) < i.votes_wanted
      AND (SELECT a.id FROM labeling_assignment a
           WHERE a.item_id = i.id AND a.slot = n.slot
                 AND a.state IN ('leased', 'answered') LIMIT 1) IS NULL
"""
BEFORE = FREE_SLOT.format(asked="i.state = 'open'")
NOW = FREE_SLOT.format(
    asked="""(i.state = 'open'
       OR (i.state = 'settled' AND i.split = 'evaluation' AND i.votes > 0))"""
)
# Of items that were settled before all had answered, nobody is asked for the rest.
ENOUGH = """
UPDATE labeling_item SET votes_wanted = votes
WHERE state = 'settled' AND split = 'evaluation' AND votes > 0 AND votes < votes_wanted
"""


def _evaluation_votes(default: int) -> models.PositiveSmallIntegerField:
    return models.PositiveSmallIntegerField(
        default=default,
        help_text=(
            "Models are judged on held-out items. Each gets its label by its first "
            "votes like any other; then more people answer it blind, up to this "
            "number, and an expert decides where they differ."
        ),
        validators=[
            django.core.validators.MinValueValidator(1),
            django.core.validators.MaxValueValidator(50),
        ],
        verbose_name="Votes per held-out item",
    )


class Migration(migrations.Migration):
    dependencies = [("labeling", "0036_duel")]
    operations = [
        # Projects that are there keep what they have until somebody chooses.
        migrations.AddField("project", "evaluation_votes", _evaluation_votes(1)),
        migrations.AlterField("project", "evaluation_votes", _evaluation_votes(2)),
        migrations.RemoveIndex("item", "item_wanting_votes"),
        migrations.AddIndex(
            "item",
            models.Index(
                fields=["project", "id"],
                condition=Q(
                    Q(state="open")
                    | Q(state="settled", split="evaluation", votes__gt=0),
                    votes__lt=F("votes_wanted"),
                ),
                name="item_wanting_votes",
            ),
        ),
        migrations.RunSQL(ENOUGH, migrations.RunSQL.noop),
        migrations.RunSQL(NOW, BEFORE),
    ]
