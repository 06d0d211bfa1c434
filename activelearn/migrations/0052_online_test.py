"""Online tests: a new version beside the one that serves."""

import django.db.models.deletion
import labeling.models.fields
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('activelearn', '0051_release'),
        ('labeling', '0053_similar'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='OnlineTest',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('shadow', 'Shadow'), ('canary', 'Canary'), ('split', 'A/B test')], max_length=8)),
                ('metric', models.CharField(choices=[('accuracy', 'Accuracy: on the same items, as people settle them'), ('reviews', 'Review rate: of the items that each answered itself')], default='accuracy', max_length=8)),
                ('least', models.FloatField(default=0.01, help_text='The least difference that matters, a share.')),
                ('alpha', models.FloatField(default=0.05)),
                ('most', models.PositiveIntegerField(default=2000, help_text='Settled items after which it ends.')),
                ('days', models.PositiveSmallIntegerField(default=14, help_text='After which it ends.')),
                ('follows', models.CharField(choices=[('canary', 'A canary'), ('champion', 'It serves'), ('person', 'A person decides')], default='person', max_length=8)),
                ('step_calls', models.PositiveIntegerField(default=100, help_text='Calls that the challenger answers in each step.')),
                ('step_hours', models.FloatField(default=1.0, help_text='Of each step, at least.')),
                ('share', models.FloatField(default=0.0, help_text='Of the traffic that the challenger answers.')),
                ('stepped_at', models.DateTimeField(help_text='Since when it has this share.')),
                ('step_from', models.PositiveIntegerField(default=0, help_text='Calls that the challenger had answered by then.')),
                ('looked_at', models.DateTimeField(help_text='When its evidence was last looked at.')),
                ('evidence', models.JSONField(default=dict, help_text='So far: a core.sequential.PairedEvidence.')),
                ('traffic', models.JSONField(default=dict, help_text='Of each arm that was counted: an ArmTraffic.')),
                ('verdict', models.CharField(blank=True, choices=[('better', 'Better'), ('worse', 'Worse'), ('no gain', 'Not better by as much'), ('cannot tell', 'Cannot tell'), ('guard', 'A guard broke'), ('person', 'Stopped by a person'), ('no result', 'No result')], db_default='', max_length=12)),
                ('explanation', labeling.models.fields.MessageField(null=True)),
                ('started_at', models.DateTimeField()),
                ('why', models.CharField(blank=True, db_default='', help_text='In the words of the person who began it.', max_length=300)),
                ('ended_at', models.DateTimeField(null=True)),
                ('ended_why', models.CharField(blank=True, db_default='', max_length=300)),
                ('challenger', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='online_tests', to='activelearn.modelversion')),
                ('champion', models.ForeignKey(on_delete=django.db.models.deletion.RESTRICT, related_name='+', to='activelearn.modelversion')),
                ('ended_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('label_set', models.ForeignKey(help_text='In whose words both are compared.', on_delete=django.db.models.deletion.RESTRICT, related_name='+', to='labeling.labelset')),
                ('project', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='online_tests', to='labeling.project')),
                ('run', models.ForeignKey(help_text='The run whose gate began it; none where a person did.', null=True, on_delete=django.db.models.deletion.CASCADE, related_name='online_tests', to='activelearn.trainingrun')),
                ('started_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['-pk'],
            },
        ),
        migrations.CreateModel(
            name='OnlineLook',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField(auto_now_add=True)),
                ('share', models.FloatField()),
                ('items', models.PositiveIntegerField()),
                ('better', models.PositiveIntegerField()),
                ('worse', models.PositiveIntegerField()),
                ('benefit', models.FloatField(help_text='The natural logarithm of the evidence.')),
                ('harm', models.FloatField(help_text='The natural logarithm of the evidence.')),
                ('pairs', models.JSONField(default=list, help_text='What is new in this look: OnlinePair, in the order of settling.')),
                ('test', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='looks', to='activelearn.onlinetest')),
            ],
            options={
                'ordering': ['pk'],
            },
        ),
        migrations.CreateModel(
            name='OnlineCall',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('is_challenger', models.BooleanField()),
                ('items', models.PositiveIntegerField()),
                ('reviews', models.PositiveIntegerField(default=0)),
                ('errors', models.PositiveIntegerField(default=0)),
                ('seconds', models.FloatField(default=0.0)),
                ('test', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='calls', to='activelearn.onlinetest')),
            ],
        ),
        migrations.AddConstraint(
            model_name='onlinetest',
            constraint=models.UniqueConstraint(condition=models.Q(('ended_at', None)), fields=('project',), name='one_online_test_at_a_time'),
        ),
        migrations.AddConstraint(
            model_name='onlinetest',
            constraint=models.CheckConstraint(condition=models.Q(('challenger', models.F('champion')), _negated=True), name='online_test_of_two'),
        ),
        migrations.AddConstraint(
            model_name='onlinetest',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('ended_at', None), ('verdict', '')), models.Q(('ended_at__isnull', False), models.Q(('verdict', ''), _negated=True)), _connector='OR'), name='online_test_ends_with_a_verdict'),
        ),
        migrations.AddConstraint(
            model_name='onlinetest',
            constraint=models.CheckConstraint(condition=models.Q(('share__gte', 0), ('share__lte', 1), models.Q(models.Q(('kind', 'shadow'), ('share', 0)), models.Q(models.Q(('kind', 'shadow'), _negated=True), ('share__gt', 0)), _connector='OR')), name='shadow_answers_nobody'),
        ),
        migrations.AddConstraint(
            model_name='onlinetest',
            constraint=models.CheckConstraint(condition=models.Q(('alpha__gt', 0), ('alpha__lt', 1), ('least__gt', 0), ('least__lt', 1)), name='online_test_has_a_plan'),
        ),
    ]
