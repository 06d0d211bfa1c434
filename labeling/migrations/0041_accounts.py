"""Names that look alike are one name; sessions know whose they are; tokens end."""

import django.db.models.deletion
import django.utils.timezone
import labeling.models.names
import labeling.models.people
from django.conf import settings
from django.contrib.sessions.serializers import JSONSerializer
from django.core import signing
from django.db import migrations, models
from django.utils.timezone import now

from labeling.models.names import name_key_of

# As Django's store of sessions signs them.
SALT = "django.contrib.sessions.SessionStore"


def name_keys(apps, schema_editor):
    """Fill the keys; of two that are the same the later account keeps its name apart."""
    taken = set()
    users = apps.get_model("labeling", "User").objects
    for number, name in users.order_by("pk").values_list("pk", "username"):
        key = name_key_of(name)[:450]
        users.filter(pk=number).update(
            name_key=key, name_twin=number if key in taken else 0
        )
        taken.add(key)


def sessions(apps, schema_editor):
    """Take the sessions along: nobody has to log in again."""
    users = set(apps.get_model("labeling", "User").objects.values_list("pk", flat=True))
    rows = []
    living = apps.get_model("sessions", "Session").objects.filter(expire_date__gt=now())
    for old in living.iterator():
        try:
            data = signing.loads(old.session_data, salt=SALT, serializer=JSONSerializer)
        except signing.BadSignature:
            continue  # of another SECRET_KEY: it opens nothing any more
        account = int(data.get("_auth_user_id", 0))
        rows.append(
            apps.get_model("labeling", "BrowserSession")(
                session_key=old.session_key,
                session_data=old.session_data,
                expire_date=old.expire_date,
                account_id=account if account in users else None,
            )
        )
    apps.get_model("labeling", "BrowserSession").objects.bulk_create(rows, 1000)


class Migration(migrations.Migration):

    dependencies = [
        ('auth', '0012_alter_user_first_name_max_length'),
        ('labeling', '0040_reading'),
        ('sessions', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='BrowserSession',
            fields=[
                ('session_key', models.CharField(max_length=40, primary_key=True, serialize=False, verbose_name='session key')),
                ('session_data', models.TextField(verbose_name='session data')),
                ('expire_date', models.DateTimeField(db_index=True, verbose_name='expire date')),
                ('device', models.CharField(blank=True, max_length=200)),
                ('started_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('seen_at', models.DateTimeField(default=django.utils.timezone.now)),
            ],
            options={
                'verbose_name': 'session',
                'verbose_name_plural': 'sessions',
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='Door',
            fields=[
                ('digest', models.CharField(max_length=64, primary_key=True, serialize=False)),
                ('failures', models.PositiveIntegerField()),
                ('last_at', models.DateTimeField()),
                ('open_at', models.DateTimeField()),
            ],
        ),
        migrations.AlterModelManagers(
            name='user',
            managers=[
                ('objects', labeling.models.people.PeopleManager()),
            ],
        ),
        migrations.AddField(
            model_name='apitoken',
            name='expires_at',
            field=models.DateTimeField(help_text='Empty: never.', null=True),
        ),
        migrations.AddField(
            model_name='apitoken',
            name='used_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='user',
            name='language',
            field=models.CharField(blank=True, help_text="Empty: the browser's.", max_length=10),
        ),
        migrations.AddField(
            model_name='user',
            name='name_key',
            field=labeling.models.names.NameKey(default='', editable=False, max_length=450),
        ),
        migrations.AddField(
            model_name='user',
            name='name_twin',
            field=models.BigIntegerField(default=0, editable=False),
        ),
        migrations.AddField(
            model_name='user',
            name='theme',
            field=models.CharField(blank=True, choices=[('light', 'Light'), ('dark', 'Dark')], help_text="Empty: the device's.", max_length=5),
        ),
        migrations.RunPython(name_keys, migrations.RunPython.noop, elidable=True),
        migrations.AddConstraint(
            model_name='user',
            constraint=models.UniqueConstraint(fields=('name_key', 'name_twin'), name='one_name_for_readers'),
        ),
        migrations.AddField(
            model_name='browsersession',
            name='account',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='browser_sessions', to=settings.AUTH_USER_MODEL),
        ),
        migrations.RunPython(sessions, migrations.RunPython.noop, elidable=True),
        migrations.AddIndex(
            model_name='door',
            index=models.Index(fields=['last_at'], name='door_by_moment'),
        ),
    ]
