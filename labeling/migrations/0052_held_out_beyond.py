"""What is held out for labels has a table: an import that goes on wrote over it."""

import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models

# Where imports kept it.
KEY = "held_out_beyond"


def take_over(apps, schema_editor):
    """Give each label its row; what the newest import of a project has is in force."""
    runs = apps.get_model("labeling", "ImportRun").objects
    sample = apps.get_model("labeling", "BeyondSample")
    seen = set()
    for run in runs.filter(options__has_key=KEY).order_by("-pk"):
        kept = run.options.pop(KEY)
        run.save(update_fields=["options"])
        if run.project_id in seen:
            continue
        seen.add(run.project_id)
        groups = {label: [] for label in kept["labels"]}
        for key, labels in kept["groups"].items():
            for label in labels:
                groups.setdefault(label, []).append(key)
        sample.objects.bulk_create(
            sample(
                project_id=run.project_id,
                label_set_id=kept["label_set"],
                label=label,
                groups=keys,
                held_out=kept["labels"].get(label, [None])[0],
                of=kept["labels"].get(label, [None])[-1],
            )
            for label, keys in groups.items()
        )


def give_back(apps, schema_editor):
    """Keep it with the newest import of each project again."""
    runs = apps.get_model("labeling", "ImportRun").objects
    bodies = {}
    for row in apps.get_model("labeling", "BeyondSample").objects.order_by("pk"):
        body = bodies.setdefault(
            row.project_id,
            {"label_set": row.label_set_id, "groups": {}, "labels": {}},
        )
        for key in row.groups:
            body["groups"].setdefault(key, []).append(row.label)
        if row.of is not None:
            body["labels"][row.label] = [row.held_out, row.of]
    for project, body in bodies.items():
        run = runs.filter(project=project).order_by("pk").last()
        if run is not None:
            run.options[KEY] = body
            run.save(update_fields=["options"])


class Migration(migrations.Migration):

    dependencies = [
        ('labeling', '0051_source_schedule'),
    ]

    operations = [
        migrations.CreateModel(
            name='BeyondSample',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('label', models.CharField(max_length=120)),
                ('groups', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=200), help_text='Held out beyond the draw.', size=None)),
                ('held_out', models.PositiveIntegerField(help_text='Groups, with those of the draw; null: not known.', null=True)),
                ('of', models.PositiveIntegerField(help_text='Groups that these were drawn from; null: not known.', null=True)),
                ('others', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=200), help_text='The rest that these were drawn from; null: not known, so none is added.', null=True, size=None)),
                ('label_set', models.ForeignKey(help_text='The version of the labels in which it is called so.', on_delete=django.db.models.deletion.CASCADE, related_name='+', to='labeling.labelset')),
                ('project', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='labeling.project')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('project', 'label'), name='one_sample_of_a_label'), models.CheckConstraint(condition=models.Q(models.Q(('held_out__isnull', True), ('of__isnull', True)), ('held_out__lte', models.F('of')), _connector='OR'), name='no_more_held_out_than_there_are')],
            },
        ),
        migrations.RunPython(take_over, give_back),
    ]
