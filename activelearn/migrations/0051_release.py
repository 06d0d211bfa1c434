"""What the gate's yes leads to."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('activelearn', '0050_outliers'),
    ]

    operations = [
        migrations.AddField(
            model_name='learningpolicy',
            name='release',
            field=models.CharField(choices=[('at_once', 'At once: it serves'), ('shadow', "Shadow first: it predicts unseen until people's labels prove it"), ('canary', 'Shadow, then canary: it answers 5, 25, 50 and 100 of 100 calls, step by step')], db_default='at_once', default='at_once', help_text='Whether a new version that the gate lets pass serves at once, or is first tried beside the one that serves.', max_length=8, verbose_name="What the gate's yes leads to"),
        ),
        migrations.AddField(
            model_name='learningpolicy',
            name='shadow_unsure',
            field=models.BooleanField(db_default=False, default=False, help_text='A new version of which held-out items cannot tell is then tried in shadow. Where the project wants duels, the duel comes instead.', verbose_name='A shadow where held-out items cannot tell'),
        ),
    ]
