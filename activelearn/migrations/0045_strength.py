"""With which strength a run fits, where it has chosen that."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('activelearn', '0044_likely_labels'),
    ]

    operations = [
        migrations.AddField(
            model_name='trainingrun',
            name='strength',
            field=models.JSONField(help_text='The strength that it has chosen: a core.strength.ChosenStrength; none where it took the one in force.', null=True),
        ),
    ]
