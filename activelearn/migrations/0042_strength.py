"""What is kept with versions, runs and looks: likely labels, strength, how items were chosen."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('activelearn', '0041_likely_labels'),
    ]

    operations = [
        migrations.AddField(
            model_name='modelversion',
            name='likely',
            field=models.JSONField(help_text='Which labels of an item are likely: a core.conformal.LikelyRule; none of several labels, and in earlier releases.', null=True),
        ),
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
