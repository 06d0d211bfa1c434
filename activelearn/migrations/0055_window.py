"""Which labels models learn from."""

import activelearn.models.teaching
import django.core.validators
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('activelearn', '0054_when_to_retrain'),
    ]

    operations = [
        migrations.AddField(
            model_name='learningpolicy',
            name='left_out_days',
            field=models.CharField(blank=True, db_default='', default='', help_text='The first and the last day whose labels models neither learn from nor are judged on, as 2026-03-01..2026-03-31 (UTC): when something was wrong.', max_length=22, validators=[activelearn.models.teaching.only_days], verbose_name='Days left out'),
        ),
        migrations.AddField(
            model_name='learningpolicy',
            name='window',
            field=models.CharField(choices=[('all', 'All labels'), ('labels', 'The newest labels'), ('days', 'The labels of the last days')], db_default='all', default='all', help_text='Models learn from these, and are judged on held-out labels of the same time. The models page can try which would have been best.', max_length=6, verbose_name='Labels to learn from'),
        ),
        migrations.AddField(
            model_name='learningpolicy',
            name='window_size',
            field=models.PositiveIntegerField(db_default=1000, default=1000, help_text='How many labels, or how many days before the newest label; without effect where all labels are learned from.', validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(10000000)], verbose_name='Size of the window'),
        ),
    ]
