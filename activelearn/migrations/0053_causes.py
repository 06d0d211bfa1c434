"""What started a run by itself."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('activelearn', '0052_online_test'),
    ]

    operations = [
        migrations.AddField(
            model_name='trainingrun',
            name='causes',
            field=models.JSONField(db_default=[], default=list, help_text='What started it by itself: of each cause what was there, and wanted.'),
        ),
        migrations.AlterField(
            model_name='trainingrun',
            name='trigger',
            field=models.CharField(choices=[('labels', 'new confident labels'), ('person', 'asked for'), ('held-out', 'new held-out labels'), ('duel', 'the answers of a duel'), ('schedule', 'the days since the last run'), ('errors', 'errors on labels that chance drew'), ('drift', 'drift of what comes in'), ('feedback', 'predictions that were called wrong')], max_length=10),
        ),
    ]
