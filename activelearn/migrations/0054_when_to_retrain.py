"""What may start a run by itself, and how often."""

import activelearn.models.teaching
import django.core.validators
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('activelearn', '0053_causes'),
    ]

    operations = [
        migrations.AddField(
            model_name='learningpolicy',
            name='retrain_days',
            field=models.PositiveSmallIntegerField(db_default=30, default=30, help_text='Where a schedule may start a run: this many days after the last one, if there are new labels.', validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(3650)], verbose_name='Days between runs by schedule'),
        ),
        migrations.AddField(
            model_name='learningpolicy',
            name='retrain_feedback',
            field=models.PositiveSmallIntegerField(db_default=50, default=50, help_text='Where feedback may start a run: this many since the last one.', validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(10000)], verbose_name='Predictions called wrong that start a run'),
        ),
        migrations.AddField(
            model_name='learningpolicy',
            name='retrain_most',
            field=models.PositiveSmallIntegerField(db_default=0, default=0, help_text='Of those that start by themselves; 0 is no limit. A person may always ask for one.', validators=[django.core.validators.MinValueValidator(0), django.core.validators.MaxValueValidator(10000)], verbose_name='Most runs in 30 days'),
        ),
        migrations.AddField(
            model_name='learningpolicy',
            name='retrain_when',
            field=models.CharField(db_default='labels', default='labels', help_text='labels, schedule, errors, drift, feedback, or several joined by and / or: labels or errors. labels: enough new ones, by the two settings before this; schedule: enough days; errors and drift: an alarm of the watch; feedback: enough predictions that were called wrong.', max_length=100, validators=[activelearn.models.teaching.only_causes], verbose_name='What starts a run'),
        ),
    ]
