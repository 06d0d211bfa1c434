"""Which labels of an item are likely, and whether they are shown first."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('activelearn', '0039_forecast'),
    ]

    operations = [
        migrations.AddField(
            model_name='modelversion',
            name='likely',
            field=models.JSONField(help_text='Which labels of an item are likely: a core.conformal.LikelyRule; none of several labels, and in earlier releases.', null=True),
        ),
        migrations.AddField(
            model_name='learningpolicy',
            name='likely_labels',
            field=models.BooleanField(db_default=True, default=True, help_text='Where a project has more than 20 labels and suggestions are shown: the station shows the labels that hold the right one in 95 of 100 cases; the others are one click or the key of the search away.', verbose_name='Likely labels first'),
        ),
    ]
