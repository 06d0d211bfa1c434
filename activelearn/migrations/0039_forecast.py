"""Where the learning curve leads."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('activelearn', '0038_hourly_rate'),
        ('labeling', '0052_held_out_beyond'),
    ]

    operations = [
        migrations.CreateModel(
            name='LearningForecast',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('label_count', models.PositiveIntegerField(help_text='Confident labels at that moment; a quarter more cause the next one.')),
                ('labels', models.PositiveIntegerField(help_text='That the curve was made from.')),
                ('held_out', models.PositiveIntegerField(help_text='Items that it was measured on.')),
                ('points', models.JSONField(help_text='By number of labels, the accuracy with its interval.')),
                ('ahead', models.JSONField(help_text='The same, as expected with more labels.')),
                ('plateau', models.FloatField(help_text='The accuracy that the curve comes near to.')),
                ('changing', models.FloatField(help_text='The share of the items of which the last labels changed what is predicted.')),
                ('people', models.FloatField(help_text='How often people are right on held-out items, if known.', null=True)),
                ('seconds', models.FloatField(help_text='What a label takes, all its votes together, if known.', null=True)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('project', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='learning_forecasts', to='labeling.project')),
            ],
            options={
                'ordering': ['-pk'],
            },
        ),
    ]
