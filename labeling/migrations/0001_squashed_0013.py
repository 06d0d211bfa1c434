"""Everything up to 0013 at once, for a new installation; others have the steps."""

import django.contrib.auth.models
import django.contrib.auth.validators
import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.core.validators
import django.db.models.deletion
import django.utils.timezone
import labeling.models.project
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    replaces = [('labeling', '0001_initial'), ('labeling', '0002_blind_answers'), ('labeling', '0003_imported_votes'), ('labeling', '0004_query_strategy'), ('labeling', '0005_gold_questions'), ('labeling', '0006_queue_generation'), ('labeling', '0007_expert_decisions'), ('labeling', '0008_repeats_and_lean_indexes'), ('labeling', '0009_screen'), ('labeling', '0010_job_rest'), ('labeling', '0011_doubts'), ('labeling', '0012_inquiries'), ('labeling', '0013_slots_by_generation')]

    initial = True

    dependencies = [
        ('auth', '0012_alter_user_first_name_max_length'),
    ]

    operations = [
        migrations.CreateModel(
            name='Item',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('external_id', models.CharField(max_length=200)),
                ('data', models.JSONField(help_text='Text: {text, …}; image: {image, …}; table: columns.')),
                ('metadata', models.JSONField(blank=True, default=dict)),
                ('tags', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=80), blank=True, default=list, size=None)),
                ('content_hash', models.CharField(help_text='SHA-256 of the payload.', max_length=64)),
                ('group_key', models.CharField(help_text='Items of one group stay on one side of the split.', max_length=200)),
                ('split', models.CharField(choices=[('pool', 'Pool'), ('evaluation', 'Evaluation')], default='pool', max_length=10)),
                ('state', models.CharField(choices=[('open', 'Open'), ('settled', 'Settled'), ('disputed', 'Disputed'), ('invalid', 'Invalid')], default='open', max_length=8)),
                ('votes', models.PositiveSmallIntegerField(default=0)),
                ('votes_wanted', models.PositiveSmallIntegerField(default=1)),
                ('is_unsettled', models.BooleanField(default=False, help_text='Its votes changed since it was last settled.')),
                ('flags', models.PositiveSmallIntegerField(default=0)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
            ],
            options={
                'ordering': ['pk'],
                'indexes': [django.contrib.postgres.indexes.GinIndex(models.F('tags'), name='item_tags')],
            },
        ),
        migrations.CreateModel(
            name='Media',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('sha256', models.CharField(max_length=64, unique=True)),
                ('path', models.CharField(max_length=200)),
                ('mime', models.CharField(max_length=40)),
                ('size', models.PositiveIntegerField(help_text='Bytes.')),
                ('width', models.PositiveIntegerField()),
                ('height', models.PositiveIntegerField()),
            ],
        ),
        migrations.CreateModel(
            name='User',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('password', models.CharField(max_length=128, verbose_name='password')),
                ('last_login', models.DateTimeField(blank=True, null=True, verbose_name='last login')),
                ('is_superuser', models.BooleanField(default=False, help_text='Designates that this user has all permissions without explicitly assigning them.', verbose_name='superuser status')),
                ('username', models.CharField(error_messages={'unique': 'A user with that username already exists.'}, help_text='Required. 150 characters or fewer. Letters, digits and @/./+/-/_ only.', max_length=150, unique=True, validators=[django.contrib.auth.validators.UnicodeUsernameValidator()], verbose_name='username')),
                ('first_name', models.CharField(blank=True, max_length=150, verbose_name='first name')),
                ('last_name', models.CharField(blank=True, max_length=150, verbose_name='last name')),
                ('email', models.EmailField(blank=True, max_length=254, verbose_name='email address')),
                ('is_staff', models.BooleanField(default=False, help_text='Designates whether the user can log into this admin site.', verbose_name='staff status')),
                ('is_active', models.BooleanField(default=True, help_text='Designates whether this user should be treated as active. Unselect this instead of deleting accounts.', verbose_name='active')),
                ('date_joined', models.DateTimeField(default=django.utils.timezone.now, verbose_name='date joined')),
                ('may_create_projects', models.BooleanField(default=False)),
                ('is_simulated', models.BooleanField(default=False, help_text="A program that labels in a person's place.")),
                ('groups', models.ManyToManyField(blank=True, help_text='The groups this user belongs to. A user will get all permissions granted to each of their groups.', related_name='user_set', related_query_name='user', to='auth.group', verbose_name='groups')),
                ('user_permissions', models.ManyToManyField(blank=True, help_text='Specific permissions for this user.', related_name='user_set', related_query_name='user', to='auth.permission', verbose_name='user permissions')),
            ],
            options={
                'verbose_name': 'user',
                'verbose_name_plural': 'users',
                'abstract': False,
            },
            managers=[
                ('objects', django.contrib.auth.models.UserManager()),
            ],
        ),
        migrations.CreateModel(
            name='ApiToken',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('digest', models.CharField(editable=False, max_length=64, unique=True)),
                ('name', models.CharField(blank=True, max_length=80)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='api_tokens', to=settings.AUTH_USER_MODEL)),
            ],
        ),
        migrations.CreateModel(
            name='Assignment',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('slot', models.PositiveSmallIntegerField()),
                ('state', models.CharField(choices=[('leased', 'Leased'), ('answered', 'Answered'), ('skipped', 'Skipped'), ('released', 'Released'), ('expired', 'Expired'), ('cancelled', 'Cancelled')], default='leased', max_length=9)),
                ('leased_at', models.DateTimeField()),
                ('expires_at', models.DateTimeField()),
                ('reason', models.CharField(choices=[('cold', 'Cold'), ('model', 'Model'), ('random', 'Random'), ('evaluation', 'Evaluation'), ('second', 'Second'), ('gold', 'Gold'), ('repeat', 'Repeat'), ('chosen', 'Chosen'), ('review', 'Review'), ('import', 'Import')], max_length=10)),
                ('probability', models.FloatField(null=True)),
                ('generation', models.BigIntegerField(default=0)),
                ('model_number', models.PositiveIntegerField(null=True)),
                ('suggestion', models.JSONField(null=True)),
                ('rank', models.FloatField(null=True)),
                ('is_repeat', models.GeneratedField(db_persist=True, expression=models.ExpressionWrapper(models.Q(('reason', 'repeat')), output_field=models.BooleanField()), output_field=models.BooleanField())),
                ('annotator', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('item', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='assignments', to='labeling.item')),
            ],
            options={
                'indexes': [models.Index(condition=models.Q(('state', 'leased')), fields=['expires_at'], name='lease_expiry')],
                'constraints': [models.UniqueConstraint(fields=('annotator', 'item', 'is_repeat'), name='never_twice_to_one'), models.UniqueConstraint(condition=models.Q(('state__in', ('leased', 'answered'))), fields=('item', 'slot'), name='one_live_slot')],
            },
        ),
        migrations.CreateModel(
            name='Guideline',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('version', models.PositiveIntegerField()),
                ('text', models.TextField(blank=True, help_text='Markdown.')),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('created_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
        ),
        migrations.CreateModel(
            name='LabelSet',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('version', models.PositiveIntegerField()),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('mapping', models.JSONField(default=dict, help_text='Label of the version before → label of this one.')),
                ('created_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
        ),
        migrations.CreateModel(
            name='Gold',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('labels', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=120), size=None)),
                ('is_question', models.BooleanField(default=False, help_text='Ask it now and then to see how well people do.')),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('item', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='gold', to='labeling.item')),
                ('label_set', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='labeling.labelset')),
            ],
        ),
        migrations.CreateModel(
            name='Annotation',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('client_id', models.UUIDField(unique=True)),
                ('request_hash', models.CharField(editable=False, max_length=64)),
                ('labels', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=120), size=None)),
                ('is_unsure', models.BooleanField(default=False)),
                ('seconds', models.FloatField(help_text='Visible, not idle.', null=True)),
                ('comment', models.TextField(blank=True)),
                ('version', models.PositiveIntegerField(default=1)),
                ('undone_at', models.DateTimeField(null=True)),
                ('created_at', models.DateTimeField()),
                ('updated_at', models.DateTimeField()),
                ('reason', models.CharField(choices=[('cold', 'Cold'), ('model', 'Model'), ('random', 'Random'), ('evaluation', 'Evaluation'), ('second', 'Second'), ('gold', 'Gold'), ('repeat', 'Repeat'), ('chosen', 'Chosen'), ('review', 'Review'), ('import', 'Import')], max_length=10)),
                ('probability', models.FloatField(null=True)),
                ('model_number', models.PositiveIntegerField(null=True)),
                ('suggestion_shown', models.JSONField(null=True)),
                ('screen', models.CharField(blank=True, choices=[('grid', 'Grid'), ('binary', 'Binary')], db_default='', help_text='Where it was given, if not one by one.', max_length=6)),
                ('annotator', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='annotations', to=settings.AUTH_USER_MODEL)),
                ('assignment', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='annotations', to='labeling.assignment')),
                ('guideline', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='labeling.guideline')),
                ('item', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='annotations', to='labeling.item')),
                ('label_set', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='labeling.labelset')),
            ],
            options={
                'constraints': [models.UniqueConstraint(condition=models.Q(('undone_at', None), models.Q(('reason', 'repeat'), _negated=True)), fields=('item', 'annotator'), name='one_standing_vote')],
            },
        ),
        migrations.AddField(
            model_name='item',
            name='media',
            field=models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, to='labeling.media'),
        ),
        migrations.CreateModel(
            name='Project',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('slug', models.SlugField(max_length=60, unique=True)),
                ('name', models.CharField(max_length=120)),
                ('data_type', models.CharField(choices=[('text', 'Text'), ('image', 'Image'), ('table', 'Table')], max_length=5)),
                ('task_type', models.CharField(choices=[('single', 'Single'), ('multi', 'Multi')], default='single', max_length=6)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('seed', models.PositiveIntegerField(default=labeling.models.project.new_seed, editable=False)),
                ('is_paused', models.BooleanField(default=False)),
                ('overlap', models.PositiveSmallIntegerField(default=1, help_text='Most votes an item may get.', validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(50)])),
                ('min_votes', models.PositiveSmallIntegerField(default=1, help_text='Fewest votes before an item can be settled.', validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(50)])),
                ('overlap_share', models.FloatField(default=1.0, help_text='Share of the items that may get more than one vote.', validators=[django.core.validators.MinValueValidator(0.0), django.core.validators.MaxValueValidator(1.0)])),
                ('confidence', models.FloatField(default=0.9, help_text='Least share of the votes that the winning label needs.', validators=[django.core.validators.MinValueValidator(0.0), django.core.validators.MaxValueValidator(1.0)])),
                ('free_choice', models.BooleanField(default=False, help_text='Members may pick which items they label.')),
                ('lease_minutes', models.PositiveSmallIntegerField(default=30, validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(1440)])),
                ('evaluation_share', models.FloatField(default=0.1, help_text='Share of the items set aside for evaluation.', validators=[django.core.validators.MinValueValidator(0.0), django.core.validators.MaxValueValidator(0.5)])),
                ('evaluation_rate', models.FloatField(default=0.2, help_text='Share of served items from the evaluation split until it is labeled.', validators=[django.core.validators.MinValueValidator(0.0), django.core.validators.MaxValueValidator(0.5)])),
                ('strategy', models.CharField(choices=[('margin', 'Margin'), ('least_confidence', 'Least Confidence'), ('entropy', 'Entropy')], default='margin', help_text='How it is measured what the model is least sure of.', max_length=16)),
                ('batch', models.CharField(choices=[('spread', 'Spread'), ('ranked', 'Ranked')], default='spread', help_text='How the next items are kept unlike each other.', max_length=8)),
                ('exploration_rate', models.FloatField(default=0.1, help_text='Share of served items that are picked at random.', validators=[django.core.validators.MinValueValidator(0.0), django.core.validators.MaxValueValidator(1.0)])),
                ('gold_rate', models.FloatField(default=0.0, help_text='Share of served items that are gold questions.', validators=[django.core.validators.MinValueValidator(0.0), django.core.validators.MaxValueValidator(0.5)])),
                ('repeat_rate', models.FloatField(default=0.0, help_text='Share of served items that the person has answered long before.', validators=[django.core.validators.MinValueValidator(0.0), django.core.validators.MaxValueValidator(0.2)])),
                ('least_skill', models.FloatField(default=0.0, help_text='Whoever surely answers fewer gold questions right gets no more items; 0: no limit.', validators=[django.core.validators.MinValueValidator(0.0), django.core.validators.MaxValueValidator(1.0)])),
                ('suggestion_mode', models.CharField(choices=[('blind', 'Blind'), ('reveal_after', 'Reveal'), ('assist', 'Assist')], default='blind', max_length=12)),
                ('queue_generation', models.PositiveBigIntegerField(default=0, editable=False, help_text='How many orders its queue has had.')),
                ('retrain_first', models.PositiveIntegerField(default=20, help_text='New confident labels before the first training run.', validators=[django.core.validators.MinValueValidator(2)])),
                ('retrain_growth', models.FloatField(default=0.2, help_text='Later runs: growth of the confident labels since the last run.', validators=[django.core.validators.MinValueValidator(0.0), django.core.validators.MaxValueValidator(5.0)])),
                ('created_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('guideline', models.ForeignKey(editable=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='labeling.guideline')),
                ('label_set', models.ForeignKey(editable=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='labeling.labelset')),
            ],
            options={
                'ordering': ['name', 'pk'],
                'constraints': [models.CheckConstraint(condition=models.Q(('min_votes__gte', 1), ('min_votes__lte', models.F('overlap')), ('overlap__gte', 1)), name='votes_in_order'), models.CheckConstraint(condition=models.Q(('confidence__gte', 0), ('confidence__lte', 1)), name='confidence_is_share')],
            },
        ),
        migrations.CreateModel(
            name='Prediction',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('label', models.CharField(max_length=120)),
                ('confidence', models.FloatField()),
                ('model_number', models.PositiveIntegerField()),
                ('was_trained_on', models.BooleanField(db_default=True, default=True, help_text='The model learned from this item, so its answer is no second opinion.')),
                ('item', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='prediction', to='labeling.item')),
                ('project', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='labeling.project')),
            ],
            options={
                'indexes': [models.Index(fields=['project', 'label', 'confidence'], name='prediction_by_label')],
            },
        ),
        migrations.CreateModel(
            name='Membership',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('role', models.CharField(choices=[('annotator', 'Annotator'), ('expert', 'Expert'), ('engineer', 'Engineer'), ('manager', 'Manager')], default='annotator', max_length=10)),
                ('quota', models.PositiveIntegerField(blank=True, help_text='Most answers this person may give; empty: no limit.', null=True)),
                ('is_paused', models.BooleanField(default=False, help_text='Get no new items; what is held may be finished.')),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('passed_rank', models.FloatField(editable=False, null=True)),
                ('passed_generation', models.BigIntegerField(default=0, editable=False)),
                ('passed_since', models.DateTimeField(editable=False, null=True)),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='memberships', to=settings.AUTH_USER_MODEL)),
                ('project', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='memberships', to='labeling.project')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('user', 'project'), name='one_membership')],
            },
        ),
        migrations.AddField(
            model_name='labelset',
            name='project',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='label_sets', to='labeling.project'),
        ),
        migrations.CreateModel(
            name='Job',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(max_length=40)),
                ('params', models.JSONField(default=dict)),
                ('lane', models.CharField(blank=True, max_length=80, null=True)),
                ('state', models.CharField(choices=[('queued', 'Queued'), ('running', 'Running'), ('done', 'Done'), ('failed', 'Failed'), ('cancelled', 'Cancelled')], default='queued', max_length=9)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('not_before', models.DateTimeField(help_text='Its lane rests until then after the work before.', null=True)),
                ('started_at', models.DateTimeField(null=True)),
                ('finished_at', models.DateTimeField(null=True)),
                ('alive_until', models.DateTimeField(help_text='The worker renews this; past it, another may take over.', null=True)),
                ('attempt', models.PositiveSmallIntegerField(default=0)),
                ('cancel_requested', models.BooleanField(default=False)),
                ('done', models.BigIntegerField(default=0)),
                ('total', models.BigIntegerField(null=True)),
                ('stage', models.CharField(blank=True, max_length=120)),
                ('log', models.TextField(blank=True)),
                ('error', models.TextField(blank=True)),
                ('result', models.JSONField(default=dict)),
                ('requested_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('project', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='jobs', to='labeling.project')),
            ],
            options={
                'ordering': ['-pk'],
                'indexes': [models.Index(fields=['project', '-id'], name='job_by_project'), models.Index(condition=models.Q(('state__in', ('queued', 'running'))), fields=['id'], name='job_open')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('state', 'queued')), fields=('lane',), name='one_waiting_per_lane'), models.UniqueConstraint(condition=models.Q(('state', 'running')), fields=('lane',), name='one_running_per_lane')],
            },
        ),
        migrations.AddField(
            model_name='item',
            name='project',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='items', to='labeling.project'),
        ),
        migrations.CreateModel(
            name='Invitation',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('digest', models.CharField(editable=False, max_length=64, unique=True)),
                ('role', models.CharField(choices=[('annotator', 'Annotator'), ('expert', 'Expert'), ('engineer', 'Engineer'), ('manager', 'Manager')], max_length=10)),
                ('created_at', models.DateTimeField()),
                ('expires_at', models.DateTimeField()),
                ('uses', models.PositiveIntegerField(help_text='Empty: no limit.', null=True)),
                ('used', models.PositiveIntegerField(default=0)),
                ('revoked_at', models.DateTimeField(null=True)),
                ('created_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('project', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='invitations', to='labeling.project')),
            ],
            options={
                'ordering': ['-pk'],
                'constraints': [models.CheckConstraint(condition=models.Q(('uses', None), ('used__lte', models.F('uses')), _connector='OR'), name='no_more_than_uses')],
            },
        ),
        migrations.AddField(
            model_name='guideline',
            name='project',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='guidelines', to='labeling.project'),
        ),
        migrations.AddField(
            model_name='assignment',
            name='project',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='labeling.project'),
        ),
        migrations.CreateModel(
            name='AnnotationEvent',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('voted', 'Voted'), ('edited', 'Edited'), ('undone', 'Undone'), ('skipped', 'Skipped'), ('flagged', 'Flagged'), ('released', 'Released'), ('expired', 'Expired'), ('late', 'Late'), ('imported', 'Imported'), ('resolved', 'Resolved'), ('reopened', 'Reopened'), ('doubted', 'Doubted'), ('checked', 'Checked'), ('asked', 'Asked'), ('replied', 'Replied')], max_length=8)),
                ('payload', models.JSONField(default=dict)),
                ('at', models.DateTimeField()),
                ('actor', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('annotation', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='events', to='labeling.annotation')),
                ('assignment', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='events', to='labeling.assignment')),
                ('item', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='events', to='labeling.item')),
                ('project', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='labeling.project')),
            ],
            options={
                'indexes': [models.Index(fields=['item', 'id'], name='event_by_item'), models.Index(fields=['project', 'kind', '-id'], name='event_by_kind')],
            },
        ),
        migrations.AddField(
            model_name='annotation',
            name='project',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='labeling.project'),
        ),
        migrations.CreateModel(
            name='AgreementReport',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('computed_at', models.DateTimeField()),
                ('votes_hash', models.CharField(help_text='Of the votes it is about.', max_length=64)),
                ('items', models.PositiveIntegerField(help_text='Items with at least two votes.')),
                ('votes', models.PositiveIntegerField()),
                ('percent', models.FloatField(null=True)),
                ('cohen_kappa', models.FloatField(help_text='Mean over the pairs.', null=True)),
                ('fleiss_kappa', models.FloatField(null=True)),
                ('krippendorff_alpha', models.FloatField(null=True)),
                ('body', models.JSONField(default=dict, help_text='Per label, pair and annotator.')),
                ('label_set', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='labeling.labelset')),
                ('project', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='agreement_reports', to='labeling.project')),
            ],
            options={
                'ordering': ['-computed_at', '-pk'],
                'constraints': [models.UniqueConstraint(fields=('project', 'label_set', 'votes_hash'), name='one_report_per_votes')],
            },
        ),
        migrations.CreateModel(
            name='ProjectCounter',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('shard', models.PositiveSmallIntegerField()),
                ('votes', models.BigIntegerField(default=0)),
                ('skips', models.BigIntegerField(default=0)),
                ('flags', models.BigIntegerField(default=0)),
                ('confident', models.BigIntegerField(default=0)),
                ('project', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='counters', to='labeling.project')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('project', 'shard'), name='one_counter_shard')],
            },
        ),
        migrations.CreateModel(
            name='QueueEntry',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('generation', models.BigIntegerField(help_text='The queue this row belongs to.')),
                ('is_first', models.BooleanField(help_text='Nobody has answered this item yet.')),
                ('rank', models.FloatField()),
                ('slot', models.PositiveSmallIntegerField()),
                ('reason', models.CharField(choices=[('cold', 'Cold'), ('model', 'Model'), ('random', 'Random'), ('evaluation', 'Evaluation'), ('second', 'Second'), ('gold', 'Gold'), ('repeat', 'Repeat'), ('chosen', 'Chosen'), ('review', 'Review'), ('import', 'Import')], max_length=10)),
                ('probability', models.FloatField(help_text='Of being picked, where known.', null=True)),
                ('model_number', models.PositiveIntegerField(null=True)),
                ('suggestion', models.JSONField(help_text='{label, confidence, model}', null=True)),
                ('item', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='labeling.item')),
                ('project', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='labeling.project')),
            ],
            options={
                'indexes': [models.Index(fields=['project', 'is_first', 'rank', 'id'], name='queue_head')],
                'constraints': [models.UniqueConstraint(fields=('item', 'slot', 'generation'), name='one_queue_entry_per_slot_of_a_generation')],
            },
        ),
        migrations.CreateModel(
            name='Resolution',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('labels', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=120), size=None)),
                ('source', models.CharField(choices=[('consensus', 'Consensus'), ('expert', 'Expert'), ('gold', 'Gold'), ('auto', 'Auto')], max_length=9)),
                ('confidence', models.FloatField()),
                ('soft_label', models.JSONField(default=dict, help_text='Label → share of the votes.')),
                ('created_at', models.DateTimeField()),
                ('superseded_at', models.DateTimeField(null=True)),
                ('used_at', models.DateTimeField(help_text='When a training run first took it.', null=True)),
                ('decided_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('guideline', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='labeling.guideline')),
                ('item', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='resolutions', to='labeling.item')),
                ('label_set', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='labeling.labelset')),
                ('project', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='labeling.project')),
            ],
            options={
                'indexes': [models.Index(condition=models.Q(('superseded_at', None)), fields=['project', 'item'], name='resolution_current')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('superseded_at', None)), fields=('item',), name='one_resolution')],
            },
        ),
        migrations.CreateModel(
            name='Precedent',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('note', models.TextField(blank=True, help_text='Why it was decided so.')),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('project', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='precedents', to='labeling.project')),
                ('resolution', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='precedent', to='labeling.resolution')),
            ],
            options={
                'ordering': ['-pk'],
                'indexes': [models.Index(fields=['project', '-id'], name='precedent_by_project')],
            },
        ),
        migrations.CreateModel(
            name='Disagreement',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('origin', models.CharField(choices=[('votes', 'Votes'), ('low', 'Low confidence'), ('flagged', 'Flagged'), ('suspect', 'Suspect')], db_default='votes', default='votes', max_length=7)),
                ('opened_at', models.DateTimeField()),
                ('entropy', models.FloatField(help_text='Of the votes, in nats.')),
                ('votes_seen', models.JSONField(default=dict, help_text='Label → votes when opened.')),
                ('resolved_at', models.DateTimeField(null=True)),
                ('outcome', models.CharField(blank=True, choices=[('resolved', 'Resolved'), ('ambiguous', 'Ambiguous'), ('invalid', 'Invalid'), ('withdrawn', 'Withdrawn')], max_length=9)),
                ('note', models.TextField(blank=True)),
                ('resolved_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('item', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='disagreements', to='labeling.item')),
                ('project', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='disagreements', to='labeling.project')),
                ('before', models.ForeignKey(help_text='The label that the decision replaced.', null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='labeling.resolution')),
                ('resolution', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='labeling.resolution')),
            ],
            options={
                'indexes': [models.Index(condition=models.Q(('resolved_at', None)), fields=['project', '-entropy', 'id'], name='disagreement_open')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('resolved_at', None)), fields=('item',), name='one_open_disagreement')],
            },
        ),
        migrations.CreateModel(
            name='Upload',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('name', models.CharField(help_text='As sent; shown, never a path.', max_length=255)),
                ('path', models.CharField(help_text='Below the media storage.', max_length=255)),
                ('format', models.CharField(max_length=8)),
                ('size', models.BigIntegerField(help_text='Bytes.')),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('project', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='labeling.project')),
                ('user', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
        ),
        migrations.CreateModel(
            name='ImportRun',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('file_name', models.CharField(max_length=255)),
                ('mapping', models.JSONField(default=dict, help_text='Column → role.')),
                ('options', models.JSONField(default=dict)),
                ('received', models.PositiveIntegerField(default=0)),
                ('created', models.PositiveIntegerField(default=0)),
                ('duplicates', models.PositiveIntegerField(default=0)),
                ('rejected', models.PositiveIntegerField(default=0)),
                ('errors', models.JSONField(default=list, help_text='The first 1,000: {row, reason}.')),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('job', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='import_run', to='labeling.job')),
                ('project', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='imports', to='labeling.project')),
                ('upload', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='labeling.upload')),
            ],
            options={
                'ordering': ['-pk'],
            },
        ),
        migrations.CreateModel(
            name='Deferral',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField()),
                ('expert', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('disagreement', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='deferrals', to='labeling.disagreement')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('disagreement', 'expert'), name='one_deferral')],
            },
        ),
        migrations.CreateModel(
            name='BlindAnswer',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('labels', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=120), size=None)),
                ('outcome', models.CharField(choices=[('resolved', 'Resolved'), ('ambiguous', 'Ambiguous'), ('invalid', 'Invalid'), ('withdrawn', 'Withdrawn')], default='resolved', max_length=9)),
                ('at', models.DateTimeField(auto_now_add=True)),
                ('expert', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('disagreement', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='blind_answers', to='labeling.disagreement')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('disagreement', 'expert'), name='one_blind_answer')],
            },
        ),
        migrations.CreateModel(
            name='Inquiry',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('question', models.TextField()),
                ('asked_at', models.DateTimeField()),
                ('answer', models.TextField(blank=True)),
                ('answered_at', models.DateTimeField(null=True)),
                ('annotator', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='inquiries', to=settings.AUTH_USER_MODEL)),
                ('asked_by', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('disagreement', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='inquiries', to='labeling.disagreement')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('disagreement', 'annotator'), name='asked_once'), models.CheckConstraint(condition=models.Q(models.Q(('answer', ''), ('answered_at', None)), models.Q(models.Q(('answer', ''), _negated=True), ('answered_at__isnull', False)), _connector='OR'), name='answered_in_words')],
            },
        ),
        migrations.CreateModel(
            name='Label',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('position', models.PositiveSmallIntegerField()),
                ('name', models.CharField(max_length=120)),
                ('hotkey', models.CharField(blank=True, max_length=1)),
                ('color', models.CharField(blank=True, max_length=7)),
                ('description', models.TextField(blank=True)),
                ('label_set', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='labels', to='labeling.labelset')),
            ],
            options={
                'ordering': ['position'],
                'constraints': [models.UniqueConstraint(fields=('label_set', 'name'), name='one_label_name'), models.UniqueConstraint(fields=('label_set', 'position'), name='one_label_position'), models.UniqueConstraint(condition=models.Q(('hotkey', ''), _negated=True), fields=('label_set', 'hotkey'), name='one_label_hotkey')],
            },
        ),
        migrations.AddConstraint(
            model_name='labelset',
            constraint=models.UniqueConstraint(fields=('project', 'version'), name='one_label_set_version'),
        ),
        migrations.AddIndex(
            model_name='item',
            index=models.Index(fields=['project', 'split', 'state', 'id'], name='item_by_state'),
        ),
        migrations.AddIndex(
            model_name='item',
            index=models.Index(condition=models.Q(('state', 'open'), ('votes__lt', models.F('votes_wanted'))), fields=['project', 'id'], name='item_wanting_votes'),
        ),
        migrations.AddIndex(
            model_name='item',
            index=models.Index(condition=models.Q(('is_unsettled', True)), fields=['project'], name='item_unsettled'),
        ),
        migrations.AddIndex(
            model_name='item',
            index=models.Index(condition=models.Q(('flags__gt', 0)), fields=['project', 'id'], name='item_flagged'),
        ),
        migrations.AddIndex(
            model_name='item',
            index=models.Index(condition=models.Q(('media__isnull', False)), fields=['media'], name='item_with_media'),
        ),
        migrations.AddConstraint(
            model_name='item',
            constraint=models.UniqueConstraint(fields=('project', 'external_id'), name='one_external_id'),
        ),
        migrations.AddConstraint(
            model_name='item',
            constraint=models.UniqueConstraint(fields=('project', 'content_hash'), name='one_content'),
        ),
        migrations.AddConstraint(
            model_name='guideline',
            constraint=models.UniqueConstraint(fields=('project', 'version'), name='one_guideline_version'),
        ),
        migrations.AddIndex(
            model_name='assignment',
            index=models.Index(condition=models.Q(('state', 'leased')), fields=['annotator', 'project', 'id'], name='held'),
        ),
        migrations.AddIndex(
            model_name='assignment',
            index=models.Index(fields=['project', 'id'], name='assignment_by_project'),
        ),
        migrations.AddIndex(
            model_name='assignment',
            index=models.Index(condition=models.Q(('reason', 'gold')), fields=['annotator', 'project'], name='gold_asked'),
        ),
        migrations.AddIndex(
            model_name='annotation',
            index=models.Index(fields=['project', 'id'], name='annotation_by_project'),
        ),
        migrations.AddIndex(
            model_name='annotation',
            index=models.Index(fields=['annotator', 'project', '-id'], name='annotation_own'),
        ),
        migrations.AddIndex(
            model_name='annotation',
            index=models.Index(condition=models.Q(('is_unsure', True), ('undone_at', None)), fields=['project', 'item'], name='annotation_unsure'),
        ),
    ]
