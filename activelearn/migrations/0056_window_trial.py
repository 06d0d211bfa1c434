"""How good models of several windows would have been."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('activelearn', '0055_window'),
        ('labeling', '0053_similar'),
    ]

    operations = [
        migrations.CreateModel(
            name='WindowTrial',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('labels', models.PositiveIntegerField(help_text='Labels of the pool there were.')),
                ('days', models.FloatField(help_text='From the first of them to the newest.')),
                ('report', models.JSONField(help_text='A core.windows.BackTest; none where too few labels tell.', null=True)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('project', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='window_trials', to='labeling.project')),
            ],
            options={
                'ordering': ['-pk'],
            },
        ),
    ]
