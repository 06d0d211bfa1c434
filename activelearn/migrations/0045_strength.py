"""With which strength a run fits, where it has chosen that; how a project chose at a look."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('activelearn', '0044_likely_labels'),
    ]

    operations = [
        migrations.AddField(
            model_name='meterlook',
            name='strategy',
            field=models.CharField(blank=True, db_default='', help_text='How the project chose then; empty where an earlier release looked.', max_length=16),
        ),
        migrations.AddField(
            model_name='trainingrun',
            name='strength',
            field=models.JSONField(help_text='The strength that it has chosen: a core.strength.ChosenStrength; none where it took the one in force.', null=True),
        ),
    ]
