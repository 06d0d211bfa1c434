"""Whether likely labels are shown first, and whether items are chosen by gain per minute."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('activelearn', '0040_added_encoder'),
    ]

    operations = [
        migrations.AddField(
            model_name='learningpolicy',
            name='by_minute',
            field=models.BooleanField(db_default=False, default=False, help_text='Of the items that the model is unsure of, those go first that tell it most per expected second: how long texts and rows take is learned from the votes. Held-out items and those drawn at random are not touched.', verbose_name='Gain per minute'),
        ),
        migrations.AddField(
            model_name='learningpolicy',
            name='likely_labels',
            field=models.BooleanField(db_default=True, default=True, help_text='Where a project has more than 20 labels and suggestions are shown: the station shows the labels that hold the right one in 95 of 100 items drawn at random; the others are one click or the key of the search away.', verbose_name='Likely labels first'),
        ),
    ]
