"""Encoders that somebody adds, and representations that somebody chooses."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('activelearn', '0039_forecast'),
        ('labeling', '0053_similar'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name='representationchoice',
            name='chosen_by',
            field=models.ForeignKey(blank=True, help_text='Who has chosen this one, or that accuracy chooses.', null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='representationchoice',
            name='is_by_hand',
            field=models.BooleanField(default=False, help_text='Somebody wants this one: comparisons do not change it.'),
        ),
        migrations.CreateModel(
            name='AddedEncoder',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(help_text='Of the representation with it.', max_length=20)),
                ('given', models.JSONField(help_text='What names it: with its hash, where it is a file.')),
                ('encoder', models.JSONField(blank=True, help_text='Its part of the specification, once frozen.', null=True)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('added_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('project', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='added_encoders', to='labeling.project')),
            ],
            options={
                'ordering': ['pk'],
                'constraints': [models.UniqueConstraint(fields=('project', 'name'), name='one_encoder_of_a_name')],
            },
        ),
    ]
