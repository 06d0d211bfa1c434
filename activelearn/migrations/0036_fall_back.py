"""A project says whether chance orders where the model's choice does not pay."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('activelearn', '0035_strategies'),
    ]

    operations = [
        migrations.AddField(
            model_name='learningpolicy',
            name='fall_back',
            field=models.BooleanField(db_default=True, default=True, help_text="Where the model's choice is measured to cost labels, twice in a row, items are drawn at random until it seems to save some again.", verbose_name="Chance where the model's choice does not pay"),
        ),
    ]
