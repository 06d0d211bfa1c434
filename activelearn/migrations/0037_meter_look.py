"""What the model's choice saves, look by look."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('activelearn', '0036_fall_back'),
        ('labeling', '0052_held_out_beyond'),
    ]

    operations = [
        migrations.CreateModel(
            name='MeterLook',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('labels', models.PositiveIntegerField(help_text='Of each arm.')),
                ('held_out', models.PositiveIntegerField(help_text='Items that both answered.')),
                ('value', models.FloatField(help_text="The share of the labels that the model's choice saves.")),
                ('low', models.FloatField(help_text='None: too low to be measured.', null=True)),
                ('high', models.FloatField(help_text='None: too high to be measured.', null=True)),
                ('verdict', models.CharField(choices=[('saves', 'It saves labels'), ('costs', 'It costs labels'), ('cannot tell', 'Cannot tell yet')], max_length=11)),
                ('more', models.PositiveIntegerField(help_text='Held-out labels that are expected to tell; 0 where it is told.')),
                ('points', models.JSONField(help_text='By number of labels, the accuracy of each arm with its interval.')),
                ('before', models.CharField(choices=[('model', 'the model'), ('chance', 'chance')], max_length=6)),
                ('orderer', models.CharField(choices=[('model', 'the model'), ('chance', 'chance')], max_length=6)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('project', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='meter_looks', to='labeling.project')),
            ],
            options={
                'ordering': ['-labels'],
                'constraints': [models.UniqueConstraint(fields=('project', 'labels'), name='one_meter_look')],
            },
        ),
    ]
