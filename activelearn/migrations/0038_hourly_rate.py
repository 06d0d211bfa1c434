"""What an hour of labeling costs."""

import django.core.validators
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('activelearn', '0037_meter_look'),
    ]

    operations = [
        migrations.AddField(
            model_name='learningpolicy',
            name='hourly_rate',
            field=models.FloatField(db_default=0.0, default=0.0, help_text='In your currency. The models page tells what more labels would cost; with 0, how many hours they take.', validators=[django.core.validators.MinValueValidator(0.0), django.core.validators.MaxValueValidator(10000.0)], verbose_name='Cost of an hour of labeling'),
        ),
    ]
